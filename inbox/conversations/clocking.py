"""What a conversation's messages mean for its timer: when a period of waiting begins, moves, and ends (RULES B4, C2).

Everything is read from the messages as they are, whatever verb changed them; the conversation is locked.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.conversations.awaits import Reason
from inbox.conversations.models import Conversation, ConversationLabel, Message, Settled, Status
from inbox.conversations.threads import lock_conversation
from inbox.database import shared_alias
from inbox.sla import timers
from inbox.sla.models import Outcome, Timer
from inbox.sla.policies import Facts
from inbox.sla.timers import End, Start

LATE_ARRIVAL = timedelta(minutes=15)  # C2
_INSTANT = timedelta(microseconds=1)
_SETTLED = shared_alias(Message, "settled_message")


def follow(session: Session, conversation: Conversation) -> None:
    """Bring the conversation's timer, and its copy of the deadline, in line with its messages and facts."""
    now = clock.now()
    timer = timers.find_open(session, conversation.id)
    waits = conversation.waiting_since is not None and conversation.status != Status.SPAM
    if timer is not None and not waits:
        timers.close(session, timer, _end(session, conversation, timer, None), now)
        timer = None
    elif timer is not None and timer.since_at != conversation.waiting_since:
        timer = _moved(session, conversation, timer, now)
    elif timer is None and waits:
        timer = _begun(session, conversation, now)
    if timer is not None:
        timers.follow_facts(session, timer, facts_of(session, conversation), now)
    conversation.due_at = timer.due_at if timer is not None else None


def facts_of(session: Session, conversation: Conversation) -> Facts:
    """Return what the policies and reports need of a conversation."""
    session.flush()
    labels = select(ConversationLabel.label_id).where(ConversationLabel.conversation_id == conversation.id)
    return Facts(
        conversation_id=conversation.id,
        channel_id=conversation.channel_id,
        is_private=conversation.is_private,
        kind=conversation.kind,
        team_id=conversation.team_id,
        assignee_id=conversation.assignee_id,
        priority=conversation.priority,
        label_ids=tuple(sorted(session.scalars(labels))),
        is_snoozed=conversation.status == Status.SNOOZED,
    )


def is_late_arrival(clock_at: datetime, received_at: datetime, *, is_history: bool) -> bool:
    """Tell whether a message reached us so late that its deadline is nobody's fault; pure (C2)."""
    return not is_history and received_at - clock_at > LATE_ARRIVAL


def credit_again(session: Session, reply: Message) -> None:
    """Bring the timers that an answer met in line, because its time is another now or others answered before it."""
    for timer in sorted(timers.list_met_by(session, reply.id), key=lambda one: one.conversation_id):
        conversation = lock_conversation(session, timer.conversation_id)
        session.refresh(timer)
        if timer.met_by_message_id != reply.id:
            continue
        end = _end(session, conversation, timer, (timer.covers_until_at or timer.since_at) + _INSTANT)
        if end.outcome is not Outcome.MET:
            # What it answered was edited and then done with in another way: that it met this wait stands, at its time.
            end = End(Outcome.MET, reply.clock_at, timer.covers_until_at or timer.since_at, reply.id, reply.member_id)
        timers.correct(session, timer, end)


def _begun(session: Session, conversation: Conversation, now: datetime) -> Timer:
    """Open a timer, or let an earlier one go on where it is the same wait that goes on."""
    oldest = _oldest(session, conversation)
    last = timers.find_covering(session, conversation.id, oldest.clock_at, oldest.received_at)
    is_same_wait = last is not None and not _is_answered_still(session, last)
    if last is not None and is_same_wait and (not _asks_anew(oldest) or last.started_at > last.since_at):
        return _gone_on(session, conversation, last, oldest, now)
    start = Start(oldest.clock_at, now) if last is not None or _asks_anew(oldest) else _start(oldest, now)
    number = timers.next_number(session, conversation.id)
    return timers.open_timer(session, facts_of(session, conversation), start, number, now)


def _moved(session: Session, conversation: Conversation, timer: Timer, now: datetime) -> Timer:
    """Follow a wait whose oldest message is another one now."""
    oldest = _oldest(session, conversation)
    if oldest.clock_at > timer.since_at and _is_answered(session, conversation, timer, oldest.clock_at):
        # The oldest got its answer while newer ones wait on: one wait has ended, the next has begun.
        timers.close(session, timer, _end(session, conversation, timer, oldest.clock_at), now)
        facts = facts_of(session, conversation)
        start = _start_beside(timer, oldest, now)
        return timers.open_timer(session, facts, start, timer.number + 1, max(oldest.received_at, timer.opened_at))
    if oldest.clock_at < timer.since_at and not _asks_anew(oldest):
        last = timers.find_covering(session, conversation.id, oldest.clock_at, oldest.received_at)
        if last is not None and not _is_answered_still(session, last):
            # What an earlier period was about waits again: it goes on, and takes in what came after it.
            timers.void(session, timer)
            return _gone_on(session, conversation, last, oldest, now)
    timers.mark_if_due(session, timer, now)
    timers.move(session, timer, _start_beside(timer, oldest, now), now)
    return timer


