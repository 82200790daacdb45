"""Likes, and deleting a reply of ours: written on the platform first, then here (no transaction in between)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.channels.models import Channel
from inbox.conversations.models import Conversation, Message
from inbox.conversations.settle import excuse_message
from inbox.conversations.threads import lock_thread
from inbox.errors import Conflict, Invalid
from inbox.members.models import Member
from inbox.platforms.contract import Connection, PlatformError
from inbox.replies.vanish import vanished
from inbox.settings import Pace


@dataclass(frozen=True)
class Target:
    """A message as the platform needs it, read before the network is used."""

    message_id: int
    external_id: str
    ref: dict[str, Any]
    liked: dict[str, Any]
    channel: Channel
    known_at: datetime  # since when it may be on the platform


def aim(session: Session, message: Message, ability: str) -> Target:
    """Read a message that is to be liked (`can_like`) or deleted (`can_delete_own`).

    Raises Invalid('not_possible_here') where the platform has no such thing, Conflict where it is too late.
    """
    channel = session.get_one(Channel, message.channel_id)
    if not channel.limits.get(ability):
        raise Invalid("not_possible_here", ability=ability)
    if message.external_id is None or message.gone_at is not None:
        raise Conflict("message_gone")
    wanted = "outbound" if ability == "can_delete_own" else "inbound"
    if message.direction != wanted:
        raise Invalid("not_possible_here", ability=ability)
    liked = dict(message.platform_ref.get("liked") or {})
    known_at = max(message.received_at, message.clock_at)
    target = Target(message.id, message.external_id, dict(message.platform_ref), liked, channel, known_at)
    session.expunge(channel)
    return target


def write_like(connection: Connection, target: Target) -> dict[str, Any]:
    """Like it on the platform, idempotently; raises Conflict with the platform's reason."""
    return dict(_ask(lambda: connection.like(target.external_id, target.ref, f"like:{target.message_id}")))


def write_unlike(connection: Connection, target: Target) -> None:
    """Take the like back on the platform; raises Conflict with the platform's reason."""
    _ask(lambda: connection.unlike(target.external_id, target.ref, target.liked))


def write_delete(connection: Connection, target: Target, pace: Pace) -> None:
    """Delete a reply of ours on the platform; raises Conflict with the platform's reason.

    Also where it is not shown yet: some platforms take a while, and until then know of none to delete.
    """
    was_there = _ask(lambda: connection.delete_own(target.external_id, target.ref))
    if not was_there and clock.now() < target.known_at + timedelta(seconds=pace.gone_confirm_seconds):
        raise Conflict("not_shown_yet")


def keep_like(session: Session, message: Message, member: Member, liked: dict[str, Any], *, is_excusing: bool) -> None:
    """Write down that a message was liked and, if asked, that it needs no answer ("like and excuse")."""
    _mark(session, message, clock.now(), liked)
    _record(session, kinds.MESSAGE_LIKED, message, member)
    if is_excusing and message.awaits:
        excuse_message(session, message, member.id, "liked")


def drop_like(session: Session, message: Message, member: Member) -> None:
    """Write down that a like was taken back."""
    _mark(session, message, None, None)
    _record(session, kinds.MESSAGE_UNLIKED, message, member)


def keep_deleted(session: Session, message: Message, *, pace: Pace) -> None:
    """Write down that a reply of ours was deleted: what it alone had answered may wait again (B4)."""
    vanished(session, message, pace=pace)


def _ask(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except PlatformError as error:
        raise Conflict(error.code, detail=error.detail) from error


def _mark(session: Session, message: Message, at: Any, liked: dict[str, Any] | None) -> None:
    lock_thread(session, message.thread_id)
    session.refresh(message)
    message.liked_at = at
    ref = {name: value for name, value in message.platform_ref.items() if name != "liked"}
    message.platform_ref = ref | ({"liked": liked} if liked is not None else {})
    if message.conversation_id is not None:
        conversation = session.get_one(Conversation, message.conversation_id)
        conversation.version += 1
    session.flush()


def _record(session: Session, kind: str, message: Message, member: Member) -> None:
    record(
        session,
        kind,
        member_id=member.id,
        channel_id=message.channel_id,
        conversation_id=message.conversation_id,
        message_id=message.id,
    )
