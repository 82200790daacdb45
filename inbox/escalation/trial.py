"""The alerts of the sandbox: their steps are taken in the log alone, and whoever wants to try one is told of it.

What is played calls nobody: neither a member nor a webhook nor the last resort (decision 0032).
"""

from datetime import datetime

from sqlalchemy.orm import Session

from inbox.alerts import links, log
from inbox.alerts.models import Alert, AlertState, EventKind
from inbox.channels.models import Channel
from inbox.errors import Conflict
from inbox.escalation import notices
from inbox.members.models import Member
from inbox.notifications.queue import notify
from inbox.security import new_token
from inbox.settings import Pace

VIA = "trial"


def is_played(session: Session, alert: Alert) -> bool:
    """Tell whether an alert is of a channel that the sandbox plays."""
    channel = session.get(Channel, alert.channel_id) if alert.channel_id is not None else None
    return channel is not None and channel.is_sandbox


def try_on(session: Session, alert: Alert, member: Member, *, now: datetime, pace: Pace) -> int:
    """Tell one member of a played alert by all that reaches them, as if it were real; returns by how many methods.

    Raises Conflict for an alert that is real or over, and where nothing verified reaches them.
    """
    if not is_played(session, alert):
        raise Conflict("alert_not_played")
    if alert.state not in (AlertState.TRIGGERED, AlertState.UNREACHABLE):
        raise Conflict("alert_taken_or_over")
    token = new_token()
    make = notices.maker(notices.read_facts(session, alert), member.time_zone, token)
    methods = notify(session, member.id, make, alert_id=alert.id, is_alert=True, now=now)
    if not methods:
        raise Conflict("trial_reaches_nobody")
    links.keep(session, token, alert_id=alert.id, member_id=member.id, now=now, pace=pace)
    log.write(session, alert, EventKind.TOLD, now, member_id=member.id, via=VIA, methods=methods)
    return methods
