"""A thread's page: messages with their versions and pictures, notes and system lines, in parts.

A part reaches from its first message to just before the next part's first, so that a note or a line
stands in exactly one. Nothing of a message that is gone leaves this module but its tombstone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, bindparam, exists, select
from sqlalchemy.orm import Session

from inbox.bulk import table_of
from inbox.conversations import lines, message_query
from inbox.conversations.edits import NEWEST_WORDING
from inbox.conversations.keys import Key, read_key
from inbox.conversations.message_query import Part
from inbox.conversations.models import Conversation, Message, Thread
from inbox.conversations.rows import Entry, MessageView, ThreadPage
from inbox.errors import NotFound

_ASKING, _MESSAGE, _THREAD = table_of(Message).alias("asking"), table_of(Message), table_of(Thread)
_PLACE = select(_MESSAGE.c.clock_at, _MESSAGE.c.id).where(
    _MESSAGE.c.id == bindparam("id", type_=BigInteger), *message_query.SHOWN
)
_WAITS = exists().where(
    _MESSAGE.c.thread_id == _THREAD.c.id, _MESSAGE.c.awaits, _MESSAGE.c.clock_at <= _ASKING.c.clock_at
)
_QUESTION = (
    select(_THREAD.c.asks_about_message_id)
    .join(_ASKING, _ASKING.c.id == _THREAD.c.asks_about_message_id)
    .where(_THREAD.c.id == bindparam("thread_id", type_=BigInteger), _ASKING.c.gone_at.is_(None), _WAITS)
)
# The newest edit; the native answer of which the thread asks whom it answered, as long as somebody older waits.
_OF_THREAD = select(NEWEST_WORDING.scalar_subquery(), _QUESTION.scalar_subquery())


@dataclass(frozen=True)
class _Part:
    """Messages, oldest first, and whether the thread goes on before and after them."""

    messages: Sequence[MessageView]
    has_before: bool
    has_after: bool


def load_thread(
    session: Session,
    conversation: Conversation,
    member_id: int,
    *,
    before: str | None = None,
    after: str | None = None,
    around: int | None = None,
    limit: int = 50,
) -> ThreadPage:
    """Return the newest `limit` messages of the conversation's thread (or those before/after a key).

    Ordered by (clock_at, id), with the notes and system lines that fall between; a constant number of
    queries. `around`: a message id, the part that has it in the middle; raises NotFound when it is not
    of this thread. Replies that were not accepted yet and held back messages are left out.
    """
    earlier, later = (read_key(key) if key else None for key in (before, after))
    of_thread = session.execute(_OF_THREAD, {"thread_id": conversation.thread_id})
    newest, asks_about = of_thread.one()  # read first: an edit that comes now counts as unread
    part = _load(session, conversation, earlier, later, around, limit)
    since = later.at if later else part.messages[0].at if part.has_before else None
    until = earlier.at if earlier else part.messages[-1].at if part.has_after else None
    entries: list[Entry] = [
        *part.messages,
        *lines.list_notes(session, conversation, since, until),
        *lines.list_lines(session, conversation, since, until),
    ]
    return ThreadPage(
        entries=tuple(sorted(entries, key=_place)),
        before=_key(part.messages[0]) if part.has_before else None,
        after=_key(part.messages[-1]) if part.has_after else None,
        last_seq=max((message.seq or 0 for message in part.messages), default=0),
        newest_wording=newest or 0,
        asks_about_message_id=asks_about,
    )


def _load(
    session: Session, conversation: Conversation, earlier: Key | None, later: Key | None, around: int | None, limit: int
) -> _Part:
    if around is not None:
        middle = _find_place(session, conversation, around)
        half = max(limit // 2, 1)
        old, has_before = _before(session, conversation, middle, half, is_including=True)
        new, has_after = _after(session, conversation, middle, half)
        return _Part([*old, *new], has_before, has_after)
    if later is not None:
        new, has_after = _after(session, conversation, later, limit)
        return _Part(new, has_before=False, has_after=has_after)
    old, has_before = _before(session, conversation, earlier, limit)
    return _Part(old, has_before, has_after=False)


def _before(
    session: Session, conversation: Conversation, key: Key | None, limit: int, *, is_including: bool = False
) -> tuple[list[MessageView], bool]:
    part = Part.NEWEST if key is None else Part.UP_TO if is_including else Part.BEFORE
    found = message_query.load(session, conversation, part, key, limit + 1)
    return found[:limit][::-1], len(found) > limit


def _after(session: Session, conversation: Conversation, key: Key, limit: int) -> tuple[list[MessageView], bool]:
    found = message_query.load(session, conversation, Part.AFTER, key, limit + 1)
    return found[:limit], len(found) > limit


def _find_place(session: Session, conversation: Conversation, message_id: int) -> Key:
    row = session.execute(_PLACE, {"thread_id": conversation.thread_id, "id": message_id}).one_or_none()
    if row is None:
        raise NotFound("message")
    return Key(row.clock_at, row.id)


def _place(entry: Entry) -> tuple[datetime, bool, int]:
    return (entry.at, not isinstance(entry, MessageView), entry.id)


def _key(message: MessageView) -> str:
    return str(Key(message.at, message.id))
