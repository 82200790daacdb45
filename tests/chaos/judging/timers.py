"""The clocks of a run, by RULES B4, C2, C3, F: what each timer says against who waits, what answered, and when.

Who waits since when and what answered it is judged elsewhere (waiting.py, replies.py); here these are taken as they
stand, and every timer and alert must say the same. One policy holds in a run: a length of time around the clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.chaos.judging.clocks import EXACT_SECONDS
from tests.chaos.judging.tables import Timer
from tests.chaos.judging.world import World, grouped, told

MET = "met"


def find(world: World) -> Iterator[str]:
    """Yield every timer that runs, ends or breaks its promise wrongly, and every alert that tells of another."""
    comparison = _Comparison(world, world.policy_seconds)
    yield from comparison.waits()
    for timer in world.timers.values():
        yield from comparison.timer(timer)
    yield from comparison.answered()
    yield from comparison.alerts()


@dataclass(frozen=True)
class _Comparison:
    world: World
    seconds: float | None

    def waits(self) -> Iterator[str]:
        """Hold each conversation's wait and deadline against the timer that is open for it."""
        running = {one.conversation_id: one for one in self.world.timers.values() if one.ended_at is None}
        for conversation in self.world.conversations.values():
            timer = running.get(conversation.id)
            since = conversation.waiting_since if conversation.status != "spam" else None
            if since is None and timer is not None:
                yield f"timer {timer.id} runs for conversation {conversation.id}, in which nobody waits"
            if since is not None and timer is None:
                yield f"conversation {conversation.id} waits since {told(since)} without a timer"
            if since is not None and timer is not None and abs(timer.since_at - since) > EXACT_SECONDS:
                yield f"timer {timer.id} counts from {told(timer.since_at)}, its conversation waits since {told(since)}"
            due = timer.due_at if timer is not None else None
            if conversation.due_at != due:
                yield f"conversation {conversation.id} is due at another time than its timer"

    def timer(self, timer: Timer) -> Iterator[str]:
        """Hold a timer against its own promise, and an end against what is said to have ended it."""
        if self.seconds is not None and timer.due_at is not None:
            right = timer.started_at + self.seconds
            if abs(timer.due_at - right) > EXACT_SECONDS:
                yield f"timer {timer.id} is due {told(timer.due_at)}, right is {told(right)}"
        if timer.started_at < timer.since_at - EXACT_SECONDS:
            yield f"timer {timer.id} begins before anybody waited"
        if timer.ended_at is None:
            if timer.due_at is not None and timer.due_at < self.world.read_at and timer.breached_at is None:
                yield f"timer {timer.id} was due {told(timer.due_at)}, and nobody was told"
            if timer.breached_at is not None and timer.breached_at != timer.due_at:
                yield f"timer {timer.id} broke its promise at another time than it was due"
        elif timer.outcome == MET:
            yield from self._met(timer, timer.ended_at)

    def _met(self, timer: Timer, ended_at: float) -> Iterator[str]:
        reply = self.world.messages.get(timer.met_by_message_id or 0)
        if reply is None or reply.is_inbound:
            yield f"timer {timer.id} was met by nothing of ours"
            return
        if abs(reply.clock_at - ended_at) > EXACT_SECONDS:
            yield f"timer {timer.id} was met at {told(ended_at)}, its answer was given at {told(reply.clock_at)}"
        is_late = timer.due_at is not None and ended_at > timer.due_at
        if is_late != (timer.breached_at is not None):
            yield f"timer {timer.id} was met {'late' if is_late else 'in time'}, and says the contrary"

    def answered(self) -> Iterator[str]:
        """Find people who waited, and whom an answer reached, of whom no timer tells."""
        of_conversation = grouped(self.world.timers.values(), "conversation_id")
        for message in self.world.messages.values():
            answer = self.world.messages.get(message.answered_by_message_id or 0)
            if message.settled != "answered" or answer is None or answer.received_at <= message.received_at:
                continue  # what came with its answer, or after it, never waited
            timers = of_conversation.get(message.conversation_id or 0, [])
            if not any(one.since_at <= message.clock_at + EXACT_SECONDS for one in timers):
                yield f"message {message.id} waited and was answered, and no timer tells of it"

    def alerts(self) -> Iterator[str]:
        """Hold the open alerts against the timers that broke their promise and still run."""
        gathered: dict[int, int] = {}
        for row in self.world.tables.alert_timers:
            if row.gone_at is None:
                gathered[row.timer_id] = gathered.get(row.timer_id, 0) + 1
        for timer in self.world.timers.values():
            is_open = timer.ended_at is None
            count = gathered.pop(timer.id, 0)
            if is_open and timer.breached_at is not None and count != 1:
                yield f"timer {timer.id} is overdue and stands in {count} alerts"
            if not is_open and count:
                yield f"timer {timer.id} has ended, and {count} alerts go on about it"
        for timer_id in sorted(gathered.keys() - self.world.timers.keys()):
            yield f"an alert goes on about timer {timer_id}, which is not there"
