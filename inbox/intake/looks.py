"""What a second look at messages found, and when to look next (RULES A6, E2)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel
from inbox.conversations.gone import look_said_gone, look_said_not_visible, look_said_present
from inbox.conversations.models import Message
from inbox.intake import borders
from inbox.intake.changes import lock_message, take_change
from inbox.platforms import items
from inbox.platforms.items import Edited, IsGone, Look, NotVisible, Present
from inbox.replies.vanish import vanished
from inbox.settings import Pace


@dataclass
class Looked:
    """How many messages a look found changed, gone, or back."""

    edited: int = 0
    gone: int = 0
    back: int = 0


def apply(session: Session, channel: Channel, asked: Iterable[str], looks: Mapping[str, Look], *, pace: Pace) -> Looked:
    """Write down what a look at `asked` external ids found; what is missing in `looks` told nothing.

    Threads are locked one after the other, by rising id. `NotVisible` and failures excuse nobody.
    """
    query = select(Message).where(Message.channel_id == channel.id, Message.external_id.in_(sorted(asked)))
    rows = session.scalars(query.order_by(Message.thread_id, Message.id)).all()
    looked = Looked()
    for row in rows:
        look = looks.get(row.external_id or "")
        if _says_something(row, look):
            _take(session, channel, row, look, looked, pace)
        row.rechecked_at = clock.now() if look is not None else row.rechecked_at
        if not (isinstance(look, IsGone) and row.first_gone_look_at is not None):
            row.recheck_due_at = next_look_at(row, clock.now(), pace)
    session.flush()
    return looked


def _says_something(row: Message, look: Look | None) -> bool:
    """Tell whether a look contradicts what we have; most show a message as it was."""
    is_doubted = row.gone_at is not None or row.first_gone_look_at is not None or row.is_not_visible
    if isinstance(look, Present):
        return is_doubted
    if isinstance(look, Edited):
        return is_doubted or _reads_differently(row, look.message)
    return isinstance(look, IsGone) or (isinstance(look, NotVisible) and not row.is_not_visible)


def _reads_differently(row: Message, message: items.Message) -> bool:
    if message.is_hidden and row.hidden_at is None:
        return True
    if message.version is not None and row.platform_version is not None:
        return message.version != row.platform_version
    return message.text != row.text


def _take(session: Session, channel: Channel, row: Message, look: Look | None, looked: Looked, pace: Pace) -> None:
    locked = lock_message(session, channel.id, row.external_id or "")
    if locked is None:
        return
    was_gone = locked.gone_at is not None
    match look:
        case Present():
            looked.back += look_said_present(session, locked)
        case Edited():
            looked.edited += _take_wording(session, channel, locked, look, pace)
            looked.back += was_gone and locked.gone_at is None
        case IsGone():
            look_said_gone(session, locked, pace=pace)
            if locked.gone_at is not None and not was_gone:
                looked.gone += 1
                if locked.direction == "outbound":
                    vanished(session, locked, pace=pace)
        case NotVisible():
            look_said_not_visible(session, locked)


def _take_wording(session: Session, channel: Channel, row: Message, look: Edited, pace: Pace) -> bool:
    try:
        message = borders.clean_message(look.message)
    except borders.Unacceptable:
        return False
    return take_change(session, channel, row, message, received_at=clock.now(), pace=pace)


def next_look_at(row: Message, now: datetime, pace: Pace) -> datetime | None:
    """Return when a message is looked at next: while it awaits often, once it is settled ever more rarely.

    None: not again by itself. What counts as gone is looked at until it is erased, for it may be back.
    """
    if row.external_id is None or row.erased_at is not None or row.is_held_back:
        return None
    if row.awaits:
        return now + timedelta(seconds=pace.recheck_awaiting_seconds)
    first, second, last = (
        pace.recheck_answered_first_seconds,
        pace.recheck_answered_second_seconds,
        pace.recheck_answered_last_seconds,
    )
    if row.gone_at is not None:
        return now + timedelta(seconds=first) if row.direction == "inbound" else None
    settled_at = row.settled_at if row.direction == "inbound" else row.received_at
    if settled_at is None:
        return None
    return next((at for s in (first, second, last) if (at := settled_at + timedelta(seconds=s)) > now), None)
