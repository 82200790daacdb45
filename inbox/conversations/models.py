"""Threads, conversations and messages, and what members add to them (RULES A and B)."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from inbox.channels.models import Channel, Post
from inbox.contacts.models import Contact
from inbox.database import Base, BigId, WithId, partial_index

# The conditions of the partial indexes; a query must say them in the same words to be served by one.
UNASSIGNED_SQL = "status = 'open' AND assignee_id IS NULL AND NOT is_no_answer_needed"
NO_ANSWER_SQL = "is_no_answer_needed AND status <> 'spam'"
DUE_SQL = "due_at IS NOT NULL"
_QUEUED = ("status", "queue_at", "id")


def _small_queue(name: str, condition: str) -> list[Index]:
    """Index the queue of the few rows that meet a condition, by channel and over all."""
    return [
        partial_index(f"ix_conversation_{name}_{suffix}", *columns, "queue_at", "id", where=condition)
        for suffix, columns in (("channel", ("channel_id", "is_private")), ("all", ()))
    ]


class Status(StrEnum):
    """Where a conversation stands in the team's work."""

    OPEN = "open"
    SNOOZED = "snoozed"
    DONE = "done"
    SPAM = "spam"


class Priority(StrEnum):
    """How soon a conversation should be looked at."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Settled(StrEnum):
    """Why a message stopped awaiting an answer (RULES A2)."""

    ANSWERED = "answered"
    EXCUSED = "excused"
    WITHDRAWN = "withdrawn"


class Thread(WithId, Base):
    """What the platform groups; `seq` of its messages is given under this row's lock (RULES A1)."""

    __tablename__ = "thread"
    __table_args__ = (
        UniqueConstraint("channel_id", "external_key"),
        partial_index("ix_thread_wanted_parent", "channel_id", "wanted_parent", where="wanted_parent IS NOT NULL"),
        partial_index("ix_thread_post", "post_id", "id", where="post_id IS NOT NULL"),
        partial_index("ix_thread_joined_into_id", "joined_into_id", where="joined_into_id IS NOT NULL"),
    )

    channel_id: Mapped[int] = mapped_column(BigId, ForeignKey("channel.id"))
    external_key: Mapped[str]
    kind: Mapped[str]  # comment, mention, direct, review
    is_private: Mapped[bool] = mapped_column(default=False)
    post_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("post.id"))
    wanted_parent: Mapped[str | None]
    joined_into_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("thread.id"))
    last_seq: Mapped[int] = mapped_column(default=0)
    # a native answer that names nobody: the thread asks whom it answered (RULES B2)
    asks_about_message_id: Mapped[int | None] = mapped_column(BigId)
    created_at: Mapped[datetime]

    channel: Mapped[Channel] = relationship()
    post: Mapped[Post | None] = relationship()


class Conversation(WithId, Base):
    """One person in one thread: the unit of work.

    `queue_at` orders the queue with one index: `waiting_since` where somebody waits, else a time
    far ahead that falls as `last_message_at` rises (see conversations/ordering.py).
    `version` rises with every change that a row shows.
    """

    __tablename__ = "conversation"
    __table_args__ = (
        UniqueConstraint("thread_id", "contact_id"),
        CheckConstraint("status IN ('open', 'snoozed', 'done', 'spam')", name="status"),
        CheckConstraint("priority IN ('low', 'normal', 'high', 'urgent')", name="priority"),
        # The queue of those who see a few channels, and of those who see nearly all: see queries.py.
        Index("ix_conversation_channel_queue", "channel_id", "is_private", "status", "queue_at", "id"),
        Index("ix_conversation_everything", *_QUEUED),
        Index("ix_conversation_assignee", "assignee_id", *_QUEUED),  # those without one are asked for as well
        partial_index("ix_conversation_team", "team_id", *_QUEUED, where="team_id IS NOT NULL"),
        *_small_queue("unassigned", UNASSIGNED_SQL),
        *_small_queue("no_answer", NO_ANSWER_SQL),
        partial_index("ix_conversation_due_channel", "channel_id", "is_private", "due_at", "id", where=DUE_SQL),
        partial_index("ix_conversation_due_all", "due_at", "id", where=DUE_SQL),
        Index("ix_conversation_contact", "contact_id", "id"),
        partial_index("ix_conversation_snoozed", "snoozed_until_at", where="snoozed_until_at IS NOT NULL"),
        partial_index("ix_conversation_joined_into_id", "joined_into_id", where="joined_into_id IS NOT NULL"),
    )

    thread_id: Mapped[int] = mapped_column(BigId, ForeignKey("thread.id"))
    contact_id: Mapped[int] = mapped_column(BigId, ForeignKey("contact.id"))
    channel_id: Mapped[int] = mapped_column(BigId, ForeignKey("channel.id"))
    is_private: Mapped[bool] = mapped_column(default=False)
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(default=Status.OPEN)
    assignee_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
    last_assignee_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
    team_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("team.id"))
    priority: Mapped[str] = mapped_column(default=Priority.NORMAL)
    waiting_since: Mapped[datetime | None]
    queue_at: Mapped[datetime]
    # the deadline of the timer that runs (inbox/sla), for lists by deadline; None: nothing is due
    due_at: Mapped[datetime | None]
    snoozed_until_at: Mapped[datetime | None]
    # True while its newest inbound messages were judged to need no answer and nothing else happened
    is_no_answer_needed: Mapped[bool] = mapped_column(default=False)
    # set while a "send and done" reply is on its way; shown as "leaving"
    is_leaving: Mapped[bool] = mapped_column(default=False)
    has_edit_after_answer: Mapped[bool] = mapped_column(default=False)
    last_message_at: Mapped[datetime]
    last_inbound_message_id: Mapped[int | None] = mapped_column(BigId)
    last_outbound_message_id: Mapped[int | None] = mapped_column(BigId)  # our newest answer to this person
    last_inbound_seq: Mapped[int] = mapped_column(default=0)
    last_seq: Mapped[int] = mapped_column(default=0)
    joined_into_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("conversation.id"))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]

    thread: Mapped[Thread] = relationship()
    contact: Mapped[Contact] = relationship()
    channel: Mapped[Channel] = relationship()


