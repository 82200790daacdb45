"""Messages by us that a platform shows: replies on their way, or answers given there (RULES A4, D4)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.bulk import among, table_of
from inbox.channels.models import Channel, ChannelState
from inbox.conversations.models import Answer
from inbox.conversations.models import Message as Row
from inbox.conversations.natively import answer_natively
from inbox.conversations.threads import lock_thread, next_seq
from inbox.platforms.items import Author, Message
from inbox.replies.match import HoldBack, Settled, match_own
from inbox.settings import Pace

_CHANNEL = table_of(Channel).c
_OURS = select(_CHANNEL.external_id, _CHANNEL.scope).where(
    _CHANNEL.platform == bindparam("platform"),
    among(_CHANNEL.external_id, "names"),
    _CHANNEL.state != ChannelState.DISCONNECTED.value,
)


@dataclass(frozen=True)
class Ourselves:
    """Those of our connected accounts on one platform that a page names, and the one that is read."""

    known: frozenset[tuple[str, str]]

    def has(self, author: Author) -> bool:
        """Tell whether the author is us: by id in the same world, or in a world that is the whole platform."""
        return self.has_id(author.external_id, author.scope)

    def has_id(self, external_id: str, scope: str) -> bool:
        """As `has`, for an id that came without its author."""
        return (external_id, scope) in self.known or (external_id, "") in self.known


def load_ourselves(session: Session, channel: Channel, messages: Iterable[Message]) -> Ourselves:
    """Return which of those who wrote these messages, or whom they answer, are we.

    The channel's own id counts in every scope.
    """
    named = {message.author.external_id for message in messages}
    named |= {message.parent_author_id for message in messages if message.parent_author_id}
    rows = session.execute(_OURS, {"platform": channel.platform, "names": sorted(named)})
    known = {(row.external_id, row.scope) for row in rows}
    return Ourselves(frozenset(known | {(channel.external_id, channel.scope), (channel.external_id, "")}))


@dataclass
class OwnMessages:
    """What became of a page's messages by us; `held`: until when each waits for a delivery to claim it."""

    natives: list[Message] = field(default_factory=list)
    held: list[tuple[Message, datetime]] = field(default_factory=list)
    settled: dict[str, int] = field(default_factory=dict)  # thread ids by external id


def match_all(session: Session, channel: Channel, messages: Iterable[Message], *, pace: Pace) -> OwnMessages:
    """Match messages by us with deliveries in flight, each on its own; the rest were given on the platform."""
    own = OwnMessages()
    for message in messages:
        matched = match_own(session, channel, message, pace=pace)
        if isinstance(matched, Settled):
            own.settled[message.external_id] = matched.message.thread_id
        elif isinstance(matched, HoldBack):
            own.held.append((message, matched.look_at))
        else:
            own.natives.append(message)
    return own


def held_back_due(session: Session, *, pace: Pace, limit: int = 100) -> int:
    """Turn messages by us that no delivery claimed into native answers (D4); returns how many.

    The thread is locked before the message is read again: a look may be folding it at this moment.
    """
    due = select(Row.id, Row.thread_id).where(Row.is_held_back, Row.look_at <= clock.now())
    found = session.execute(due.order_by(Row.thread_id, Row.id).limit(limit)).all()
    return sum(_come_out(session, message_id, thread_id) for message_id, thread_id in found)


def _come_out(session: Session, message_id: int, thread_id: int) -> bool:
    thread = lock_thread(session, thread_id)
    message = session.get(Row, message_id, populate_existing=True)
    if message is None or not message.is_held_back:
        return False
    message.is_held_back, message.look_at, message.is_native = False, None, True
    message.seq = next_seq(session, thread)
    session.flush()
    take_native(session, message)
    return True


def take_native(session: Session, message: Row) -> None:
    """Let an answer given on the platform take effect, and tell the pages that show whom it answered."""
    answer_natively(session, message)
    answered = select(Answer.conversation_id).where(Answer.reply_message_id == message.id)
    ids: list[int | None] = [*session.scalars(answered.order_by(Answer.conversation_id))]
    for conversation_id in ids or [None]:
        record(
            session,
            kinds.NATIVE_ANSWER,
            channel_id=message.channel_id,
            conversation_id=conversation_id,
            message_id=message.id,
        )
