"""What a conversation stands in, read at once: who writes, on which channel, under which post, and what one may do."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, bindparam, func, literal_column, select
from sqlalchemy.orm import Session

from inbox.bulk import table_of
from inbox.channels.models import Channel, Post
from inbox.contacts.models import Contact
from inbox.conversations.models import Conversation, Thread
from inbox.media.models import Media
from inbox.members import access
from inbox.members.models import Member, Team
from inbox.replies.rights import least_need, obstacle_of

MOST_COUNTED = 100

_CONVERSATION, _CONTACT, _THREAD = table_of(Conversation), table_of(Contact), table_of(Thread)
_POST, _MEDIA, _TEAM = table_of(Post), table_of(Media), table_of(Team)
_ASSIGNEE, _LAST_ASSIGNEE = table_of(Member).alias("assignee"), table_of(Member).alias("last_assignee")
_MEMBER: ColumnElement[int] = bindparam("member_id", type_=BigInteger)
_WHERE = (_CONVERSATION.c.channel_id, _CONVERSATION.c.is_private)


class ChannelShown(NamedTuple):
    """What a conversation's page asks of its channel."""

    id: int
    platform: str
    handle: str
    display_name: str
    state: str
    state_reason: str | None
    limits: dict[str, Any]


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

    channel: ChannelShown
    display_name: str
    handle: str
    profile_url: str | None
    first_seen_at: datetime
    post_id: int | None
    assignee_name: str | None
    last_assignee_name: str | None
    team_name: str | None
    conversation_count: int  # of this person, at most `MOST_COUNTED`
    may_triage: bool
    may_answer: bool
    obstacle: str | None  # why the member may not answer
    post: PostShown | None


def read_around(session: Session, member: Member, conversation: Conversation) -> Around:
    """Read what a conversation stands in; whether the member sees it has been asked."""
    values = {"conversation_id": conversation.id, "contact_id": conversation.contact_id, "member_id": member.id}
    row = session.execute(_AROUND, values).one()
    channel, rest = ChannelShown(*row[:_OF_CHANNEL]), row[_OF_CHANNEL : _OF_CHANNEL + _PLAIN]
    in_order: list[Any] = [channel, *rest, obstacle_of(row.least_need), _show_post(row)]  # as Around names its fields
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


def _count_conversations() -> ColumnElement[int]:
    theirs = _CONVERSATION.alias("theirs")
    counted = (
        select(theirs.c.id)
        .where(theirs.c.contact_id == bindparam("contact_id", type_=BigInteger), theirs.c.joined_into_id.is_(None))
        .where(access.sees(_MEMBER, theirs.c.channel_id, theirs.c.is_private))
        .limit(literal_column(str(MOST_COUNTED)))
        .subquery()
    )
    return select(func.count()).select_from(counted).scalar_subquery()


_OF_CHANNEL, _PLAIN = len(ChannelShown._fields), len(fields(Around)) - 3  # all but channel, obstacle and post
_AROUND = (
    select(
        *(table_of(Channel).c[name] for name in ChannelShown._fields),
        _CONTACT.c.display_name,
        _CONTACT.c.handle,
        _CONTACT.c.profile_url,
        _CONTACT.c.first_seen_at,
        _THREAD.c.post_id,
        _ASSIGNEE.c.name.label("assignee_name"),
        _LAST_ASSIGNEE.c.name.label("last_assignee_name"),
        _TEAM.c.name.label("team_name"),
        _count_conversations().label("conversation_count"),
        access.triages(_MEMBER, *_WHERE).label("may_triage"),
        access.answers(_MEMBER, *_WHERE).label("may_answer"),
        least_need(_MEMBER, *_WHERE).label("least_need"),
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
