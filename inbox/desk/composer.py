"""What the composer offers in a conversation: ways of answering, their limits, the draft, whom else it may settle."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy import BigInteger, bindparam, func, literal_column, select
from sqlalchemy.orm import Session

from inbox.bulk import table_of
from inbox.channels.models import ChannelState
from inbox.contacts.models import Contact
from inbox.conversations.models import Conversation, Message
from inbox.conversations.rows import ThreadPage
from inbox.desk.around import Around, ChannelShown
from inbox.desk.deliveries import NEEDS_YOU, channel_stop, read_detail
from inbox.desk.reply_words import mode_reason, reason_sentence
from inbox.desk.troubles import failure_sentence
from inbox.desk.words import person_word, platform_word
from inbox.members.models import Member
from inbox.outbox.models import Delivery
from inbox.replies.checks import is_window_closed
from inbox.replies.drafts import find_open
from inbox.replies.models import Draft

_CONVERSATION, _CONTACT, _MESSAGE = (table_of(one) for one in (Conversation, Contact, Message))
_WAITING = _MESSAGE.alias("waiting")
_NEWEST_WAITING = (
    select(func.max(_WAITING.c.id))
    .where(_WAITING.c.conversation_id == _CONVERSATION.c.id, _WAITING.c.awaits)
    .correlate(_CONVERSATION)
    .scalar_subquery()
)
_ALSO = (
    select(_CONVERSATION.c.id, _CONTACT.c.display_name, _CONTACT.c.handle, func.substr(_MESSAGE.c.text, 1, 120))
    .select_from(_CONVERSATION)
    .join(_CONTACT, _CONTACT.c.id == _CONVERSATION.c.contact_id)
    .join(_MESSAGE, _MESSAGE.c.id == _NEWEST_WAITING)
    .where(
        _CONVERSATION.c.thread_id == bindparam("thread_id", type_=BigInteger),
        _CONVERSATION.c.id != bindparam("conversation_id", type_=BigInteger),
        _CONVERSATION.c.waiting_since.is_not(None),
        _CONVERSATION.c.joined_into_id.is_(None),
    )
    .order_by(_CONVERSATION.c.waiting_since)
    .limit(literal_column("20"))
)


@dataclass(frozen=True)
class ModeShown:
    """A way of answering. `limits`: what scripts count by, as plain JSON."""

    name: str
    is_available: bool
    reason: str
    limits: Mapping[str, Any]


@dataclass(frozen=True)
class AlsoWaits:
    """Somebody else in the thread who waits and may be settled by the same answer."""

    conversation_id: int
    person: str
    text: str
    is_ticked: bool


@dataclass(frozen=True)
class ComposerShown:
    """The composer of one conversation for one member."""

    may_answer: bool
    why_not: str
    modes: Sequence[ModeShown]
    mode: str
    draft_id: int | None
    reply_key: str | None
    text: str
    returned: str
    parent_message_id: int | None
    also: Sequence[AlsoWaits]
    as_handle: str
    undo_seconds: int
    seen_seq: int
    seen_wording: int
    waits_for_delivery_id: int | None
    blocked_by_delivery_id: int | None = None
    blocked_by: str = ""
    held_up: str = ""  # why nothing leaves at the moment; what is written waits
    stopped: str = ""  # why nothing can be sent at all until somebody mends the channel; what is written is kept
    mend_url: str = ""


def show_composer(
    session: Session,
    member: Member,
    conversation: Conversation,
    around: Around,
    page: ThreadPage,
    on_its_way: Iterable[Delivery],
) -> ComposerShown:
    """Gather what the composer offers the member here."""
    channel = around.channel
    obstacle = around.obstacle
    if channel.state == ChannelState.DISCONNECTED:
        obstacle = "channel_disconnected"
    draft = find_open(session, member.id, conversation.id)
    modes = _modes(session, around, conversation)
    blocking = next((one for one in on_its_way if one.state != "sent"), None)
    blocker = session.get(Member, blocking.member_id) if blocking and blocking.member_id else None
    stop = channel_stop(channel.state)
    free = [mode.name for mode in modes if mode.is_available]
    wanted = draft.mode if draft else ("private" if conversation.is_private else "public")
    return ComposerShown(
        may_answer=obstacle is None,
        why_not=reason_sentence(obstacle) if obstacle else "",
        modes=modes,
        mode=wanted if wanted in free or not free else free[0],
        draft_id=draft.id if draft else None,
        reply_key=draft.reply_key if draft else None,
        text=draft.text if draft else "",
        returned=_returned(draft),
        parent_message_id=draft.parent_message_id if draft else conversation.last_inbound_message_id,
        also=list_also(session, conversation, draft),
        as_handle=channel.handle,
        undo_seconds=member.undo_seconds,
        seen_seq=page.last_seq,
        seen_wording=page.newest_wording,
        waits_for_delivery_id=draft.send_after_delivery_id if draft else None,
        blocked_by_delivery_id=blocking.id if blocking else None,
        blocked_by=blocker.name if blocker else "",
        held_up=reason_sentence(stop) if stop and stop != NEEDS_YOU and obstacle is None else "",
        stopped=_stopped(channel),
        mend_url=url_for("channels.reconnect" if member.is_admin else "channels.show", channel_id=channel.id),
    )


def _stopped(channel: ChannelShown) -> str:
    if channel.state != ChannelState.NEEDS_YOU:
        return ""
    name = f"{platform_word(channel.platform)} · {channel.display_name or channel.handle}"
    return f"{name} {failure_sentence(channel.state_reason)}"


def _returned(draft: Draft | None) -> str:
    if draft is None or not draft.returned_code:
        return ""
    return reason_sentence(draft.returned_code, read_detail(draft.returned_detail))


def _modes(session: Session, around: Around, conversation: Conversation) -> list[ModeShown]:
    names = ("private",) if conversation.is_private else ("public", "private")
    return [_mode(session, around, conversation, name) for name in names]


def _mode(session: Session, around: Around, conversation: Conversation, name: str) -> ModeShown:
    channel = around.channel
    limits: dict[str, Any] = dict(channel.limits.get(name) or {})
    reason: str | None = None
    if not limits or not limits.get("is_available", True):
        reason = str(limits.get("reason") or "unavailable")
    elif name == "private" and not conversation.is_private and not channel.limits.get("can_continue_privately"):
        reason = "no_private_continuation"
    elif is_window_closed(session, channel.limits, conversation, name):
        reason = "window_closed"
    limits["prefix"] = str(channel.limits.get("handle_prefix") or "").replace("{handle}", around.handle)
    return ModeShown(name, reason is None, mode_reason(reason) if reason else "", limits)


def list_also(session: Session, conversation: Conversation, draft: Draft | None = None) -> list[AlsoWaits]:
    """List who else waits in this thread: one answer may be for several."""
    ticked = draft.also_answers if draft else {}
    rows = session.execute(_ALSO, {"thread_id": conversation.thread_id, "conversation_id": conversation.id})
    return [
        AlsoWaits(number, person_word(name, handle), text, str(number) in ticked) for number, name, handle, text in rows
    ]
