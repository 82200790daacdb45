"""Two teams with a channel each: everything that a member could name, once on either side."""

import zlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.alerts.models import AlertEvent
from inbox.alerts.raising import Waiting, raise_for
from inbox.calendars import proposals, versions
from inbox.calendars.hours import WHOLE_DAY
from inbox.calendars.models import Calendar, CalendarProposal, Source
from inbox.calendars.plan import Day, Plan
from inbox.channels.models import Channel, ChannelStream, Post
from inbox.contacts.models import Contact
from inbox.conversations import labels
from inbox.conversations.models import Conversation, Label, Message, Note, Thread
from inbox.conversations.ordering import queue_at
from inbox.escalation.models import EscalationPolicy, EscalationVersion
from inbox.escalation.steps import DEFAULT, dump
from inbox.intake.models import Quarantined
from inbox.media.models import Media
from inbox.members import sessions
from inbox.members.models import Invitation, Member, Team
from inbox.notifications.models import NotificationMethod
from inbox.oncall.models import Rotation
from inbox.oncall.overrides import add_override
from inbox.oncall.rotations import Wanted, make_rotation
from inbox.oncall.shifts import Turns
from inbox.outbox.models import Delivery
from inbox.replies.models import Draft
from inbox.replies.saved_models import SavedReply
from inbox.security import token_hash
from inbox.settings import Pace
from tests.factories.basics import join_team, make_channel, make_contact, make_grant, make_member, make_team
from tests.factories.sla import make_policy

# stands in every text, name and address of the other team's side; must never reach who is not in it
MARKER = "zebrafinch"
# stands in what people said and who they are; must not reach admins either, who read only through grants
SAID = "quokka"
# refused before any name is looked up: nothing here may talk to a platform
NOWHERE = "http://127.0.0.1:1"
Row = TypeVar("Row")


@dataclass(frozen=True)
class Side:
    """One team, its member, its channel and one of each thing on it; ids only, so that it outlives a session."""

    word: str
    ids: dict[str, int]
    member_id: int
    team_id: int


@dataclass(frozen=True)
class World:
    """Ours, the other team's, and the other team's private messages."""

    ours: Side
    theirs: Side
    their_private: Side
    admin_id: int


def make_world(session: Session) -> World:
    """Build both sides and commit."""
    ours, theirs, private = (make_side(session, word, **given) for word, given in _SIDES)
    admin = make_member(session, "Eva Admin", is_admin=True)
    join_team(session, admin, session.get_one(Team, ours.team_id), "lead")
    for side in (ours, theirs, private):
        side.ids.update(_rotation(session, admin))
    session.commit()
    return World(ours, theirs, private, admin.id)


def _rotation(session: Session, admin: Member) -> dict[str, int]:
    """Add a rotation in which the admin is; it belongs to no team."""
    now = clock.now()
    number = len(session.scalars(select(Rotation.id)).all())
    plan = Turns((admin.id,), False, 0, 540, "UTC", now)
    rotation = make_rotation(session, Wanted(f"Rotation {number}", plan), admin)
    end = now + timedelta(days=300)
    override = add_override(session, rotation.id, admin.id, now, end, admin)
    return {"rotation_id": rotation.id, "override_id": override.id}


_SIDES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("okapi", {"said": "giraffe"}),
    (MARKER, {"said": f"{MARKER}-{SAID}"}),
    (f"{MARKER}-private", {"said": f"{MARKER}-{SAID}-private", "is_private": True}),
)


def make_side(session: Session, word: str, *, said: str, is_private: bool = False) -> Side:
    """Add a team, its member, channel (their names contain `word`) and one thing of each kind (`said`)."""
    team = make_team(session, f"Team {word}")
    member = make_member(session, f"Member {word}", email=f"{word}@acme.example")
    join_team(session, member, team, "lead")
    channel = make_channel(session, handle=f"{word}.example", display_name=f"Brand {word}", service_url=NOWHERE)
    make_grant(session, team, channel)
    contact = make_contact(session, display_name=f"Fan {said}", handle=f"{said}.test")
    ids = {
        "channel_id": channel.id,
        "contact_id": contact.id,
        "team_id": team.id,
        "member_id": member.id,
        **_content(session, said, channel, contact, is_private),
        **_shared(session),
    }
    ids |= _work(session, said, member, ids)
    ids |= _membership(session, word, member, team)
    ids |= _alert(session, word, member, ids)
    ids |= _sla_policy(session, word, ids)
    return Side(word, ids, member.id, team.id)


