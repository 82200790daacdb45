"""What it means that the platform has our reply: the message takes its place, and what it answers is settled.

Called by whoever has proof: the sender, a look, a poll, a member. Any of them may be second (RULES D2, D4, B1, B4).
"""

import json
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.channels.models import Channel
from inbox.channels.skew import known_skew
from inbox.conversations import clocking
from inbox.conversations.edits import look_back
from inbox.conversations.finish import finish_sent
from inbox.conversations.models import Message, Thread
from inbox.conversations.settle import answer, refresh
from inbox.conversations.threads import lock_conversation, lock_thread
from inbox.outbox.models import ON_ITS_WAY, Delivery
from inbox.outbox.models import DeliveryState as State
from inbox.outbox.moves import lock, move
from inbox.platforms.outgoing import Outgoing, Sent
from inbox.replies.audience import is_wider
from inbox.replies.continuation import place_continuation
from inbox.replies.fold import belongs_to_another, fold_into
from inbox.replies.frozen import thaw
from inbox.replies.holding import conversation_of
from inbox.replies.models import Draft
from inbox.replies.removing import PLACE_UNKNOWN, note_double
from inbox.replies.returns import stop_leaving
from inbox.settings import Pace


class Settling(StrEnum):
    """What became of a proof that the platform has our reply."""

    SETTLED = "settled"
    KNOWN = "known"  # it was settled already by the same reply
    MISPLACED = "misplaced"  # it stands in the wrong place or before too many eyes: to be deleted at once
    SURPLUS = "surplus"  # the delivery has another reply already: this one is a double
    REFUSED = "refused"  # the proof is another's: nothing was handed over, or the id is another reply's


def settle(
    session: Session,
    delivery_id: int,
    sent: Sent,
    *,
    pace: Pace,
    thread_key: str | None = None,
    member_id: int | None = None,
) -> Settling:
    """Take in that the platform has this delivery's reply, from whichever attempt (D2); may be called again.

    Locks the thread first, so call it with no delivery locked. `thread_key`: the private exchange that a
    private continuation opened, where known. `member_id`: who said so, when a person did.
    """
    delivery = session.get_one(Delivery, delivery_id)
    thread = lock_thread(session, conversation_of(session, delivery).thread_id)
    delivery = lock(session, delivery_id)
    if belongs_to_another(session, delivery, sent.external_id):
        return Settling.REFUSED
    if delivery.state in (State.SENT, State.GONE):
        return _settle_again(session, delivery, sent, pace)
    was, outgoing = State(delivery.state), thaw(delivery.outgoing)
    wrong = find_wrong(outgoing, sent)
    due_at, detail = clock.now() if wrong else None, None
    if _is_place_untold(outgoing, sent) and member_id is None:
        due_at, detail = clock.now() + timedelta(seconds=pace.gone_confirm_seconds), PLACE_UNKNOWN
    if not move(session, delivery, State.SENT, reason=wrong, reason_detail=detail, due_at=due_at, member_id=member_id):
        return Settling.REFUSED
    message = _place(session, delivery, thread, outgoing, sent, thread_key, pace)
    _settle_draft(session, delivery, was, wrong)
    if was in ON_ITS_WAY:
        stop_leaving(session, delivery)
    if wrong:
        return Settling.MISPLACED
    message.recheck_due_at = clock.now() + timedelta(seconds=pace.recheck_answered_first_seconds)
    _answer(session, delivery, message, pace, is_late=was not in ON_ITS_WAY)
    _record_sent(session, delivery, message, member_id)
    return Settling.SETTLED


def find_wrong(outgoing: Outgoing, sent: Sent) -> str | None:
    """Return misplaced or wider_audience where the platform did something else than asked (D6, D7), else None."""
    if sent.parent_id is not None and outgoing.parent_id and sent.parent_id != outgoing.parent_id:
        return "misplaced"
    if sent.audience is not None and is_wider(sent.audience, outgoing.audience):
        return "wider_audience"
    return None


def _is_place_untold(outgoing: Outgoing, sent: Sent) -> bool:
    is_told = sent.parent_id is not None or not outgoing.parent_id
    return bool(sent.external_id) and not is_told and find_wrong(outgoing, sent) is None


