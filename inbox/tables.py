"""Every table of the product, so that metadata is whole wherever this is imported."""

from inbox.activity.models import Activity
from inbox.alerts.models import Alert, AlertEvent, AlertLink, AlertTimer, LastCall
from inbox.calendars.models import Calendar, CalendarProposal, CalendarVersion
from inbox.channels.models import Budget, Channel, ChannelHour, ChannelStream, Credential, PlatformApp, Post
from inbox.contacts.models import Contact
from inbox.conversations.models import (
    Answer,
    Conversation,
    ConversationLabel,
    Label,
    Message,
    MessageVersion,
    Note,
    RawPayload,
    ReadMark,
    Thread,
)
from inbox.database import Base
from inbox.escalation.models import EscalationPolicy, EscalationVersion
from inbox.intake.models import Push, Quarantined
from inbox.media.models import Media
from inbox.members.models import Grant, Invitation, Member, MemberSession, Membership, Setup, Team
from inbox.notifications.models import Notification, NotificationMethod, QuietHours
from inbox.oncall.models import Rotation, RotationOverride, RotationVersion
from inbox.outbox.models import Attempt, Delivery
from inbox.replies.models import Draft
from inbox.replies.saved_models import SavedReply
from inbox.reports.models import SlaDay, SlaDayCounted, SlaMonth, SlaMonthCounted
from inbox.sla.days import SlaDayMark
from inbox.sla.models import Replan, SlaPolicy, SlaPolicyVersion, Timer
from inbox.watch.models import SweepBeat, WatchLease

ALL = (
    Activity,
    Alert,
    AlertEvent,
    AlertLink,
    AlertTimer,
    Answer,
    Attempt,
    Budget,
    Calendar,
    CalendarProposal,
    CalendarVersion,
    Channel,
    ChannelHour,
    ChannelStream,
    Contact,
    Conversation,
    ConversationLabel,
    Credential,
    Delivery,
    Draft,
    EscalationPolicy,
    EscalationVersion,
    Grant,
    Invitation,
    Label,
    LastCall,
    Media,
    Member,
    MemberSession,
    Membership,
    Message,
    MessageVersion,
    Note,
    Notification,
    NotificationMethod,
    PlatformApp,
    Post,
    Push,
    Quarantined,
    QuietHours,
    RawPayload,
    ReadMark,
    SavedReply,
    SlaDay,
    SlaMonth,
    SlaMonthCounted,
    SlaDayCounted,
    SlaDayMark,
    Replan,
    SlaPolicy,
    SlaPolicyVersion,
    Rotation,
    RotationOverride,
    RotationVersion,
    Setup,
    SweepBeat,
    Team,
    Thread,
    Timer,
    WatchLease,
)
METADATA = Base.metadata