class Message(WithId, Base):
    """What somebody said: inbound by a contact, or outbound by us (from here or natively).

    `conversation_id` is the author's conversation for inbound messages, and for ours the one it
    answers, where known. `seq` is None only while a reply of ours has not been accepted.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("channel_id", "external_id"),
        UniqueConstraint("thread_id", "seq"),
        CheckConstraint("direction IN ('inbound', 'outbound')", name="direction"),
        CheckConstraint("settled IN ('answered', 'excused', 'withdrawn')", name="settled"),
        CheckConstraint("NOT (awaits AND settled IS NOT NULL)", name="awaits_or_settled"),
        Index("ix_message_thread_clock", "thread_id", "clock_at", "id"),
        partial_index("ix_message_ours", "thread_id", "clock_at", where="direction = 'outbound'"),
        Index("ix_message_conversation", "conversation_id", "awaits", "clock_at"),
        partial_index("ix_message_recheck_due_at", "recheck_due_at", where="recheck_due_at IS NOT NULL"),
        partial_index("ix_message_erase_due_at", "erase_due_at", where="erase_due_at IS NOT NULL"),
        partial_index("ix_message_look_at", "look_at", where="look_at IS NOT NULL"),
        partial_index("ix_message_parent", "channel_id", "parent_external_id", where="parent_external_id IS NOT NULL"),
        Index("ix_message_contact_id", "contact_id", "external_id"),
        partial_index("ix_message_sibling_of_id", "sibling_of_id", where="sibling_of_id IS NOT NULL"),
    )

    thread_id: Mapped[int] = mapped_column(BigId, ForeignKey("thread.id"))
    channel_id: Mapped[int] = mapped_column(BigId, ForeignKey("channel.id"))
    conversation_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("conversation.id"))
    contact_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("contact.id"))
    member_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
    direction: Mapped[str]
    kind: Mapped[str]  # comment, mention, direct, review
    audience: Mapped[str]  # public, unlisted, followers, direct, private
    external_id: Mapped[str | None]
    parent_external_id: Mapped[str | None]
    # whose message it answers, where the platform says so: the parent itself may never be seen
    parent_author_external_id: Mapped[str | None]
    # what the connector needs to answer, like or look at it again; opaque here
    platform_ref: Mapped[dict[str, Any]] = mapped_column(default=dict)
    platform_version: Mapped[str | None]
    permalink: Mapped[str | None]
    text: Mapped[str] = mapped_column(default="")
    # links, mentions, quote cards: [{"kind": "link", "start": 0, "end": 5, "url": ...}] in characters
    marks: Mapped[list[Any]] = mapped_column(default=list)
    mentions: Mapped[list[Any]] = mapped_column(default=list)  # external ids of who is mentioned
    mentions_us: Mapped[bool] = mapped_column(default=False)
    is_sticker: Mapped[bool] = mapped_column(default=False)
    seq: Mapped[int | None]
    authored_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    clock_at: Mapped[datetime]
    awaits: Mapped[bool] = mapped_column(default=False)
    awaits_reason: Mapped[str | None]  # why it awaits or not, see conversations/awaits.py
    settled: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    answered_by_message_id: Mapped[int | None] = mapped_column(BigId)
    excused_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
    excused_why: Mapped[str | None]  # answered_elsewhere, no_answer_needed, spam, liked, sibling
    is_history: Mapped[bool] = mapped_column(default=False)
    is_native: Mapped[bool] = mapped_column(default=False)
    is_automatic: Mapped[bool] = mapped_column(default=False)
    # of a native answer that named nobody: a member said whom it answered, so the thread asks no more (B2)
    is_whom_said: Mapped[bool] = mapped_column(default=False)
    is_held_back: Mapped[bool] = mapped_column(default=False)
    look_at: Mapped[datetime | None]
    edited_at: Mapped[datetime | None]
    is_edited_after_answer: Mapped[bool] = mapped_column(default=False)
    # A6: gone_at set = counts as gone; first_gone_look_at = one look said so
    first_gone_look_at: Mapped[datetime | None]
    gone_at: Mapped[datetime | None]
    gone_reason: Mapped[str | None]  # author, refused_later, deleted, misplaced
    erase_due_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    is_not_visible: Mapped[bool] = mapped_column(default=False)
    recheck_due_at: Mapped[datetime | None]
    rechecked_at: Mapped[datetime | None]
    liked_at: Mapped[datetime | None]
    hidden_at: Mapped[datetime | None]
    sibling_of_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("message.id"))

    thread: Mapped[Thread] = relationship()
    contact: Mapped[Contact | None] = relationship()
    versions: Mapped[list["MessageVersion"]] = relationship(order_by="MessageVersion.number")


class MessageVersion(WithId, Base):
    """An earlier wording of an edited message, numbered from 1; `seen_at`: when we saw it replaced."""

    __tablename__ = "message_version"
    __table_args__ = (UniqueConstraint("message_id", "number"),)

    message_id: Mapped[int] = mapped_column(BigId, ForeignKey("message.id"))
    number: Mapped[int]
    text: Mapped[str]
    platform_version: Mapped[str | None]
    seen_at: Mapped[datetime]


class RawPayload(WithId, Base):
    """A message's payload as the platform sent it, zlib-compressed, without secrets, for 30 days."""

    __tablename__ = "raw_payload"
    __table_args__ = (
        Index("ix_raw_payload_message_id", "message_id"),
        Index("ix_raw_payload_expires_at", "expires_at"),
    )

    message_id: Mapped[int] = mapped_column(BigId, ForeignKey("message.id"))
    compressed: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Answer(WithId, Base):
    """That a reply answered a conversation up to a seq: history, what counts stands on the messages (RULES B1)."""

    __tablename__ = "answer"
    __table_args__ = (
        UniqueConstraint("reply_message_id", "conversation_id"),
        Index("ix_answer_conversation_id", "conversation_id"),
    )

    reply_message_id: Mapped[int] = mapped_column(BigId, ForeignKey("message.id"))
    conversation_id: Mapped[int] = mapped_column(BigId, ForeignKey("conversation.id"))
    up_to_seq: Mapped[int]
    created_at: Mapped[datetime]


