"""Answers given on the platform itself, and whom they answer (RULES B2)."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.activity.record import record
from inbox.contacts.models import Contact
from inbox.conversations.awaits import Reason
from inbox.conversations.judging import find_parent
from inbox.conversations.models import Answer, Conversation, Message, Thread
from inbox.conversations.settling import judge_later_ones, keep_answer, settle_by
from inbox.conversations.threads import lock_conversation, lock_thread
from inbox.conversations.waiting import refresh
from inbox.errors import Invalid


def answer_natively(session: Session, reply: Message, parent: Message | None = None) -> list[int]:
    """Let an answer given on the platform settle messages older than itself (B2); repeatable.

    Finds the parent by `parent_external_id` unless it is given (a private continuation of a comment). Sets
    `reply.conversation_id` where one person is answered, and the thread's question where nobody is named but
    somebody waits. Held back or automatic messages settle nothing. Returns the ids of the settled messages.
    """
    if not _counts(reply):
        return []
    thread = lock_thread(session, reply.thread_id)
    parent = parent or find_parent(session, reply)
    conversation_ids = _list_answered(session, reply, thread, parent)
    settled = [
        message_id
        for conversation_id in conversation_ids
        for message_id in _answer_one(session, reply, conversation_id, parent)
    ]
    _name_or_ask(session, reply, thread, conversation_ids)
    return settled


def settle_if_answered(session: Session, message: Message) -> bool:
    """Let a message that came in late be settled by a native answer that is newer by the clock and known already.

    The caller refreshes. What a member made wait is not touched.
    """
    if not message.awaits or message.awaits_reason == Reason.BY_HAND or message.conversation_id is None:
        return False
    thread = session.get_one(Thread, message.thread_id)
    conversation = session.get_one(Conversation, message.conversation_id)
    for reply in _list_newer_natives(session, message):
        answered = _list_answered(session, reply, thread, find_parent(session, reply))
        if conversation.id in answered:
            settle_by(session, reply, conversation, Message.id == message.id)
            keep_answer(session, reply, conversation, message.seq or 0)
            _name_or_ask(session, reply, thread, answered)
            judge_later_ones(session, reply, conversation)
            return True
    return False


def list_orphaned_natives(session: Session, message: Message) -> Sequence[Message]:
    """Return native answers to this message that came before it and could not name anybody then."""
    found = select(Message).where(
        Message.channel_id == message.channel_id,
        Message.parent_external_id == message.external_id,
        Message.direction == "outbound",
        Message.is_native,
        ~exists().where(Answer.reply_message_id == Message.id),
    )
    return session.scalars(found.order_by(Message.clock_at, Message.id)).all()


def say_whom(session: Session, message: Message, conversation_ids: list[int], member_id: int) -> Activity:
    """Record whom a native answer answered, as a member said; an empty list: nobody. Clears the question.

    Raises Invalid('not_in_thread') when a conversation is not of the message's thread.
    """
    thread = lock_thread(session, message.thread_id)
    wanted = sorted(set(conversation_ids))
    of_thread = select(Conversation.id).where(Conversation.thread_id == thread.id, Conversation.id.in_(wanted))
    if sorted(session.scalars(of_thread)) != wanted:
        raise Invalid("not_in_thread")
    settled = [i for conversation_id in wanted for i in _answer_one(session, message, conversation_id, None)]
    message.is_whom_said = True
    if len(wanted) == 1:
        message.conversation_id = wanted[0]
    if thread.asks_about_message_id == message.id:
        thread.asks_about_message_id = None
    return record(
        session,
        kinds.NATIVE_ANSWER,
        member_id=member_id,
        channel_id=message.channel_id,
        conversation_id=wanted[0] if wanted else message.conversation_id,
        message_id=message.id,
        after={"conversation_ids": wanted, "settled": settled},
    )


def _counts(reply: Message) -> bool:
    return not (reply.is_automatic or reply.is_held_back or reply.gone_at is not None)


def _list_answered(session: Session, reply: Message, thread: Thread, parent: Message | None) -> list[int]:
    """Return the conversations that a native answer is for, by rising id."""
    said = set(session.scalars(select(Answer.conversation_id).where(Answer.reply_message_id == reply.id)))
    if parent is not None and parent.direction == "inbound":
        return sorted(said | {parent.conversation_id or 0} - {0})
    authors = [] if parent is not None else _conversations_of(session, thread, [reply.parent_author_external_id])
    if authors or thread.is_private:
        return sorted(said | set(authors or session.scalars(_of_thread(thread))))
    if parent is None and _has_unseen_parent(reply, thread):
        return sorted(said)
    return sorted(said | set(_conversations_of(session, thread, reply.mentions)))


def _of_thread(thread: Thread) -> Select[int]:
    return select(Conversation.id).where(Conversation.thread_id == thread.id, Conversation.joined_into_id.is_(None))


def _conversations_of(session: Session, thread: Thread, external_ids: Sequence[str | None]) -> list[int]:
    """Return the conversations of these people in a thread."""
    is_one = exists().where(Contact.id == Conversation.contact_id, Contact.external_id.in_(external_ids))
    return list(session.scalars(_of_thread(thread).where(is_one))) if any(external_ids) else []


def _has_unseen_parent(reply: Message, thread: Thread) -> bool:
    """Tell whether it answers something that we haven't seen and that is not the post itself."""
    post_id = None if thread.post is None else thread.post.external_id
    return reply.parent_external_id is not None and reply.parent_external_id != post_id


def _answer_one(session: Session, reply: Message, conversation_id: int, parent: Message | None) -> list[int]:
    conversation = lock_conversation(session, conversation_id)
    older: ColumnElement[bool] = Message.clock_at < reply.clock_at
    if parent is not None and parent.conversation_id == conversation.id:
        # An answer is later than what it answers, whatever two servers' clocks say.
        older = or_(older, Message.id == parent.id)
    settled = settle_by(session, reply, conversation, older)
    keep_answer(session, reply, conversation, _seq_before(session, reply, conversation))
    judge_later_ones(session, reply, conversation)
    refresh(session, conversation)
    return settled


def _seq_before(session: Session, reply: Message, conversation: Conversation) -> int:
    mine = (Message.conversation_id == conversation.id, Message.clock_at < reply.clock_at)
    return session.scalar(select(func.max(Message.seq)).where(*mine)) or 0


def _name_or_ask(session: Session, reply: Message, thread: Thread, conversation_ids: list[int]) -> None:
    """Bind the reply to the one it answers, or let the thread ask whom, if anybody there waits."""
    if len(conversation_ids) == 1:
        reply.conversation_id = conversation_ids[0]
    if conversation_ids or reply.is_whom_said:
        if thread.asks_about_message_id == reply.id:
            thread.asks_about_message_id = None
        return
    somebody_waits = exists().where(Message.thread_id == thread.id, Message.awaits, Message.clock_at < reply.clock_at)
    if session.scalar(select(somebody_waits)):
        thread.asks_about_message_id = reply.id


def _list_newer_natives(session: Session, message: Message) -> Sequence[Message]:
    found = select(Message).where(
        Message.thread_id == message.thread_id,
        Message.direction == "outbound",
        Message.is_native,
        Message.is_automatic.is_(False),
        Message.is_held_back.is_(False),
        Message.gone_at.is_(None),
        Message.clock_at > message.clock_at,
    )
    return session.scalars(found.order_by(Message.clock_at, Message.id)).all()
