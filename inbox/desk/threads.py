"""What a conversation's page shows besides its entries: head, post, and what stands beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox.channels.models import Channel, Post
from inbox.contacts.models import Contact
from inbox.conversations.models import Conversation, ConversationLabel, Label, Thread
from inbox.conversations.queries import list_earlier
from inbox.conversations.rows import LabelView, QueueRow, ThreadPage
from inbox.desk.composer import AlsoWaits, list_also
from inbox.desk.entries import EntryShown, show_entries
from inbox.desk.words import person_word
from inbox.media.models import Media
from inbox.members.access import may, sees
from inbox.members.models import Member, Team

LONGEST_POST_TEXT = 60


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
class ThreadShown:
    """A conversation's head, and what the member may do there."""

    id: int
    thread_id: int
    person: str
    handle: str
    profile_url: str | None
    kind: str
    is_private: bool
    platform: str
    channel_id: int
    channel_name: str
    channel_handle: str
    created_at: datetime
    status: str
    snoozed_until_at: datetime | None
    waiting_since: datetime | None
    priority: str
    assignee_id: int | None
    assignee_name: str | None
    team_id: int | None
    team_name: str | None
    post: PostShown | None
    may_triage: bool
    may_answer: bool
    can_like: bool
    can_delete_own: bool
    back_url: str
    link: str  # the whole address, to be handed on
    entries: Sequence[EntryShown]
    before: str | None
    after: str | None
    last_seq: int
    newest_wording: int
    asks_about_message_id: int | None
    others_waiting: Sequence[AlsoWaits] = ()

    @property
    def post_text(self) -> str:
        """The post in a few words."""
        if self.post is None or self.post.is_gone:
            return ""
        text = " ".join(self.post.text.split())
        return text if len(text) <= LONGEST_POST_TEXT else text[: LONGEST_POST_TEXT - 1].rstrip() + "…"

    @property
    def post_url(self) -> str | None:
        """Where the post is on the platform."""
        return self.post.permalink if self.post and not self.post.is_gone else None


@dataclass(frozen=True)
class SideShown:
    """What stands beside the thread."""

    first_seen_at: datetime
    conversation_count: int
    last_assignee_name: str | None
    labels: Sequence[LabelView]
    earlier: Sequence[QueueRow]
    others: Sequence["Other"]
    why: str


@dataclass(frozen=True)
class Other:
    """Another person's conversation in the same thread or under the same post."""

    conversation_id: int
    contact_name: str
    last_message_at: datetime


def show_thread(
    session: Session, member: Member, conversation: Conversation, page: ThreadPage, *, back_url: str
) -> ThreadShown:
    """Gather a conversation's head in a few queries."""
    contact = session.get_one(Contact, conversation.contact_id)
    channel = session.get_one(Channel, conversation.channel_id)
    thread = session.get_one(Thread, conversation.thread_id)
    where = (conversation.channel_id, conversation.is_private)
    return ThreadShown(
        id=conversation.id,
        thread_id=thread.id,
        person=person_word(contact.display_name, contact.handle),
        handle=contact.handle if contact.display_name else "",
        profile_url=contact.profile_url,
        kind=conversation.kind,
        is_private=conversation.is_private,
        platform=channel.platform,
        channel_id=channel.id,
        channel_name=channel.display_name or channel.handle,
        channel_handle=channel.handle,
        created_at=conversation.created_at,
        status=conversation.status,
        snoozed_until_at=conversation.snoozed_until_at,
        waiting_since=conversation.waiting_since,
        priority=conversation.priority,
        assignee_id=conversation.assignee_id,
        assignee_name=_name(session, Member, conversation.assignee_id),
        team_id=conversation.team_id,
        team_name=_name(session, Team, conversation.team_id),
        post=_show_post(session, thread.post_id),
        may_triage=may(session, member.id, "triage", *where),
        may_answer=may(session, member.id, "answer", *where),
        can_like=bool(channel.limits.get("can_like")),
        can_delete_own=bool(channel.limits.get("can_delete_own")),
        back_url=back_url,
        link=url_for("desk.conversation", conversation_id=conversation.id, _external=True),
        entries=show_entries(page.entries),
        before=page.before,
        after=page.after,
        last_seq=page.last_seq,
        newest_wording=page.newest_wording,
        asks_about_message_id=page.asks_about_message_id,
        others_waiting=list_also(session, conversation) if page.asks_about_message_id else (),
    )