class Label(WithId, Base):
    """A word by which conversations are found again."""

    __tablename__ = "label"

    name: Mapped[str]
    folded_name: Mapped[str] = mapped_column(unique=True)  # upper and lower case are one word
    created_at: Mapped[datetime]


class ConversationLabel(Base):
    """A label on a conversation, with copies of where that stands, so that one index finds a page.

    `status` and `queue_at` are kept in step with the conversation; its channel and side never change.
    """

    __tablename__ = "conversation_label"
    __table_args__ = (
        # For those who see nearly all channels, and for those who see a few: see picking.py.
        Index("ix_conversation_label_queue", "label_id", "status", "queue_at", "conversation_id"),
        Index(
            "ix_conversation_label_side",
            "label_id",
            "channel_id",
            "is_private",
            "status",
            "queue_at",
            "conversation_id",
        ),
    )

    conversation_id: Mapped[int] = mapped_column(BigId, ForeignKey("conversation.id"), primary_key=True)
    label_id: Mapped[int] = mapped_column(BigId, ForeignKey("label.id"), primary_key=True)
    channel_id: Mapped[int] = mapped_column(BigId)  # the conversation's, which points to a channel that is there
    is_private: Mapped[bool]
    status: Mapped[str]
    queue_at: Mapped[datetime]


class Note(WithId, Base):
    """What members tell each other; its own table, so that it can never be sent."""

    __tablename__ = "note"
    __table_args__ = (Index("ix_note_conversation_id", "conversation_id"),)

    conversation_id: Mapped[int] = mapped_column(BigId, ForeignKey("conversation.id"))
    member_id: Mapped[int] = mapped_column(BigId, ForeignKey("member.id"))
    text: Mapped[str]
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class ReadMark(Base):
    """How far a member has read; overwritten, without a time, shown to nobody else (RULES G)."""

    __tablename__ = "read_mark"
    __table_args__ = (Index("ix_read_mark_conversation_id", "conversation_id"),)

    member_id: Mapped[int] = mapped_column(BigId, ForeignKey("member.id"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(BigId, ForeignKey("conversation.id"), primary_key=True)
    up_to_seq: Mapped[int]