def _settle_again(session: Session, delivery: Delivery, sent: Sent, pace: Pace) -> Settling:
    message = session.get(Message, delivery.message_id, populate_existing=True) if delivery.message_id else None
    if message is None or message.external_id == sent.external_id:
        return Settling.KNOWN
    if message.external_id is None:  # a person said that it was sent; now its id is known
        fold_into(session, message, sent.external_id)
        _take_in(session, message, sent, pace)
        session.flush()
        clocking.credit_again(session, message)
        return Settling.KNOWN
    note_double(session, delivery, sent)
    return Settling.SURPLUS


def _place(
    session: Session,
    delivery: Delivery,
    thread: Thread,
    outgoing: Outgoing,
    sent: Sent,
    thread_key: str | None,
    pace: Pace,
) -> Message:
    """Give the reply's message its id and its place, taking over whatever a poll stored of it before."""
    message = session.get(Message, delivery.message_id, populate_existing=True) if delivery.message_id else None
    if message is None:
        message, thread = place_continuation(session, delivery, outgoing, sent, thread_key)
        delivery.message_id = message.id
    fold_into(session, message, sent.external_id)
    _take_in(session, message, sent, pace)
    if message.seq is None:
        thread.last_seq += 1
        message.seq = thread.last_seq
    session.flush()
    clocking.credit_again(session, message)  # what it had met before may have been met at another time
    return message


def _take_in(session: Session, message: Message, sent: Sent, pace: Pace) -> None:
    """Write down what the platform has; its clock may be off, and ours decides what was said after what (C1)."""
    now = clock.now()
    told = sent.created_at or message.authored_at
    skew = known_skew(session.get_one(Channel, message.channel_id).skew_seconds, pace)
    message.external_id = sent.external_id or None
    message.authored_at = told or now
    message.received_at = now
    message.clock_at = now if told is None else min(told - skew, now)
    message.permalink = sent.permalink or message.permalink
    message.platform_version = sent.version or message.platform_version
    message.platform_ref = dict(sent.ref) or message.platform_ref
    message.text = message.text if sent.text is None else sent.text
    message.audience = sent.audience or message.audience


def _settle_draft(session: Session, delivery: Delivery, was: State, wrong: str | None) -> None:
    """The draft is done with; proof that arrives late leaves it to its writer, who is told (D1)."""
    if wrong:
        return
    if was in ON_ITS_WAY:
        values = {"state": "sent"}
        known = Draft.state == "leaving"
    else:
        values = {"returned_code": "sent_after_all", "returned_detail": json.dumps({"delivery_id": delivery.id})}
        known = Draft.state == "open"
    session.execute(
        update(Draft)
        .where(Draft.delivery_id == delivery.id, known)
        .values(**values, updated_at=clock.now())
        .execution_options(synchronize_session="fetch")
    )


def _answer(session: Session, delivery: Delivery, message: Message, pace: Pace, *, is_late: bool) -> None:
    """Settle what the writer had seen (B1), in the conversation and in those that were ticked; then finish."""
    conversation = lock_conversation(session, delivery.conversation_id or 0)
    after_seq = delivery.seen_after_seq
    settled = answer(session, message, conversation, delivery.seen_seq, after_seq=after_seq)
    for conversation_id, seen_seq in sorted((int(one), seen) for one, seen in delivery.also_answers.items()):
        other = lock_conversation(session, conversation_id)
        settled += answer(session, message, other, int(seen_seq), after_seq=after_seq)
    if message.conversation_id not in (None, conversation.id):
        refresh(session, lock_conversation(session, message.conversation_id or 0))
    if delivery.is_finishing and not is_late:
        finish_sent(session, conversation, delivery.member_id, seen_seq=delivery.seen_seq)
    look_back(session, settled, delivery.created_at, pace=pace)  # as if the edit had come after all of this


def _record_sent(session: Session, delivery: Delivery, message: Message, member_id: int | None) -> None:
    record(
        session,
        kinds.REPLY_SENT,
        member_id=member_id or delivery.member_id,
        channel_id=delivery.channel_id,
        conversation_id=delivery.conversation_id,
        message_id=message.id,
        after={"delivery_id": delivery.id, "at": _iso(message.authored_at)},
    )


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
