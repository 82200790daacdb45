"""One run from the empty folder to the verdict."""

import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from tests.chaos import counts, ending, members, platform_faults
from tests.chaos.counts import LEAST, Counts
from tests.chaos.deciding import Decider
from tests.chaos.faults import Faults
from tests.chaos.stage import ROOT, Plan, Stage, Stuck, answers, connect_channels, staged, until
from tests.chaos.traffic import Traffic

PROGRESS_SECONDS = 30.0
# At pace 10, other paces in proportion: how long there is traffic, how much longer if something is still missing,
# how long the rest may take, and when the run has failed.
TRAFFIC_SECONDS = 130.0
MORE_SECONDS = 60.0
REST_SECONDS = 110.0
LIMIT_SECONDS = 360.0


def run(plan: Plan) -> int:
    """Run once and print what came of it; returns the exit code."""
    folder = Path(tempfile.mkdtemp(prefix="relevo-chaos."))
    try:
        with staged(plan, folder, ROOT) as stage:
            findings = _Run(stage).play()
    except Stuck as error:
        say(str(error))
        findings = [str(error).splitlines()[0]]
    for finding in findings:
        print(f"chaos: {finding}")
    if findings:
        print(f"chaos: FAILED; everything is kept in {folder}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    print("chaos: all agrees")
    return 0


def say(text: str) -> None:
    """Print a line of progress."""
    print(f"chaos: {text}", file=sys.stderr, flush=True)


class Actor(Protocol):
    """Somebody who acts in a thread of their own until told to stop."""

    thread: threading.Thread
    stopping: threading.Event


class _Run:
    """A run on a prepared stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.plan = stage.plan
        self.began = time.monotonic()
        self.told_at = self.began
        self.scale = 10 / self.plan.pace * (2.5 if self.plan.is_power else 1.0)
        self.limit_seconds = self.plan.minutes * 60 or LIMIT_SECONDS * self.scale
        self.faults = Faults(stage, self.scale)
        self.traffic = Traffic(stage, self.plan, 1.15 * LEAST.messages / (TRAFFIC_SECONDS * self.scale))

    def play(self) -> list[str]:
        """Do everything, and return what is wrong."""
        for fault in platform_faults.lasting(self.plan):
            self.faults.tell(fault)
        self.traffic.begin()
        connect_channels(self.stage)
        writers = members.hire(self.stage, self.scale)
        decider = Decider(self.stage, writers[0].browser, 2 * self.scale)
        say(f"ready after {self.seconds():.0f} s: seed {self.plan.seed}, {self.plan.database}, pace {self.plan.pace:g}")
        self.live([self.traffic, decider, *writers])
        written = sum((one.done for one in writers), start=Counter[str]())
        for what, done in (("said", self.traffic.done), ("written", written), ("decided", decider.done)):
            say(f"{what}: {tell(done)}")
        say(f"went wrong: {tell(self.faults.done)}")
        self.heal()
        ending.rest(self.stage, REST_SECONDS * self.scale, self.step)
        say(f"{decider.clear_quarantine()} items in quarantine decided on")
        reached = self.count()
        say(f"at rest after {self.seconds():.0f} s: {reached}, {counts.came_back(self.stage.database)} came back late")
        self.stage.end_product()
        return [f"not enough to count: {one}" for one in reached.missing(LEAST)] + self.judge()

    def live(self, actors: Sequence[Actor]) -> None:
        """Let everybody act and everything break, until it was enough to count or too long."""
        for actor in actors:
            actor.thread.start()
        self.faults.begin()
        ends = time.monotonic() + TRAFFIC_SECONDS * self.scale
        self.until(ends, lambda: False)
        self.until(ends + MORE_SECONDS * self.scale, lambda: not self.count().missing(LEAST))
        for actor in actors:
            actor.stopping.set()
        for actor in actors:
            actor.thread.join()
        say(f"everybody stops after {self.seconds():.0f} s: {self.count()}")

    def heal(self) -> None:
        """End all faults, and wait until everything answers."""
        self.faults.heal()
        until(self.stage, self.faults.heal_platforms, "the platforms' faults are ended")
        for port in self.stage.ports:
            until(self.stage, partial(answers, f"http://127.0.0.1:{port}/healthz"), "the pages answer")

    def judge(self) -> list[str]:
        """Compare, once everything stands still."""
        findings = [f"integrity: {line}" for line in self.stage.database.check_integrity()]
        findings += doctor(self.stage)
        return findings

    def until(self, deadline: float, is_enough: Callable[[], bool]) -> None:
        """Look after everything and break things, until then or until it is enough."""
        while time.monotonic() < deadline and not is_enough():
            self.faults.step()
            self.step()
            time.sleep(0.1)

    def step(self) -> None:
        """Start what died, and say how far it is; raises Stuck when all has taken too long."""
        self.stage.look_after()
        if time.monotonic() - self.told_at > PROGRESS_SECONDS:
            self.told_at = time.monotonic()
            say(f"{self.seconds():.0f} s: {self.count()}")
        if self.seconds() > self.limit_seconds:
            raise Stuck(f"the run took more than {self.limit_seconds:.0f} s: {self.count()}")

    def count(self) -> Counts:
        """Return what has happened so far."""
        return counts.read(self.stage.ledger, self.stage.database, self.faults.kills, self.faults.flushes)

    def seconds(self) -> float:
        """Return how long this run has taken."""
        return time.monotonic() - self.began


def doctor(stage: Stage) -> list[str]:
    """Return what the product's own doctor would mend."""
    try:
        stage.errand("inbox.cli", "doctor")
    except Stuck as error:
        return [f"doctor: {line}" for line in str(error).splitlines()[1:] if line]
    return []


def tell(done: Counter[str]) -> str:
    """Write in one line how often what was done."""
    return ", ".join(f"{count} {name}" for name, count in sorted(done.items()))
