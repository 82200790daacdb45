"""poll_300: one worker reads three hundred channels, each on a host of its own, while thirty of those hang.

The platform is played in this process: an answer takes 50 ms, every tenth brings a message; one that hangs lets go
after the ten seconds that a read may take. `ratio` is the share of polls of channels that answer which began no later
than a tenth after their interval; `cpu_ms` what a poll costs this process, claims and sweeps included.
"""

import itertools
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from sqlalchemy import update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.budgets import DatabaseBudgets
from inbox.channels.models import Channel, ChannelState, ChannelStream
from inbox.intake.poll import Reader
from inbox.platforms.contract import Connection, Unavailable
from inbox.platforms.items import Author, Cursor, Message, Page
from inbox.settings import Pace
from tests.bench.results import Result
from tests.bench.stage import Stage
from workers.polling import SECONDS_AT_ONCE, read_due

CHANNELS, HANGING, STREAMS = 300, 30, ("mentions", "own_posts")
ANSWER_SECONDS, HANG_SECONDS, TICK_SECONDS = 0.05, 10.0, 2.0
SETTLING_SECONDS, MEASURED_SECONDS = 65.0, 130.0
NEW_EVERY = 10
SPREAD_SECONDS = 60.0


@dataclass
class Platform:
    """What every channel talks to; `begun`: when each stream of one that answers was asked."""

    budgets: DatabaseBudgets
    begun: dict[tuple[int, str], list[float]] = field(default_factory=dict)
    hanging: set[int] = field(default_factory=set)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, channel: Channel) -> Connection:
        """Open a connection, as channels/connections.py does."""
        return cast(Connection, _Connection(self, channel.id, f"host:{channel.host}"))


@dataclass(frozen=True)
class _Connection:
    platform: Platform
    channel_id: int
    host: str

    def fetch(self, stream: str, _cursor: Cursor | None, *, is_deep: bool = False) -> Page:
        """Answer, or hang."""
        self.platform.budgets.before(f"channel:{self.channel_id}", is_for_send=False)
        self.platform.budgets.before(self.host, is_for_send=False)
        if self.channel_id in self.platform.hanging:
            threading.Event().wait(HANG_SECONDS)
            self.platform.budgets.timed_out(self.host)
            raise Unavailable("it hangs", code="timeout")
        with self.platform.lock:
            self.platform.begun.setdefault((self.channel_id, stream), []).append(time.monotonic())
            number = next(self.platform.numbers)
        threading.Event().wait(ANSWER_SECONDS)
        self.platform.budgets.answered(self.host)
        items = [] if number % NEW_EVERY else [_message(number)]
        return Page(items=items, cursor_after={"mark": number}, is_complete=True)


def _message(number: int) -> Message:
    writer = Author(f"fan-{number % 500}", handle=f"fan{number % 500}.test", display_name=f"Fan {number % 500}")
    now = clock.now()
    return Message(f"poll-{number}", writer, "comment", "public", "When does it open?", authored_at=now)


class Polling:
    """Three hundred channels, from a minute after the worker began with them."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._shares, self._cpu, self._rates = stage, list[float](), list[float](), list[float]()
        self._engine = stage.engine
        self._platform = Platform(DatabaseBudgets(self._session))
        with self._session() as session:
            session.execute(update(ChannelStream).values(due_at=None))
            session.execute(update(Channel).values(state=ChannelState.PAUSED.value))
            for number in range(CHANNELS):
                _add(session, number, self._platform)
            session.commit()

    def round(self) -> None:
        """Read for three minutes, as the worker's ticks do."""
        reader = Reader(self._session, self._platform.open, Pace())
        self._work(reader, time.monotonic() + SETTLING_SECONDS)
        began, cpu = time.monotonic(), time.process_time()
        count = self._work(reader, began + MEASURED_SECONDS)
        self._cpu.append(1000 * (time.process_time() - cpu) / count)
        self._rates.append(count / (time.monotonic() - began))
        longest = 1.1 * Pace().poll_idle_seconds
        gaps = [
            later - earlier
            for times in self._platform.begun.values()
            for earlier, later in itertools.pairwise([*times, time.monotonic()])
            if later >= began
        ]
        self._shares.append(sum(gap <= longest for gap in gaps) / len(gaps))

    def _work(self, reader: Reader, until: float) -> int:
        count = 0
        while time.monotonic() < until:
            next_tick = time.monotonic() + TICK_SECONDS
            count += read_due(reader, min(time.monotonic() + SECONDS_AT_ONCE, until))
            threading.Event().wait(max(0.0, next_tick - time.monotonic()))
        return count

    def _session(self) -> Session:
        return Session(self._engine)

    def results(self) -> Sequence[Result]:
        """Return the one row."""
        share, cpu, rate = (sorted(values)[len(values) // 2] for values in (self._shares, self._cpu, self._rates))
        stage = self._stage
        return [Result("poll_300", stage.database, stage.rows, ratio=share, cpu_ms=cpu, rate_per_s=rate)]

    def close(self) -> None:
        """Nothing was started."""


def _add(session: Session, number: int, platform: Platform) -> None:
    now = clock.now()
    channel = Channel(
        platform="bluesky",
        external_id=f"poll-{number}",
        handle=f"poll{number}.example",
        service_url=f"https://poll{number}.example",
        host=f"poll{number}.example",
        state_since_at=now,
        created_at=now,
        connected_at=now - timedelta(days=9),
        import_done_at=now,
    )
    session.add(channel)
    session.flush()
    if number < HANGING:
        platform.hanging.add(channel.id)
    for name in STREAMS:
        due_at = now + timedelta(seconds=random.Random(f"{number} {name}").uniform(0, SPREAD_SECONDS))
        session.add(ChannelStream(channel_id=channel.id, name=name, due_at=due_at, deep_due_at=now + timedelta(days=1)))


def open_on(stage: Stage) -> Polling:
    """Add the channels; those that were there are paused."""
    return Polling(stage)
