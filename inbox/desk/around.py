"""What a conversation stands in, read at once: who writes, on which channel, under which post, and what one may do."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, bindparam, select
from sqlalchemy.orm import Session

from inbox.bulk import table_of
from inbox.channels.models import Channel, Post
from inbox.contacts.models import Contact
from inbox.conversations.models import Conversation, Thread
from inbox.media.models import Media
from inbox.members import access
from inbox.members.models import Member, Team

_CONVERSATION, _CONTACT, _THREAD = table_of(Conversation), table_of(Contact), table_of(Thread)
_POST, _MEDIA, _TEAM = table_of(Post), table_of(Media), table_of(Team)
_ASSIGNEE, _LAST_ASSIGNEE = table_of(Member).alias("assignee"), table_of(Member).alias("last_assignee")
_MEMBER: ColumnElement[int] = bindparam("member_id", type_=BigInteger)
_WHERE = (_CONVERSATION.c.channel_id, _CONVERSATION.c.is_private)


@dataclass(frozen=True)
class PostShown:
    """The post that a thread hangs on."""

    author: str
    text: str
    permalink: str | None
    authored_at: datetime | None
    like_count: int | None
    comment_count: int | None
    is_gone: bool
    media_id: int | None
    alt: str


@dataclass(frozen=True)
class Around:
    """What a conversation stands in, and what the member may do there."""

    channel: Channel
    display_name: str
    handle: str
    profile_url: str | None
    first_seen_at: datetime
    post_id: int | None
    assignee_name: str | None
    last_assignee_name: str | None
    team_name: str | None
    may_triage: bool
    may_answer: bool
    post: PostShown | None


def read_around(session: Session, member: Member, conversation: Conversation) -> Around:
    """Read what a conversation stands in; whether the member sees it has been asked."""
    row = session.execute(_AROUND, {"conversation_id": conversation.id, "member_id": member.id}).one()
    in_order: list[Any] = [*row[:_OF_POST], _show_post(row)]  # as Around names its fields
    return Around(*in_order)


def _show_post(row: Any) -> PostShown | None:
    if row.author_name is None:
        return None
    is_gone = row.gone_at is not None
    return PostShown(
        author=row.author_name or row.author_handle,
        text="" if is_gone else row.text,
        permalink=row.permalink,
        authored_at=row.authored_at,
        like_count=row.like_count,
        comment_count=row.comment_count,
        is_gone=is_gone,
        media_id=None if is_gone else row.media_id,
        alt=row.media_alt or "",
    )


def _first_picture(column: ColumnElement[Any]) -> ColumnElement[Any]:
    found = select(column).where(_MEDIA.c.post_id == _POST.c.id).order_by(_MEDIA.c.position).limit(1)
    return found.correlate(_POST).scalar_subquery()


_OF_POST = len(fields(Around)) - 1
_AROUND = (
    select(
        Channel,
        _CONTACT.c.display_name,
        _CONTACT.c.handle,
        _CONTACT.c.profile_url,
        _CONTACT.c.first_seen_at,
        _THREAD.c.post_id,
        _ASSIGNEE.c.name.label("assignee_name"),
        _LAST_ASSIGNEE.c.name.label("last_assignee_name"),
        _TEAM.c.name.label("team_name"),
        access.triages(_MEMBER, *_WHERE).label("may_triage"),
        access.answers(_MEMBER, *_WHERE).label("may_answer"),
        _POST.c.author_name,
        _POST.c.author_handle,
        _POST.c.text,
        _POST.c.permalink,
        _POST.c.authored_at,
        _POST.c.like_count,
        _POST.c.comment_count,
        _POST.c.gone_at,
        _first_picture(_MEDIA.c.id).label("media_id"),
        _first_picture(_MEDIA.c.alt).label("media_alt"),
    )
    .select_from(_CONVERSATION)
    .join(table_of(Channel), table_of(Channel).c.id == _CONVERSATION.c.channel_id)
    .join(_CONTACT, _CONTACT.c.id == _CONVERSATION.c.contact_id)
    .join(_THREAD, _THREAD.c.id == _CONVERSATION.c.thread_id)
    .outerjoin(_POST, _POST.c.id == _THREAD.c.post_id)
    .outerjoin(_ASSIGNEE, _ASSIGNEE.c.id == _CONVERSATION.c.assignee_id)
    .outerjoin(_LAST_ASSIGNEE, _LAST_ASSIGNEE.c.id == _CONVERSATION.c.last_assignee_id)
    .outerjoin(_TEAM, _TEAM.c.id == _CONVERSATION.c.team_id)
    .where(_CONVERSATION.c.id == bindparam("conversation_id", type_=BigInteger))
)