def _gone_on(session: Session, conversation: Conversation, timer: Timer, oldest: Message, now: datetime) -> Timer:
    timers.reopen(session, timer, facts_of(session, conversation), now)
    if timer.since_at != oldest.clock_at:
        timers.move(session, timer, _start_beside(timer, oldest, now), now)
    return timer


def _start_beside(timer: Timer, oldest: Message, now: datetime) -> Start:
    """Say where the clock of somebody who waits already begins, now that this message is their oldest.

    One that reached us late, or that asks again, has not waited for us all the while: the clock that runs is kept.
    """
    start = _start(oldest, now)
    is_earlier = oldest.clock_at < timer.since_at
    if _asks_anew(oldest) or (is_earlier and start.is_late_arrival and not timer.is_late_arrival):
        started_at = max(timer.started_at, oldest.clock_at)
        return Start(oldest.clock_at, started_at, timer.is_late_arrival, timer.is_imported)
    return start


def _asks_anew(message: Message) -> bool:
    """Tell whether a message was done with, and waits again by an edit or because a member said so."""
    return message.awaits_reason in (Reason.BY_HAND, Reason.EDITED_AFTER_ANSWER)


def _oldest(session: Session, conversation: Conversation) -> Message:
    waiting = select(Message).where(Message.conversation_id == conversation.id, Message.awaits)
    shown = waiting.where(Message.seq.is_not(None), Message.is_held_back.is_(False))
    return session.scalars(shown.order_by(Message.clock_at, Message.id).limit(1)).one()


def _start(oldest: Message, now: datetime) -> Start:
    """Say where a clock begins: when it was said, but for words that became a question by an edit long after."""
    is_late = is_late_arrival(oldest.clock_at, oldest.received_at, is_history=oldest.is_history)
    started_at = oldest.clock_at
    if oldest.edited_at is not None and oldest.received_at < oldest.edited_at < now:
        started_at = oldest.edited_at
    return Start(oldest.clock_at, started_at, is_late, oldest.is_history)


def _is_answered_still(session: Session, timer: Timer) -> bool:
    """Tell whether the answer that met a timer is still there."""
    if timer.met_by_message_id is None:
        return False
    return session.get_one(Message, timer.met_by_message_id).gone_at is None


def _is_answered(session: Session, conversation: Conversation, timer: Timer, before_at: datetime) -> bool:
    answered = _settled(conversation, timer, before_at).where(_SETTLED.settled == Settled.ANSWERED.value)
    return session.scalar(answered.limit(1)) is not None


def _end(session: Session, conversation: Conversation, timer: Timer, before_at: datetime | None) -> End:
    """Return how a wait ended: by the answer to its oldest message, else as its newest was settled.

    `before_at`: only what is older belongs to it.
    """
    session.flush()
    covers_until_at = _newest_clock(session, conversation, before_at) or timer.since_at
    settled = _settled(conversation, timer, before_at)
    oldest = session.execute(
        settled.outerjoin(Message, Message.id == _SETTLED.answered_by_message_id)
        .with_only_columns(_SETTLED.settled, Message.id, Message.clock_at, Message.member_id)
        .order_by(_SETTLED.clock_at, _SETTLED.id)
        .limit(1)
    ).one_or_none()
    if oldest is not None and oldest.settled == Settled.ANSWERED and oldest.id is not None:
        return End(Outcome.MET, oldest.clock_at, covers_until_at, oldest.id, oldest.member_id)
    newest = settled.with_only_columns(_SETTLED.settled).order_by(_SETTLED.settled_at.desc(), _SETTLED.id.desc())
    is_withdrawn = session.scalar(newest.limit(1)) == Settled.WITHDRAWN and conversation.status != Status.SPAM
    return End(Outcome.WITHDRAWN if is_withdrawn else Outcome.EXCUSED, clock.now(), covers_until_at)


def _settled(conversation: Conversation, timer: Timer, before_at: datetime | None) -> Select[Any]:
    found = select(_SETTLED.id).where(
        _SETTLED.conversation_id == conversation.id,
        _SETTLED.direction == "inbound",
        _SETTLED.clock_at >= timer.since_at,
        _SETTLED.settled_at >= timer.opened_at,
    )
    return found if before_at is None else found.where(_SETTLED.clock_at < before_at)


def _newest_clock(session: Session, conversation: Conversation, before_at: datetime | None) -> datetime | None:
    inbound = (Message.conversation_id == conversation.id, Message.direction == "inbound")
    newest = session.scalar(select(func.max(Message.clock_at)).where(*inbound))
    if before_at is None or newest is None:
        return newest
    return min(newest, before_at - _INSTANT)