def _shared(session: Session) -> dict[str, int]:
    """Return what belongs to no side, made with the first: a calendar and what is proposed for it."""
    calendar = session.scalar(select(Calendar))
    if calendar is None:
        plan = Plan("UTC", (WHOLE_DAY,) * 7)
        version = versions.make_calendar(session, "Everybody's", plan, by_member_id=None)
        calendar = session.get_one(Calendar, version.calendar_id)
        proposals.propose(session, calendar.id, Source.FEED, [Day(date(2026, 12, 25), "Feast", Source.FEED)])
    return {"calendar_id": calendar.id, "proposal_id": session.scalars(select(CalendarProposal.id)).one()}


def _content(session: Session, said: str, channel: Channel, contact: Contact, is_private: bool) -> dict[str, int]:
    now = clock.now()
    stream = _add(session, ChannelStream(channel_id=channel.id, name="mentions", due_at=None))
    post = _add(session, Post(channel_id=channel.id, external_id=f"post-{said}", text=f"Post {said}", created_at=now))
    post_id = None if is_private else post.id
    thread = _thread(session, said, channel, is_private, post_id)
    conversation = _conversation(session, thread, contact)
    message = _message(session, said, conversation)
    conversation.last_inbound_message_id = message.id
    media = Media(channel_id=channel.id, message_id=message.id, is_private=is_private, url=f"{NOWHERE}/{said}.png")
    media.alt = f"A {said}"
    quarantined = Quarantined(
        channel_id=channel.id,
        stream_name="mentions",
        digest=said,
        compressed=zlib.compress(said.encode()),
        reason_code="malformed",
        reason_detail=f"unreadable {said}",
        is_private=is_private,
        first_seen_at=now,
        last_seen_at=now,
    )
    return {
        "thread_id": thread.id,
        "conversation_id": conversation.id,
        "message_id": message.id,
        "media_id": _add(session, media).id,
        "quarantined_id": _add(session, quarantined).id,
        "post_id": post.id,
        "stream_id": stream.id,
    }


def _thread(session: Session, said: str, channel: Channel, is_private: bool, post_id: int | None) -> Thread:
    thread = Thread(
        channel_id=channel.id,
        external_key=f"thread-{said}",
        kind="direct" if is_private else "comment",
        is_private=is_private,
        post_id=post_id,
        last_seq=1,
        created_at=clock.now(),
    )
    return _add(session, thread)


def _conversation(session: Session, thread: Thread, contact: Contact) -> Conversation:
    waiting = clock.now() - timedelta(hours=1)
    conversation = Conversation(
        thread_id=thread.id,
        contact_id=contact.id,
        channel_id=thread.channel_id,
        is_private=thread.is_private,
        kind=thread.kind,
        waiting_since=waiting,
        queue_at=queue_at(waiting, waiting),
        last_message_at=waiting,
        last_inbound_seq=1,
        last_seq=1,
        created_at=waiting,
    )
    return _add(session, conversation)


def _message(session: Session, said: str, conversation: Conversation) -> Message:
    waiting = conversation.last_message_at
    message = Message(
        thread_id=conversation.thread_id,
        channel_id=conversation.channel_id,
        conversation_id=conversation.id,
        contact_id=conversation.contact_id,
        direction="inbound",
        kind=conversation.kind,
        audience="private" if conversation.is_private else "public",
        external_id=f"message-{said}",
        text=f"Is the {said} still on sale?",
        permalink=f"https://social.example/{said}",
        seq=1,
        received_at=waiting,
        clock_at=waiting,
        awaits=True,
    )
    return _add(session, message)


