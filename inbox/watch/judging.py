"""What stands still: pure, from when each sweep was done last."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# In health the newest beat of a part is 14 s old at most. Once one sweep of it is past its limit, a part that has been
# silent for so long stands still as a whole: its other sweeps are past theirs a moment later.
SILENT_SECONDS = 30.0
# After a start pages are served before the workers have loaded, and what was written before the night is old.
GRACE_SECONDS = 60.0
_SENDING = frozenset({"send", "timers", "notify"})


class Part(StrEnum):
    """Which part of the engine stands still."""

    EVERYTHING = "everything"  # beat, Redis, or all workers
    SENDING = "sending"
    READING = "reading"
    SOME = "some"


@dataclass(frozen=True)
class Sweep:
    """A sweep and when it was done last; `is_done` False: never yet, and `at` is since when it is expected."""

    name: str
    queue: str
    at: datetime
    seconds: float | None
    limit_seconds: float

    @property
    def is_done(self) -> bool:
        """Whether it was ever done."""
        return self.seconds is not None

    def age(self, now: datetime) -> float:
        """Return how long ago that was, in seconds; a time in the future is as wrong as one that long ago."""
        return abs((now - self.at).total_seconds())


@dataclass(frozen=True)
class Finding:
    """What was found at `at`: all sweeps, those of them that stand still, and which part that is."""

    at: datetime
    sweeps: tuple[Sweep, ...]
    stopped: tuple[Sweep, ...]
    part: Part | None
    since_at: datetime | None  # when that part last did something; None: never
    is_judged: bool = True  # False in the first minute after a start

    @property
    def is_well(self) -> bool:
        """Whether everything moves."""
        return self.part is None


def judge(sweeps: Iterable[Sweep], now: datetime, serving_since: datetime | None) -> Finding:
    """Find what has stayed away longer than it may.

    `serving_since`: since when this process serves pages; it judges nothing in its first minute, and misses it when
    there is no sweep at all. None: whoever asks does not watch, and knows only what is written down.
    """
    known = tuple(sorted(sweeps, key=lambda one: one.name))
    if serving_since is not None and now - serving_since < timedelta(seconds=GRACE_SECONDS):
        return Finding(now, known, (), None, None, is_judged=False)
    stopped = tuple(one for one in known if one.age(now) > one.limit_seconds)
    if not known and serving_since is not None:
        return Finding(now, known, (), Part.EVERYTHING, None)
    if not stopped:
        return Finding(now, known, (), None, None)
    part, concerned = _part(known, stopped, now)
    done = [one.at for one in concerned if one.is_done]
    return Finding(now, known, stopped, part, max(done, default=None))


def _part(known: Sequence[Sweep], stopped: Sequence[Sweep], now: datetime) -> tuple[Part, Sequence[Sweep]]:
    """Return which part stands still, and the sweeps that it consists of."""
    sending = [one for one in known if one.queue in _SENDING]
    reading = [one for one in known if one.queue not in _SENDING]
    for part, members in ((Part.EVERYTHING, known), (Part.SENDING, sending), (Part.READING, reading)):
        if set(members) & set(stopped) and all(one.age(now) > SILENT_SECONDS for one in members):
            return part, members
    return Part.SOME, stopped
