"""One period of waiting: what happened in it, and what RULES C make of that, reckoned without a line of the product."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from tests.reports.known.world import NOW, Promise, World

LATE_ARRIVAL = timedelta(minutes=15)
Change = tuple[datetime, dict[str, Any]]


@dataclass(frozen=True)
class End:
    """How it ended. `at`: by the clock of what ended it; `known_at`: when we came to know; `by`: None: natively."""

    outcome: str
    at: datetime
    known_at: datetime
    by: Any = None


@dataclass
class Wait:
    """Somebody who waits, or waited."""

    world: World
    conversation_id: int
    person: str
    handle: str
    kind: str
    number: int
    since_at: datetime
    started_at: datetime
    opened_at: datetime
    facts: dict[str, Any]  # as it began: channel_id, is_private, team_id, assignee_id, priority, label_ids
    is_imported: bool = False
    changes: list[Change] = field(default_factory=list)  # of facts, oldest first
    sleeps: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    end: End | None = None
    first_end: End | None = None  # an answer that the platform took back, and when
    gone_at: datetime | None = None
    is_asked_again: bool = False
    timer_id: int = 0

    @property
    def is_late_arrival(self) -> bool:
        """C2: received more than fifteen minutes after it was said, outside an import."""
        is_late = self.opened_at - self.since_at > LATE_ARRIVAL
        return is_late and not self.is_imported and not self.is_asked_again

    def forget(self) -> None:
        """Let everything be reckoned anew: the story has gone on."""
        for name in ("now", "promise", "pauses", "is_paused", "due_at", "became", "took"):
            self.__dict__.pop(name, None)

    def facts_at(self, at: datetime) -> dict[str, Any]:
        """Return what the conversation was at a moment; nothing moves after the end."""
        facts = dict(self.facts)
        for changed_at, change in self.changes:
            if changed_at <= at:
                facts |= change
        return facts

    @cached_property
    def now(self) -> dict[str, Any]:
        """Return what the conversation is."""
        return self.facts_at(NOW)

    @cached_property
    def promise(self) -> Promise | None:
        """C4: the promise as it stood when the wait began, or when what it asks for last changed its policy."""
        found = self.world.promise_at(self.opened_at, self.facts)
        for at, _change in self.changes:
            other = self.world.promise_at(at, self.facts_at(at))
            if (other and other.policy) != (found and found.policy):
                found = other
        return found

    @cached_property
    def pauses(self) -> list[tuple[datetime, datetime | None]]:
        """Return when the clock stood still: asleep, where the policy says so."""
        return self.sleeps if self.promise is not None and self.promise.is_paused else []

    @cached_property
    def is_paused(self) -> bool:
        """Tell whether it stands still now."""
        return self.end is None and bool(self.pauses) and self.pauses[-1][1] is None

    @cached_property
    def due_at(self) -> datetime | None:
        """Return the deadline."""
        if self.promise is None:
            return None
        due_at = self.promise.hours.due_at(self.started_at, self.promise.seconds, self.pauses)
        stopped = [from_at for from_at, until_at in self.pauses if until_at is None]
        return None if stopped and stopped[0] < due_at else due_at

    @cached_property
    def became(self) -> str:
        """Return the one kind that it is of, whether or not the deadline has come (C5)."""
        if self.is_imported:
            return "imported"
        if self.is_late_arrival:
            return "late_arrival"
        if self.end is None:
            return "overdue"
        if self.end.outcome != "met":
            return self.end.outcome
        return "late" if self.due_at is not None and self.end.at > self.due_at else "in_time"

    @property
    def said(self) -> str:
        """Return the same as the file says it: who waits within their time, or whose clock stands still, is no kind."""
        if self.is_paused:
            return "paused"
        if self.end is None and (self.due_at is None or self.due_at >= NOW):
            return "waiting"
        return self.became

    @property
    def is_in_rate(self) -> bool:
        """Tell whether the rate is of it, once it is due."""
        return self.became in ("in_time", "late", "overdue")

    @property
    def is_answered(self) -> bool:
        """Tell whether it got an answer that the rate is of."""
        return self.became in ("in_time", "late")

    @cached_property
    def took(self) -> float | None:
        """Return the open seconds until the answer; around the clock where nothing was promised."""
        if self.end is None or self.end.outcome != "met":
            return None
        hours = self.promise.hours if self.promise is not None else self.world.always
        return hours.seconds(self.started_at, self.end.at, self.pauses)

    @property
    def late_by(self) -> float | None:
        """Return the seconds from the deadline to the answer, or until now."""
        until_at = self.end.at if self.end is not None else NOW
        if self.due_at is None or until_at <= self.due_at or (self.end is not None and self.end.outcome != "met"):
            return None
        return (until_at - self.due_at).total_seconds()

    @property
    def held_by(self) -> Any:
        """C5: who held it when the deadline passed; nobody who could not know of it."""
        ended_at = NOW if self.end is None else self.end.at if self.end.outcome == "met" else self.end.known_at
        is_met = self.end is not None and self.end.outcome == "met"
        if self.due_at is None or self.opened_at >= self.due_at or self.due_at > ended_at:
            return None
        if is_met and self.due_at == ended_at:
            return None
        return self.facts_at(self.due_at)["assignee_id"]
