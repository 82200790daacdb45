"""Loads messages as a thread shows them: four queries, however many there are."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.contacts.models import Contact
from inbox.conversations.models import Conversation, Message, MessageVersion
from inbox.conversations.rows import MessageView, PictureView, VersionView
from inbox.database import shared_alias
from inbox.media.models import Media
from inbox.members.models import Member

_writer, _excuser = shared_alias(Member, name="writer"), shared_alias(Member, name="excuser")

# Taken over as they are; what is missing here is worded or hidden below.
_PLAIN = [
    "id",
    "direction",
    "kind",
    "audience",
    "conversation_id",
    "contact_id",
    "member_id",
    "seq",
    "external_id",
    "parent_external_id",
    "permalink",
    "authored_at",
    "arrived_at",
    "received_at",
    "awaits",
    "awaits_reason",
    "settled",
    "settled_at",
    "answered_by_message_id",
    "excused_why",
    "is_history",
    "is_native",
    "is_automatic",
    "edited_at",
    "is_edited_after_answer",
    "gone_at",
    "gone_reason",
    "is_not_visible",
    "liked_at",
    "hidden_at",
    "sibling_of_id",
]


def load(
    session: Session,
    conversation: Conversation,
    conditions: Sequence[ColumnElement[bool]],
    order: Sequence[ColumnElement[Any]],
    limit: int,
) -> list[MessageView]:
    """Return the messages that meet `conditions`, with versions, pictures and authors."""
    rows = session.execute(
        select(
            Message,
            Contact,
            Channel.display_name,
            Channel.handle,
            Channel.avatar_url,
            _writer.name.label("writer_name"),
            _excuser.name.label("excuser_name"),
        )
        .join(Channel, Channel.id == Message.channel_id)
        .outerjoin(Contact, Contact.id == Message.contact_id)
        .outerjoin(_writer, _writer.id == Message.member_id)
        .outerjoin(_excuser, _excuser.id == Message.excused_by_id)
        .where(*conditions)
        .order_by(*order)
        .limit(limit)
        .execution_options(populate_existing=True)
    ).all()
    present = [row.Message.id for row in rows if row.Message.gone_at is None]
    versions, pictures = _versions(session, present), _pictures(session, present)
    avatars = _avatars(session, {row.Message.contact_id for row in rows} - {None}, conversation.channel_id)
    return [_view(row, conversation, versions, pictures, avatars) for row in rows]


def _view(
    row: Any,
    conversation: Conversation,
    versions: dict[int, list[VersionView]],
    pictures: dict[int, list[PictureView]],
    avatars: dict[int, int],
) -> MessageView:
    message: Message = row.Message
    is_gone = message.gone_at is not None
    return MessageView(
        **{name: getattr(message, name) for name in _PLAIN},
        **_author(row),
        at=message.clock_at,
        avatar_media_id=avatars.get(message.contact_id or 0),
        is_of_this_person=message.contact_id is not None and message.contact_id == conversation.contact_id,
        text="" if is_gone else message.text,
        marks=() if is_gone else tuple(message.marks),
        excused_by_name=row.excuser_name,
        is_gone=is_gone,
        versions=tuple(versions.get(message.id, ())),
        pictures=tuple(pictures.get(message.id, ())),
    )


def _author(row: Any) -> dict[str, Any]:
    """Return who wrote it: the person, else the member who answered, else the channel itself."""
    contact: Contact | None = row.Contact
    if contact is not None:
        name = contact.display_name or contact.handle
        return {"author_name": name, "author_handle": contact.handle, "avatar_url": contact.avatar_url}
    name = row.writer_name or row.display_name or row.handle
    return {"author_name": name, "author_handle": row.handle, "avatar_url": row.avatar_url}


def _versions(session: Session, message_ids: list[int]) -> dict[int, list[VersionView]]:
    found = select(MessageVersion).where(MessageVersion.message_id.in_(message_ids)).order_by(MessageVersion.number)
    versions: dict[int, list[VersionView]] = {}
    for row in session.scalars(found):
        versions.setdefault(row.message_id, []).append(VersionView(row.number, row.text, row.seen_at))
    return versions


def _pictures(session: Session, message_ids: list[int]) -> dict[int, list[PictureView]]:
    found = select(Media).where(Media.message_id.in_(message_ids)).order_by(Media.position)
    pictures: dict[int, list[PictureView]] = {}
    for row in session.scalars(found):
        view = PictureView(row.id, row.kind, row.alt, row.width, row.height, has_preview=row.preview_url is not None)
        pictures.setdefault(row.message_id or 0, []).append(view)
    return pictures


def _avatars(session: Session, contact_ids: Iterable[int], channel_id: int) -> dict[int, int]:
    found = (
        select(Media.contact_id, func.max(Media.id))
        .where(Media.contact_id.in_(sorted(contact_ids)), Media.channel_id == channel_id)
        .group_by(Media.contact_id)
    )
    return {contact_id: media_id for contact_id, media_id in session.execute(found) if contact_id is not None}
