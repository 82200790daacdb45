"""Two threads turn out to be one (RULES A5)."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session, aliased

from inbox.activity import kinds
from inbox.activity.record import record
from inbox.conversations import folding
from inbox.conversations.judging import judge_message
from inbox.conversations.models import Answer, Conversation, Message, ReadMark, Thread
from inbox.conversations.natively import settle_if_answered
from inbox.conversations.threads import lock_conversation, lock_thread
from inbox.conversations.waiting import refresh


@dataclass(frozen=True)
class Joined:
    """What became of the loser: its messages' new seqs, and which conversation each of its own folded into.

    `kept_ids`: the loser's conversations that moved whole. Their seqs changed as well.
    """

    winner: Thread
    loser_id: int
    seqs: Mapping[int, int] = field(default_factory=dict)
    conversations: Mapping[int, int] = field(default_factory=dict)
    kept_ids: Sequence[int] = ()

    def seq_after(self, old_seq: int) -> int:
        """Return the new seq that stands for "everything up to `old_seq`" of the loser; 0: nothing."""
        return max((new for old, new in self.seqs.items() if old <= old_seq), default=0)


def join(session: Session, one: Thread, other: Thread) -> Joined:
    """Join two threads of a channel; the older row wins, whichever is named first.

    Locks both by rising id. Messages move and get new seqs above the winner's highest in their old order;
    conversations of one contact fold (the winner's row stays, labels and notes come together), others move
    whole; what stopped awaiting stays so. The caller calls replies.move with the result.
    """
    winner, loser = (lock_thread(session, thread_id) for thread_id in sorted((one.id, other.id)))
    if winner.id == loser.id or winner.channel_id != loser.channel_id or winner.is_private != loser.is_private:
        raise ValueError("only two threads of one channel, both private or both public, can be joined")
    folded, kept = _place_conversations(session, winner, loser)
    moved = set(session.scalars(select(Message.id).where(Message.thread_id == loser.id)))
    seqs = _move_messages(session, winner, loser, folded)
    joined = Joined(winner, loser.id, seqs, folded, kept)
    _carry_over_seqs(session, joined)
    for loser_id, winner_id in folded.items():
        folding.fold(session, lock_conversation(session, loser_id), lock_conversation(session, winner_id))
    _retire(session, winner, loser)
    _settle_again(session, joined, moved)
    _record(session, joined)
    return joined


def _place_conversations(session: Session, winner: Thread, loser: Thread) -> tuple[dict[int, int], list[int]]:
    """Move the loser's conversations over, but for those whose person has one there: {loser's: winner's}."""
    both = (
        select(Conversation)
        .where(Conversation.thread_id.in_((winner.id, loser.id)), Conversation.joined_into_id.is_(None))
        .order_by(Conversation.id)
        .with_for_update(key_share=True, of=Conversation)
    )
    rows = session.scalars(both.execution_options(populate_existing=True)).all()
    there = {row.contact_id: row.id for row in rows if row.thread_id == winner.id}
    folded: dict[int, int] = {}
    kept = []
    for row in rows:
        if row.thread_id == winner.id:
            continue
        if row.contact_id in there:
            folded[row.id] = there[row.contact_id]
        else:
            row.thread_id = winner.id
            kept.append(row.id)
    session.flush()
    return folded, kept


def _move_messages(session: Session, winner: Thread, loser: Thread, folded: Mapping[int, int]) -> dict[int, int]:
    """Give the loser's messages their new thread, seq and conversation; returns {old seq: new seq}."""
    found = select(Message).where(Message.thread_id == loser.id).order_by(Message.seq.nulls_last(), Message.id)
    seqs: dict[int, int] = {}
    for message in session.scalars(found.execution_options(populate_existing=True)).all():
        message.thread_id = winner.id
        if message.conversation_id is not None:
            message.conversation_id = folded.get(message.conversation_id, message.conversation_id)
        if message.seq is not None:
            winner.last_seq += 1
            seqs[message.seq] = message.seq = winner.last_seq
    session.flush()
    return seqs


def _carry_over_seqs(session: Session, joined: Joined) -> None:
    """Say in the new seqs how far answers and reading marks of the loser's conversations went."""
    ids = [*joined.conversations, *joined.kept_ids]
    for answer in session.scalars(select(Answer).where(Answer.conversation_id.in_(ids))):
        answer.up_to_seq = joined.seq_after(answer.up_to_seq)
    for mark in session.scalars(select(ReadMark).where(ReadMark.conversation_id.in_(joined.kept_ids))):
        mark.up_to_seq = joined.seq_after(mark.up_to_seq)
    # A folded conversation's marks go: what moved is unread to whoever had read the winner's alone.
    session.execute(delete(ReadMark).where(ReadMark.conversation_id.in_(joined.conversations)))
    session.flush()


def _retire(session: Session, winner: Thread, loser: Thread) -> None:
    """Leave the loser's row as a signpost, so that its key and old links lead to the winner."""
    winner.post_id = winner.post_id or loser.post_id
    winner.asks_about_message_id = winner.asks_about_message_id or loser.asks_about_message_id
    loser.joined_into_id, loser.wanted_parent, loser.asks_about_message_id = winner.id, None, None
    session.flush()
    session.execute(update(Thread).where(Thread.joined_into_id == loser.id).values(joined_into_id=winner.id))


def _settle_again(session: Session, joined: Joined, moved: Set[int]) -> None:
    """Let native answers of either half settle what waits in the other, as if both had always been one.

    Only what the other half may change is looked at: a thread of hundreds is joined out of many pieces.
    """
    winner = joined.winner
    changed = {*joined.conversations.values(), *joined.kept_ids}
    # A word of thanks needs no answer after ours, which may lie in the other half of the conversation.
    answered = set(session.scalars(select(Answer.conversation_id).where(Answer.conversation_id.in_(changed))))
    has_natives = session.scalar(select(exists().where(Message.thread_id == winner.id, Message.is_native)))
    for message, parent_id in _list_waiting(session, winner):
        is_across = parent_id is not None and (message.id in moved) != (parent_id in moved)
        if has_natives and settle_if_answered(session, message):
            changed.add(message.conversation_id or 0)
        elif is_across or message.conversation_id in answered:
            _judge_again(session, message)
            changed.add(message.conversation_id or 0)
    for conversation_id in sorted(changed - {0}):
        refresh(session, lock_conversation(session, conversation_id))


def _list_waiting(session: Session, winner: Thread) -> list[tuple[Message, int | None]]:
    """Return what awaits an answer in a thread, each with the id of the message that it answers."""
    parent = aliased(Message)
    is_parent = (parent.channel_id == Message.channel_id) & (parent.external_id == Message.parent_external_id)
    query = select(Message, parent.id).outerjoin(parent, is_parent)
    query = query.where(Message.thread_id == winner.id, Message.awaits).order_by(Message.seq)
    return [(message, parent_id) for message, parent_id in session.execute(query)]


def _judge_again(session: Session, message: Message) -> None:
    if not judge_message(session, message).awaits and message.conversation_id is not None:
        lock_conversation(session, message.conversation_id).is_no_answer_needed = True  # refresh checks it


def _record(session: Session, joined: Joined) -> None:
    after = {"thread_id": joined.winner.id, "from_thread_id": joined.loser_id}
    for loser_id, winner_id in (joined.conversations or {0: 0}).items():
        record(
            session,
            kinds.THREADS_JOINED,
            channel_id=joined.winner.channel_id,
            conversation_id=winner_id or None,
            after=after | ({"from_conversation_id": loser_id} if loser_id else {}),
        )
