"""Messages that their author deleted: hidden at once, erased later, restored if found again (RULES A6).

Hidden means: queries.py and pages.py never let the text of a message with `gone_at` out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.channels.models import Channel
from inbox.conversations.models import Message, MessageVersion, RawPayload, Settled
from inbox.conversations.settling import await_again, hold, refresh_of, withdraw
from inbox.media.erase import erase_of_messages
from inbox.settings import Pace


@dataclass(frozen=True)
class Erased:
    """What was erased; the files of `digests` are to be removed after the commit (media.erase.remove_files)."""

    message_ids: tuple[int, ...]
    digests: tuple[str, ...]


def look_said_gone(
    session: Session, message: Message, *, pace: Pace, is_event: bool = False, reason: str | None = None
) -> bool:
    """Note that a look (or an explicit event) found the message gone; tells whether it counts as gone now.

    Counts after two looks `pace.gone_confirm_seconds` apart, or at once for an event. The first look sets
    `recheck_due_at` for the second. `reason`: author for inbound, deleted for ours unless given.
    """
    hold(session, message)
    if message.gone_at is not None:
        return True
    now = clock.now()
    if not is_event and not _is_second_look(message, now, pace):
        return False
    message.first_gone_look_at = message.first_gone_look_at or now
    message.gone_at = now
    message.gone_reason = reason or ("author" if message.direction == "inbound" else "deleted")
    message.erase_due_at = now + timedelta(seconds=_kept_for(session, message, pace))
    message.recheck_due_at = now + timedelta(seconds=pace.recheck_answered_first_seconds)
    if not withdraw(session, message):
        refresh_of(session, message)
    _record(session, kinds.MESSAGE_GONE, message)
    return True


def look_said_present(session: Session, message: Message, *, is_text_known: bool = False) -> bool:
    """Note that a look found the message; tells whether it had counted as gone and is back.

    What awaited before it went awaits again, with the same clock. Text that was erased does not come back
    by this alone: hand the wording to `edits.edited`.
    """
    hold(session, message)
    message.first_gone_look_at = None
    message.is_not_visible = False
    if message.gone_at is None or (message.erased_at is not None and not is_text_known):
        session.flush()
        return False
    message.gone_at = message.gone_reason = message.erase_due_at = message.erased_at = None
    if message.settled == Settled.WITHDRAWN:
        await_again(message)
    refresh_of(session, message)
    _record(session, kinds.MESSAGE_BACK, message)
    return True


def look_said_not_visible(session: Session, message: Message) -> None:
    """Note that the message can't be seen; that excuses nobody."""
    message.is_not_visible = True
    session.flush()


def erase_due(session: Session, *, limit: int = 100) -> Erased:
    """Erase every copy of up to `limit` messages that have been gone long enough.

    Text, marks, mentions, pictures, earlier wordings and raw payloads go; ids, times and state stay as a
    tombstone. The caller commits, then removes the files.
    """
    due = (
        select(Message)
        .where(Message.erase_due_at <= clock.now(), Message.erased_at.is_(None))
        .order_by(Message.erase_due_at)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True, of=Message)
    )
    messages = session.scalars(due.execution_options(populate_existing=True)).all()
    for message in messages:
        _wipe(message)
    ids = [message.id for message in messages]
    session.flush()
    for copies in (MessageVersion, RawPayload):
        session.execute(delete(copies).where(copies.message_id.in_(ids)))
    digests = erase_of_messages(session, ids)
    for message in messages:
        _record(session, kinds.MESSAGE_ERASED, message)
    return Erased(tuple(ids), tuple(digests))


def _is_second_look(message: Message, now: datetime, pace: Pace) -> bool:
    """Keep the first look's time; tell whether this one comes long enough after it."""
    first = message.first_gone_look_at
    if first is None:
        message.first_gone_look_at = now
    second_at = (first or now) + timedelta(seconds=pace.gone_confirm_seconds)
    if first is not None and now >= second_at:
        return True
    message.recheck_due_at = second_at
    return False


def _kept_for(session: Session, message: Message, pace: Pace) -> float:
    """Return how long the hidden text is kept: the setting, at most what the connector allows."""
    allowed = session.get_one(Channel, message.channel_id).limits.get("retention_seconds")
    return pace.gone_erase_seconds if allowed is None else min(pace.gone_erase_seconds, float(allowed))


def _wipe(message: Message) -> None:
    message.text = ""
    message.marks = []
    message.mentions = []
    message.platform_ref = {}
    message.permalink = None
    message.erased_at = clock.now()
    message.erase_due_at = None
    message.recheck_due_at = None


def _record(session: Session, kind: str, message: Message) -> None:
    record(
        session,
        kind,
        channel_id=message.channel_id,
        conversation_id=message.conversation_id,
        message_id=message.id,
        after={"gone_reason": message.gone_reason},
    )