def _work(session: Session, said: str, member: Member, ids: dict[str, int]) -> dict[str, int]:
    now = clock.now()
    where = {"conversation_id": ids["conversation_id"], "member_id": member.id}
    note = Note(**where, text=f"Note {said}", created_at=now)
    label = Label(name=f"label {said}", folded_name=f"label {said}", created_at=now)
    draft = Draft(
        **where,
        reply_key=f"key-{said}",
        text=f"Draft {said}",
        parent_message_id=ids["message_id"],
        seen_seq=1,
        created_at=now,
        updated_at=now,
    )
    activity = Activity(**where, at=now, kind=kinds.ASSIGNED, channel_id=ids["channel_id"])
    activity.before, activity.after = {"assignee_id": None}, {"assignee_id": member.id}
    label_id = _add(session, label).id
    labels.put_on(session, session.get_one(Conversation, ids["conversation_id"]), label_id)
    return {
        "note_id": _add(session, note).id,
        "label_id": label_id,
        "draft_id": _add(session, draft).id,
        "delivery_id": _reply(session, said, member, ids).id,
        "activity_id": _add(session, activity).id,
    }


def _reply(session: Session, said: str, member: Member, ids: dict[str, int]) -> Delivery:
    """Add a reply that is held until tomorrow."""
    now = clock.now()
    where = {name: ids[name] for name in ("channel_id", "conversation_id")}
    message = Message(
        **where,
        thread_id=ids["thread_id"],
        member_id=member.id,
        direction="outbound",
        kind="comment",
        audience="public",
        text=f"Reply {said}",
        received_at=now,
        clock_at=now,
    )
    delivery = Delivery(
        **where,
        message_id=_add(session, message).id,
        member_id=member.id,
        reply_key=f"sent-{said}",
        state="held",
        not_before_at=now + timedelta(days=1),
        due_at=now + timedelta(days=1),
        seen_seq=1,
        outgoing={"text": f"Reply {said}"},
        created_at=now,
    )
    return _add(session, delivery)


def _add(session: Session, row: Row) -> Row:
    session.add(row)
    session.flush()
    return row


def _membership(session: Session, word: str, member: Member, team: Team) -> dict[str, int]:
    now = clock.now()
    row, _token = sessions.begin(session, member.id, word, pace=Pace())
    invitation = Invitation(
        email=f"new-{word}@acme.example",
        token_hash=token_hash(word),
        team_id=team.id,
        role="responder",
        invited_by_id=member.id,
        created_at=now,
        expires_at=now + timedelta(hours=72),
    )
    session.add(invitation)
    session.flush()
    method = NotificationMethod(member_id=member.id, kind="ntfy", label=word, hint=word, sealed=b"", created_at=now)
    method.state, method.verified_at = "verified", now
    saved = SavedReply(name=f"Saved {word}", texts={"": word}, team_id=team.id, created_at=now, changed_at=now)
    return {
        "session_id": row.id,
        "invitation_id": invitation.id,
        "notification_method_id": _add(session, method).id,
        "saved_id": _add(session, saved).id,
    }


def _alert(session: Session, word: str, member: Member, ids: dict[str, int]) -> dict[str, int]:
    """Add a policy of the team, and an alert of the channel of which the member was told."""
    now = clock.now()
    policy = _add(session, EscalationPolicy(name=f"Policy {word}", team_id=ids["team_id"], number=1, created_at=now))
    version = EscalationVersion(policy_id=policy.id, number=1, steps=dump(DEFAULT.steps), created_at=now)
    _add(session, version)
    waiting = [Waiting(ids["conversation_id"], now, conversation_id=ids["conversation_id"], assignee_id=member.id)]
    alert = raise_for(
        session,
        kind="breach",
        channel_id=ids["channel_id"],
        escalation_policy_id=policy.id,
        waiting=waiting,
        is_urgent=False,
        now=now,
    )
    _add(session, AlertEvent(alert_id=alert.id, at=now, kind="told", member_id=member.id, detail={}))
    return {"alert_id": alert.id, "policy_id": policy.id}


def _sla_policy(session: Session, word: str, ids: dict[str, int]) -> dict[str, int]:
    """Add a promise that is made on this channel alone."""
    channel_id, escalation_policy_id = ids["channel_id"], ids["policy_id"]
    promise = make_policy(
        session, name=f"Promise {word}", channel_ids=[channel_id], escalation_policy_id=escalation_policy_id
    )
    return {"sla_policy_id": promise.policy_id}