def show_side(session: Session, member: Member, conversation: Conversation) -> SideShown:
    """Gather what stands beside a thread, as far as the member sees it."""
    contact = session.get_one(Contact, conversation.contact_id)
    seen = sees(member.id, Conversation.channel_id, Conversation.is_private)
    counted = select(Conversation.id).where(
        Conversation.contact_id == contact.id, Conversation.joined_into_id.is_(None), seen
    )
    count = session.scalar(select(func.count()).select_from(counted.limit(100).subquery())) or 0
    return SideShown(
        first_seen_at=contact.first_seen_at,
        conversation_count=count,
        last_assignee_name=_name(session, Member, conversation.last_assignee_id),
        labels=labels_of(session, conversation.id),
        earlier=list_earlier(session, member.id, contact.id, except_id=conversation.id, limit=8),
        others=_others(session, member, conversation),
        why=_why(conversation),
    )


def _show_post(session: Session, post_id: int | None) -> PostShown | None:
    post = session.get(Post, post_id) if post_id else None
    if post is None:
        return None
    media = session.scalar(select(Media).where(Media.post_id == post.id).order_by(Media.position).limit(1))
    return PostShown(
        author=post.author_name or post.author_handle,
        text=post.text if post.gone_at is None else "",
        permalink=post.permalink,
        authored_at=post.authored_at,
        like_count=post.like_count,
        comment_count=post.comment_count,
        is_gone=post.gone_at is not None,
        media_id=media.id if media and post.gone_at is None else None,
        alt=media.alt if media else "",
    )


def _name(session: Session, table: type[Member] | type[Team], number: int | None) -> str | None:
    return session.scalar(select(table.name).where(table.id == number)) if number is not None else None


def labels_of(session: Session, conversation_id: int) -> list[LabelView]:
    """List a conversation's labels by name."""
    query = (
        select(Label.id, Label.name)
        .join(ConversationLabel, ConversationLabel.label_id == Label.id)
        .where(ConversationLabel.conversation_id == conversation_id)
        .order_by(Label.name)
    )
    return [LabelView(number, name) for number, name in session.execute(query)]


def _others(session: Session, member: Member, conversation: Conversation) -> list[Other]:
    """List who else wrote in the thread or under its post, newest first."""
    thread = session.get_one(Thread, conversation.thread_id)
    query = (
        select(Conversation.id, Contact.display_name, Contact.handle, Conversation.last_message_at)
        .join(Contact, Contact.id == Conversation.contact_id)
        .join(Thread, Thread.id == Conversation.thread_id)
        .where(
            Conversation.id != conversation.id,
            Conversation.joined_into_id.is_(None),
            Conversation.contact_id != conversation.contact_id,
            sees(member.id, Conversation.channel_id, Conversation.is_private),
        )
    )
    if thread.post_id:
        query = query.where(Thread.post_id == thread.post_id)
    else:
        query = query.where(Conversation.thread_id == thread.id)
    rows = session.execute(query.order_by(Conversation.last_message_at.desc(), Conversation.id.desc()).limit(8))
    return [Other(number, person_word(name, handle), at) for number, name, handle, at in rows]


def _why(conversation: Conversation) -> str:
    if conversation.waiting_since is not None:
        return str(_("The oldest message without an answer counts; later ones do not start it again."))
    if conversation.is_no_answer_needed:
        return str(_("Nothing here asks for an answer. If it does, let that message wait."))
    return str(_("Nobody waits here: everything was answered, or needs no answer."))
