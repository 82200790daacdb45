"""Loads messages as a thread shows them: three queries, however many there are.

The statements stand ready and read tables, as those of the list do (row_query.py).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from enum import StrEnum
from functools import cache
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Select, and_, bindparam, case, func, literal_column, select, tuple_
from sqlalchemy.orm import Session

from inbox.bulk import among, table_of
from inbox.channels.models import Channel
from inbox.contacts.models import Contact
from inbox.conversations.keys import Key
from inbox.conversations.models import Conversation, Message, MessageVersion
from inbox.conversations.rows import MessageView, PictureView, VersionView
from inbox.media.models import Media
from inbox.members.models import Member

_View = TypeVar("_View")


class Part(StrEnum):
    """Which part of a thread; those that come before a key begin with the latest."""

    NEWEST = "newest"
    BEFORE = "before"
    UP_TO = "up_to"  # before the key, with what stands at it
    AFTER = "after"


_MESSAGE, _CONTACT, _CHANNEL, _MEDIA = (table_of(one) for one in (Message, Contact, Channel, Media))
_WRITER, _EXCUSER = table_of(Member).alias("writer"), table_of(Member).alias("excuser")
_VERSION = table_of(MessageVersion)
_PLACE = tuple_(_MESSAGE.c.clock_at, _MESSAGE.c.id)
_KEY = tuple_(bindparam("key_at", type_=_MESSAGE.c.clock_at.type), bindparam("key_id", type_=BigInteger))
_THREAD_ID: ColumnElement[int] = bindparam("thread_id", type_=BigInteger)
# Not what was not accepted yet, nor what is held back.
SHOWN = (_MESSAGE.c.thread_id == _THREAD_ID, _MESSAGE.c.seq.is_not(None), _MESSAGE.c.is_held_back.is_(False))
_WITHIN = {Part.BEFORE: _PLACE < _KEY, Part.UP_TO: _PLACE <= _KEY, Part.AFTER: _PLACE > _KEY}
_NAMES = [field.name for field in fields(MessageView)[:-2]]  # but for versions and pictures
_ID, _MARKS, _GONE = (_NAMES.index(name) for name in ("id", "marks", "is_gone"))
_VERSIONS = (
    select(_VERSION.c.message_id, _VERSION.c.number, _VERSION.c.text, _VERSION.c.seen_at)
    .where(among(_VERSION.c.message_id, "ids"))
    .order_by(_VERSION.c.message_id, _VERSION.c.number)
)
_PICTURES = (
    select(
        _MEDIA.c.message_id,
        _MEDIA.c.id,
        _MEDIA.c.kind,
        _MEDIA.c.alt,
        _MEDIA.c.width,
        _MEDIA.c.height,
        _MEDIA.c.preview_url.is_not(None),
        _MEDIA.c.url.is_not(None),
    )
    .where(among(_MEDIA.c.message_id, "ids"))
    .order_by(_MEDIA.c.message_id, _MEDIA.c.position)
)


def load(session: Session, conversation: Conversation, part: Part, key: Key | None, limit: int) -> list[MessageView]:
    """Return a part of the conversation's thread, at most `limit`, with versions, pictures and authors."""
    values: dict[str, Any] = {
        "thread_id": conversation.thread_id,
        "of_contact_id": conversation.contact_id,
        "channel_id": conversation.channel_id,
    }
    values |= {"key_at": key.at, "key_id": key.id} if key else {}
    rows = session.execute(_messages(part, limit), values).all()
    present = {"ids": [row[_ID] for row in rows if not row[_GONE]]}
    versions = _by_message(session.execute(_VERSIONS, present), VersionView)
    pictures = _by_message(session.execute(_PICTURES, present), PictureView)
    return [_view(row, versions.get(row[_ID], ()), pictures.get(row[_ID], ())) for row in rows]


def _view(row: Sequence[Any], versions: tuple[VersionView, ...], pictures: tuple[PictureView, ...]) -> MessageView:
    in_order: list[Any] = [*row, versions, pictures]  # as MessageView names its fields
    in_order[_MARKS] = () if row[_GONE] else tuple(row[_MARKS])
    return MessageView(*in_order)


def _by_message(rows: Iterable[Any], make: Callable[..., _View]) -> dict[int, tuple[_View, ...]]:
    """Return what belongs to each message; the rows begin with its id, and are sorted by it."""
    return {number: tuple(make(*row[1:]) for row in found) for number, found in groupby(rows, key=lambda row: row[0])}


@cache
def _messages(part: Part, limit: int) -> Select[Any]:
    columns = _columns()
    at, number = _MESSAGE.c.clock_at, _MESSAGE.c.id
    return (
        select(*(columns[name].label(name) for name in _NAMES))
        .select_from(_MESSAGE)
        .join(_CHANNEL, _CHANNEL.c.id == _MESSAGE.c.channel_id)
        .outerjoin(_CONTACT, _CONTACT.c.id == _MESSAGE.c.contact_id)
        .outerjoin(_WRITER, _WRITER.c.id == _MESSAGE.c.member_id)
        .outerjoin(_EXCUSER, _EXCUSER.c.id == _MESSAGE.c.excused_by_id)
        .where(*SHOWN, *([_WITHIN[part]] if part in _WITHIN else []))
        .order_by(*((at, number) if part is Part.AFTER else (at.desc(), number.desc())))
        .limit(literal_column(str(limit)))  # written out: see picking.py
    )


def _columns() -> dict[str, ColumnElement[Any]]:
    """Return the columns by the names of MessageView's fields."""
    plain: dict[str, ColumnElement[Any]] = {name: _MESSAGE.c[name] for name in _NAMES if name in _MESSAGE.c}
    is_of_contact = _CONTACT.c.id.is_not(None)
    channel_name = func.coalesce(func.nullif(_CHANNEL.c.display_name, ""), _CHANNEL.c.handle)
    return plain | {
        "at": _MESSAGE.c.clock_at,
        # Who wrote it: the person, else the member who answered, else the channel itself.
        "author_name": case(
            (is_of_contact, func.coalesce(func.nullif(_CONTACT.c.display_name, ""), _CONTACT.c.handle)),
            else_=func.coalesce(func.nullif(_WRITER.c.name, ""), channel_name),
        ),
        "author_handle": case((is_of_contact, _CONTACT.c.handle), else_=_CHANNEL.c.handle),
        "avatar_media_id": _avatar(),
        "is_of_this_person": and_(
            _MESSAGE.c.contact_id.is_not(None), _MESSAGE.c.contact_id == bindparam("of_contact_id", type_=BigInteger)
        ),
        "text": case((_MESSAGE.c.gone_at.is_(None), _MESSAGE.c.text), else_=""),
        "excused_by_name": _EXCUSER.c.name,
        "is_gone": _MESSAGE.c.gone_at.is_not(None),
    }


def _avatar() -> ColumnElement[int | None]:
    return (
        select(func.max(_MEDIA.c.id))
        .where(
            _MEDIA.c.contact_id == _MESSAGE.c.contact_id,
            _MEDIA.c.channel_id == bindparam("channel_id", type_=BigInteger),
        )
        .correlate(_MESSAGE)
        .scalar_subquery()
    )
