"""Breaks things by the seed: kills, stands workers still beyond their lease, empties Redis, breaks the platforms."""

import heapq
import itertools
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import httpx
import redis

from tests.chaos import platform_faults
from tests.chaos.processes import Kept, count_connections, send, send_group
from tests.chaos.stage import Stage

# Seconds between two of a kind on average, at pace 10.
KILL_EVERY, PLATFORM_EVERY, STILL_EVERY, FLUSH_EVERY, POWER_EVERY = 3.8, 2.3, 18.0, 15.0, 6.0
HARD_STOPS = 20
# The share of those stopped with SQLite's lock in their hands that may go on at once.
HELD_LET_GO = 0.9
SEND_LEASE_SECONDS, STREAM_LEASE_SECONDS = 120.0, 120.0
# How often each is hit; the others once. Replies need a sender that lives now and then.
_OFTEN = {"worker-poll": 3.0, "worker-poll-2": 3.0, "worker-send": 2.0, "worker-send-2": 2.0}
_SENDING = "SELECT count(*) FROM delivery WHERE state = 'sending'"


class Faults:
    """All that goes wrong in a run; `step` is called again and again from the main thread."""

    def __init__(self, stage: Stage, every: float) -> None:
        """Prepare; `every` stretches the times between faults with the pace."""
        self.stage = stage
        self.done: Counter[str] = Counter()
        self.kills = 0
        self.flushes = 0
        self.hard_stops = 0
        self._chance = random.Random(f"{stage.plan.seed}:faults")
        self._every = every
        self._control = stage.control()
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._still_wanted_until = 0.0

    def begin(self) -> None:
        """Set the times of the first faults."""
        self._repeat(
            *((POWER_EVERY, self.stop_hard) if self.stage.plan.is_power else (KILL_EVERY, self.kill_something))
        )
        self._repeat(PLATFORM_EVERY, self.break_platform)
        self._repeat(STILL_EVERY, self.want_stillness)
        self._repeat(FLUSH_EVERY, self.empty_redis)
        outage = platform_faults.outage(self.stage.plan, self._chance)
        self._after(self._every * self._chance.uniform(15, 45), lambda: self.tell(outage))

    def missing(self) -> list[str]:
        """Name what a run of this kind still lacks, besides its counts."""
        if not self.stage.plan.is_power or self.hard_stops >= HARD_STOPS:
            return []
        return [f"{self.hard_stops} of {HARD_STOPS} hard stops"]

    def step(self) -> None:
        """Do what is due."""
        while self._later and self._later[0][0] <= time.monotonic():
            heapq.heappop(self._later)[2]()
        if time.monotonic() < self._still_wanted_until and self.stage.database.number(_SENDING):
            self.stand_still()

    def heal(self) -> None:
        """End every fault: nothing stands still, nothing is broken, and everything runs."""
        self._later.clear()
        self._still_wanted_until = 0.0
        for kept in list(self.stage.processes.values()):
            send_group(kept.pid, signal.SIGCONT)
        self._end_extra_beat()

    def heal_platforms(self) -> bool:
        """End the platforms' faults, but for those that belong to their world; False while they can't be told."""
        try:
            for fault in self._control.get("/sandbox/faults").json()["faults"]:
                if fault["kind"] not in platform_faults.LASTING:
                    self._control.delete("/sandbox/faults", params={"kind": fault["kind"]}).raise_for_status()
        except httpx.HTTPError:
            return False
        return True

    def kill_something(self) -> None:
        """Kill a child, a main process, a whole group, Redis or the platforms; or stop one for a while."""
        deeds = {
            self.kill_child: 14,
            self.kill_main: 2,
            self.kill_group: 2,
            self.kill_redis: 1,
            self.kill_sandbox: 1,
            self.stop_for_a_while: 2,
            self.start_second_beat: 1,
        }
        self._chance.choices(list(deeds), list(deeds.values()))[0]()

    def kill_child(self) -> None:
        """Kill one of the processes that a worker or a server has forked."""
        kept = self._some()
        children = sorted(kept.children())
        if children:
            send(self._chance.choice(children), signal.SIGKILL)
            self._note_kill(f"child of {kept.name}")

    def kill_main(self) -> None:
        """Kill a main process alone: its children must find out by themselves."""
        kept = self._some()
        kept.kill()
        self._note_kill(kept.name)

    def kill_group(self) -> None:
        """Kill a process with all it started."""
        kept = self._some()
        kept.kill_group()
        self._note_kill(f"group of {kept.name}")

    def kill_redis(self) -> None:
        """Kill Redis; it comes back with what its file holds, or with nothing."""
        self.stage.processes["redis"].kill_group()
        self._note_kill("redis")

    def kill_sandbox(self) -> None:
        """Kill the platforms; their state and the ledger survive."""
        self.stage.processes["sandbox"].kill_group()
        self._note_kill("sandbox")

    def stop_for_a_while(self) -> None:
        """Let a process stand still, at times for longer than a reader's lease."""
        kept, seconds = self._some(), self._chance.choice((0.1, 0.5, 1.1)) * STREAM_LEASE_SECONDS
        if self._stop([kept.pid, *kept.children()], seconds):
            self.done[f"stopped {kept.name}"] += 1

    def start_second_beat(self) -> None:
        """Let two beats tick for a while."""
        if "beat-extra" not in self.stage.processes:
            self.stage.again("beat", "beat-extra")
            self._after(self.stage.plan.paced(150), self._end_extra_beat)
            self.done["second beat"] += 1

    def want_stillness(self) -> None:
        """Make writes slow, and stand a sender still as soon as one is in the middle of its work.

        On both platforms: a write that takes a moment has ended before its sender can be stopped.
        """
        for slow in platform_faults.slow_writes(self.stage.plan):
            self.tell(slow)
        self._still_wanted_until = time.monotonic() + self.stage.plan.paced(120)

    def stand_still(self) -> None:
        """Stop a sender in the middle of a write beyond its lease: at times the whole worker, else the child alone."""
        senders = [kept for name, kept in self.stage.processes.items() if name.startswith("worker-send")]
        port = httpx.URL(str(self.stage.told()["url"])).port or 80
        # Reads share a connection that stays open; a write has one of its own.
        found = [(count_connections(child, port), child, kept) for kept in senders for child in kept.children()]
        most = max((count for count, _, _ in found), default=0)
        if most == 0:
            return
        kept, child = self._chance.choice([(kept, child) for count, child, kept in found if count == most])
        whole = [kept.pid, *kept.children()] if self._chance.random() < 0.2 else [child]
        if self._stop(whole, self._chance.uniform(1.05, 1.3) * SEND_LEASE_SECONDS):
            self._still_wanted_until = 0.0
            self.done["stood still"] += 1

    def empty_redis(self) -> None:
        """Forget everything that Redis holds."""
        try:
            with self.stage.redis() as link:
                link.flushall()
        except redis.RedisError:
            return
        self.flushes += 1

    def break_platform(self) -> None:
        """Let something go wrong on a platform."""
        self.tell(platform_faults.any_fault(self.stage.plan, self._chance))

    def stop_hard(self) -> None:
        """Kill everything at once, and start it again."""
        self.kills += len(self.stage.processes)
        self.hard_stops += 1
        self.stage.kill_everything()

    def tell(self, fault: Mapping[str, Any]) -> None:
        """Switch a platform's fault on."""
        try:
            self._control.post("/sandbox/faults", json=dict(fault)).raise_for_status()
        except httpx.TransportError:  # killed just now
            return
        self.done[str(fault["kind"])] += 1

    def _some(self) -> Kept:
        """Return one of the product's processes, a worker more often than others."""
        names = [kept.name for kept in self.stage.product()]
        return self.stage.processes[self._chance.choices(names, [_OFTEN.get(one, 1.0) for one in names])[0]]

    def _note_kill(self, what: str) -> None:
        self.kills += 1
        self.done[f"killed {what}"] += 1

    def _stop(self, pids: list[int], seconds: float) -> bool:
        """Stop processes for so long; tells whether they stand.

        One that holds SQLite's only write lock holds up everybody. That is tried now and then: always, it would leave
        no time for anything else.
        """
        for pid in pids:
            send(pid, signal.SIGSTOP)
        if self.stage.database.is_held() and self._chance.random() < HELD_LET_GO:
            _go_on(pids)
            return False
        self._after(self.stage.plan.paced(seconds), partial(_go_on, pids))
        return True

    def _end_extra_beat(self) -> None:
        extra = self.stage.processes.pop("beat-extra", None)
        if extra is not None:
            extra.end()

    def _after(self, seconds: float, deed: Callable[[], None]) -> None:
        heapq.heappush(self._later, (time.monotonic() + seconds, next(self._number), deed))

    def _repeat(self, seconds: float, deed: Callable[[], None]) -> None:
        def do() -> None:
            deed()
            self._repeat(seconds, deed)

        self._after(self._every * seconds * self._chance.uniform(0.4, 1.6), do)


def _go_on(pids: Sequence[int]) -> None:
    for pid in pids:
        send(pid, signal.SIGCONT)
