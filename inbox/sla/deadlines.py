"""When an answer is due, when to warn, and how long one took: open time without pauses; pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from inbox.calendars.hours import Hours, open_after, open_between

# What a warning may say of itself; exactly one of these.
BEFORE, AFTER, PERCENT = "before_seconds", "after_seconds", "percent"


@dataclass(frozen=True)
class Pause:
    """A stretch in which a timer did not run; `until_at` None: it still does not."""

    from_at: datetime
    until_at: datetime | None


@dataclass(frozen=True)
class Promise:
    """What a policy version promises: seconds of open time, and when to warn."""

    target_seconds: float
    hours: Hours
    warnings: tuple[Mapping[str, float], ...] = ()


def read_pauses(kept: Iterable[Any]) -> tuple[Pause, ...]:
    """Return pauses as they are kept on a timer: [[from, until], …] as ISO times, oldest first."""
    return tuple(Pause(datetime.fromisoformat(a), datetime.fromisoformat(b) if b else None) for a, b in kept)


def write_pauses(pauses: Iterable[Pause]) -> list[Any]:
    """Return pauses as they are kept on a timer."""
    return [[one.from_at.isoformat(), one.until_at.isoformat() if one.until_at else None] for one in pauses]


def due_at(started_at: datetime, promise: Promise, pauses: Sequence[Pause] = ()) -> datetime | None:
    """Return the deadline; None while it is paused, and where the open hours never come."""
    return moment(started_at, promise.target_seconds, promise.hours, pauses)


def moment(started_at: datetime, seconds: float, hours: Hours, pauses: Sequence[Pause] = ()) -> datetime | None:
    """Return when `seconds` of open time have passed since the start, without pauses; None: never, or not known."""
    left, at = seconds, started_at
    for begins_at, until_at in _after(started_at, pauses):
        found = open_after(at, left, hours)
        if found is None or found <= begins_at:
            return found
        if until_at is None:
            return None
        left -= open_between(at, begins_at, hours)
        at = until_at
    return open_after(at, left, hours)


def running_seconds(started_at: datetime, until_at: datetime, hours: Hours, pauses: Sequence[Pause] = ()) -> float:
    """Return the seconds of open time between two moments in which the timer ran."""
    total, at = 0.0, started_at
    for begins_at, ends_at in _after(started_at, pauses):
        if begins_at >= until_at:
            break
        total += open_between(at, begins_at, hours)
        at = ends_at or until_at
    return total + (open_between(at, until_at, hours) if at < until_at else 0.0)


def _after(started_at: datetime, pauses: Sequence[Pause]) -> Iterator[tuple[datetime, datetime | None]]:
    """Give what of the pauses lies after a start, oldest first, none overlapping."""
    at = started_at
    for one in sorted(pauses, key=lambda pause: pause.from_at):
        if one.until_at is not None and one.until_at <= at:
            continue
        begins_at = max(one.from_at, at)
        yield begins_at, one.until_at
        at = one.until_at or begins_at


def list_warnings(
    started_at: datetime, due: datetime, promise: Promise, pauses: Sequence[Pause] = ()
) -> tuple[datetime, ...]:
    """Return when to warn, in order: none before the start."""
    found = [_warning(one, started_at, due, promise, pauses) for one in promise.warnings]
    return tuple(sorted({at for at in found if at is not None and at >= started_at}))


def _warning(
    one: Mapping[str, float], started_at: datetime, due: datetime, promise: Promise, pauses: Sequence[Pause]
) -> datetime | None:
    if BEFORE in one:
        return due - timedelta(seconds=one[BEFORE])
    if AFTER in one:
        return due + timedelta(seconds=one[AFTER])
    return moment(started_at, promise.target_seconds * one[PERCENT] / 100, promise.hours, pauses)


def next_at(
    due: datetime | None, warnings: Sequence[datetime], *, warned_at: datetime | None, is_told: bool
) -> datetime | None:
    """Return what comes next of the warnings that were not given, and of the deadline unless it was told."""
    if due is None:
        return None
    left = [at for at in warnings if warned_at is None or at > warned_at]
    return min([*left, *([] if is_told else [due])], default=None)
