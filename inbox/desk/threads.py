"""What a conversation's page shows besides its entries: head, post, and what stands beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import BigInteger, ColumnElement, bindparam, literal_column, select
from sqlalchemy.orm import Session

from inbox.bulk import table_of
from inbox.contacts.models import Contact
from inbox.conversations.models import Conversation, ConversationLabel, Label, Thread
from inbox.conversations.queries import list_earlier
from inbox.conversations.rows import EarlierView, LabelView, ThreadPage
from inbox.desk.around import Around, PostShown
from inbox.desk.composer import AlsoWaits, list_also
from inbox.desk.entries import EntryShown, show_entries
from inbox.desk.words import person_word
from inbox.members.access import sees
from inbox.members.models import Member

LONGEST_POST_TEXT = 60

# What every page of a conversation asks stands ready (decision 0012).
_CONVERSATION, _CONTACT, _THREAD = table_of(Conversation).c, table_of(Contact).c, table_of(Thread).c
_LABEL, _LABELLED = table_of(Label).c, table_of(ConversationLabel).c
_ID: ColumnElement[int] = bindparam("conversation_id", type_=BigInteger)
_CONTACT_ID: ColumnElement[int] = bindparam("contact_id", type_=BigInteger)
_WHERE_ID: ColumnElement[int] = bindparam("where_id", type_=BigInteger)
_IS_SEEN = sees(bindparam("member_id", type_=BigInteger), _CONVERSATION.channel_id, _CONVERSATION.is_private)
_NOT_JOINED = _CONVERSATION.joined_into_id.is_(None)
MOST_OTHERS = 8
_ONE_MORE: ColumnElement[int] = literal_column(str(MOST_OTHERS + 1))
_LABELS = (
    select(_LABEL.id, _LABEL.name)
    .join(table_of(ConversationLabel), _LABELLED.label_id == _LABEL.id)
    .where(_LABELLED.conversation_id == _ID)
    .order_by(_LABEL.name)
)
_OTHERS = (
    select(_CONVERSATION.id, _CONTACT.display_name, _CONTACT.handle, _CONVERSATION.last_message_at)
    .join(table_of(Contact), _CONTACT.id == _CONVERSATION.contact_id)
    .where(_CONVERSATION.id != _ID, _NOT_JOINED, _CONVERSATION.contact_id != _CONTACT_ID, _IS_SEEN)
    .order_by(_CONVERSATION.waiting_since.is_(None), _CONVERSATION.last_message_at.desc(), _CONVERSATION.id.desc())
    .limit(_ONE_MORE)
)
# Under a post that everybody answers there may be tens of thousands: only its latest threads are looked at, and whether
# there is anybody in those right below.
_THREADS_AT_ONCE: ColumnElement[int] = literal_column("100")
_THREADS = select(_THREAD.id).where(_THREAD.post_id == _WHERE_ID).order_by(_THREAD.id.desc()).limit(_THREADS_AT_ONCE)
_UNDER_POST = _OTHERS.where(_CONVERSATION.thread_id.in_(_THREADS))
_FURTHER_DOWN = _OTHERS.where(_CONVERSATION.thread_id.in_(_THREADS.offset(_THREADS_AT_ONCE)))
_IN_THREAD = _OTHERS.where(_CONVERSATION.thread_id == _WHERE_ID)


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
    earlier: Sequence[EarlierView]
    others: Sequence["Other"]
    has_more_others: bool
    why: str


@dataclass(frozen=True)
class Other:
    """Another person's conversation in the same thread or under the same post."""

    conversation_id: int
    contact_name: str
    last_message_at: datetime


def show_thread(
    session: Session, conversation: Conversation, around: Around, page: ThreadPage, *, back_url: str
) -> ThreadShown:
    """Put together what a conversation's page shows of it."""
    channel = around.channel
    return ThreadShown(
        id=conversation.id,
        thread_id=conversation.thread_id,
        person=person_word(around.display_name, around.handle),
        handle=around.handle if around.display_name else "",
        profile_url=around.profile_url,
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
        assignee_name=around.assignee_name,
        team_id=conversation.team_id,
        team_name=around.team_name,
        post=around.post,
        may_triage=around.may_triage,
        may_answer=around.may_answer,
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


def show_side(session: Session, member: Member, conversation: Conversation, around: Around) -> SideShown:
    """Gather what stands beside a thread, as far as the member sees it."""
    contact_id = conversation.contact_id
    others = _others(session, member, conversation, around)
    return SideShown(
        first_seen_at=around.first_seen_at,
        conversation_count=around.conversation_count,
        last_assignee_name=around.last_assignee_name,
        labels=labels_of(session, conversation.id),
        earlier=list_earlier(session, member.id, contact_id, except_id=conversation.id, limit=8),
        others=others[:MOST_OTHERS],
        has_more_others=len(others) > MOST_OTHERS or _are_further_down(session, member, conversation, around),
        why=_why(conversation),
    )


def labels_of(session: Session, conversation_id: int) -> list[LabelView]:
    """List a conversation's labels by name."""
    rows = session.execute(_LABELS, {"conversation_id": conversation_id})
    return [LabelView(number, name) for number, name in rows]


def _others(session: Session, member: Member, conversation: Conversation, around: Around) -> list[Other]:
    """List who else wrote in the thread or under its post: those who wait first, each newest first."""
    values = _values_of(member, conversation, around)
    rows = session.execute(_UNDER_POST if around.post_id else _IN_THREAD, values)
    return [Other(number, person_word(name, handle), at) for number, name, handle, at in rows]


def _are_further_down(session: Session, member: Member, conversation: Conversation, around: Around) -> bool:
    """Tell whether others are among the threads of the post that are too old to be listed."""
    values = _values_of(member, conversation, around)
    return bool(around.post_id) and session.execute(_FURTHER_DOWN, values).first() is not None


def _values_of(member: Member, conversation: Conversation, around: Around) -> dict[str, int]:
    return {
        "conversation_id": conversation.id,
        "contact_id": conversation.contact_id,
        "member_id": member.id,
        "where_id": around.post_id or conversation.thread_id,
    }


def _why(conversation: Conversation) -> str:
    if conversation.waiting_since is not None:
        return str(_("The oldest message without an answer counts; later ones do not start it again."))
    if conversation.is_no_answer_needed:
        return str(_("Nothing here asks for an answer. If it does, let that message wait."))
    return str(_("Nobody waits here: everything was answered, or needs no answer."))
