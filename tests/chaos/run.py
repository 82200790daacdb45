"""One run from the empty folder to the verdict."""

import resource
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from tests.chaos import counts, ending, members, platform_faults
from tests.chaos.counts import LEAST, LEAST_WITH_POWER, Counts, ask
from tests.chaos.deciding import TOKEN, Decider
from tests.chaos.faults import Faults
from tests.chaos.judging import judge
from tests.chaos.mutants import plant
from tests.chaos.stage import ROOT, Plan, Stage, Stuck, answers, connect_channels, staged, until
from tests.chaos.traffic import Traffic

PROGRESS_SECONDS = 30.0
SHOWN = 30
# A bug with which nothing works at all is no bug that proves a judge.
LEAST_WITH_BUG = 50
# At pace 10, other paces in proportion: how long there is traffic, how much longer if something is still missing,
# how long the rest may take, and when the run has failed.
TRAFFIC_SECONDS = 130.0
MORE_SECONDS = 80.0
REST_SECONDS = 130.0
LIMIT_SECONDS = 360.0
# How long a deadline may have passed before somebody is told: the channel is read first, and a sweep comes by.
TOLD_SECONDS = 15.0
# Between two deeds of a member; what their pages take of it on a busy machine is the same at every pace. The feed takes
# 300 replies in three hours, and what is above that would wait for the next three.
BETWEEN_SECONDS, PAGES_SECONDS = 4.0, 2.5


@dataclass
class Outcome:
    """What came of a run: `findings` are broken promises, `faults` say why the run itself does not count."""

    findings: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    replies: int = 0  # that were accepted


def run(plan: Plan) -> int:
    """Run once and print what came of it; returns the exit code.

    It is 0 when all agrees, and with a planted bug when that was found.
    """
    folder = Path(tempfile.mkdtemp(prefix="relevo-chaos."))
    source = plant(plan.mutant, ROOT, folder / "source") if plan.mutant else ROOT
    outcome = Outcome()
    try:
        with staged(plan, folder, source) as stage:
            _Run(stage, outcome).play()
    except Stuck as error:
        say(str(error))
        outcome.faults.append(str(error).splitlines()[0])
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    say(f"its processes used {used.ru_utime + used.ru_stime:.0f} s of processor time")
    return _report(plan, folder, outcome)


def _report(plan: Plan, folder: Path, outcome: Outcome) -> int:
    for line in [*outcome.findings[:SHOWN], *outcome.faults]:
        print(f"chaos: {line}")
    if len(outcome.findings) > SHOWN:
        print(f"chaos: and {len(outcome.findings) - SHOWN} more")
    if plan.mutant:
        is_found = bool(outcome.findings) and outcome.replies >= LEAST_WITH_BUG
        print(f"chaos: {plan.mutant} was {'found' if is_found else 'NOT FOUND'} with seed {plan.seed}")
        print(f"chaos: everything is kept in {folder}")  # whether it was found for what it is has to be seen
        return 0 if is_found else 1
    is_good = not outcome.findings and not outcome.faults
    print(f"chaos: {'all agrees' if is_good else f'FAILED; everything is kept in {folder}'}")
    if is_good:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if is_good else 1


def say(text: str) -> None:
    """Print a line of progress."""
    print(f"chaos: {text}", file=sys.stderr, flush=True)


class Actor(Protocol):
    """Somebody who acts in a thread of their own until told to stop."""

    thread: threading.Thread
    stopping: threading.Event


class _Run:
    """A run on a prepared stage."""

    def __init__(self, stage: Stage, outcome: Outcome) -> None:
        self.stage = stage
        self.outcome = outcome
        self.plan = stage.plan
        self.began = time.monotonic()
        self.told_at = self.began
        self.ended_at = 0.0
        self.scale = 10 / self.plan.pace * (2.5 if self.plan.is_power else 1.0)
        self.limit_seconds = self.plan.minutes * 60 or LIMIT_SECONDS * self.scale
        self.faults = Faults(stage, self.scale)
        self.traffic = Traffic(stage, self.plan, 0.9 * LEAST.messages / (TRAFFIC_SECONDS * self.scale))

    def play(self) -> None:
        """Do everything, and write down what is wrong."""
        for fault in platform_faults.lasting(self.plan):
            self.faults.tell(fault)
        self.traffic.begin()
        connect_channels(self.stage)
        writers = members.hire(self.stage, BETWEEN_SECONDS * self.scale - PAGES_SECONDS)
        decider = Decider(self.stage, writers[0].browser, 2 * self.scale)
        say(f"ready after {self.seconds():.0f} s: seed {self.plan.seed}, {self.plan.database}, pace {self.plan.pace:g}")
        self.live([self.traffic, decider, *writers])
        written = sum((one.done for one in writers), start=Counter[str]())
        for what, done in (("said", self.traffic.done), ("written", written), ("decided", decider.done)):
            say(f"{what}: {tell(done)}")
        self.outcome.findings += [line for one in writers for line in one.broken]
        say(f"went wrong: {tell(self.faults.done)}")
        self.heal()
        self.rest()
        say(f"{decider.clear_quarantine()} items in quarantine decided on")
        late = counts.came_back(self.stage.database)
        say(f"at rest after {self.seconds():.0f} s: {self.count()}, {late} workers came back late")
        self.outcome.replies = self.count().replies
        self.outcome.faults += [f"not enough to count: {one}" for one in self.missing()]
        self.ended_at = time.time()
        self.stage.end_product()
        self.outcome.findings += self.judge()

    def rest(self) -> None:
        """Wait until nothing moves any more; what does not come to rest is judged as it is."""
        try:
            ending.rest(self.stage, REST_SECONDS * self.scale, self.step)
        except Stuck as error:
            self.outcome.faults.append(str(error))

    def live(self, actors: Sequence[Actor]) -> None:
        """Let everybody act and everything break, until it was enough to count or too long."""
        for actor in actors:
            actor.thread.start()
        self.faults.begin()
        ends = time.monotonic() + TRAFFIC_SECONDS * self.scale
        self.until(ends, lambda: False)
        self.until(ends + MORE_SECONDS * self.scale, lambda: not self.missing())
        self.outcome.faults += [
            f"{type(one).__name__} ended by an error" for one in actors if not one.thread.is_alive()
        ]
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
        findings += said_twice(self.stage)
        verdict = judge(
            self.stage.ledger,
            self.stage.database.url,
            pace=self.plan.pace,
            read_at=self.ended_at - TOLD_SECONDS * self.scale,
        )
        say(f"the judge counted: {tell(Counter(verdict.counts))}")
        return [*findings, *verdict.findings]

    def until(self, deadline: float, is_enough: Callable[[], bool]) -> None:
        """Look after everything and break things, until then or until it is enough."""
        ask_again_at = 0.0
        while time.monotonic() < deadline:
            self.faults.step()
            self.step()
            time.sleep(0.1)
            if time.monotonic() > ask_again_at:
                if is_enough():
                    return
                ask_again_at = time.monotonic() + 2

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

    def missing(self) -> list[str]:
        """Name what is still too little to count."""
        least = LEAST_WITH_POWER if self.plan.is_power else LEAST
        return [*self.count().missing(least), *self.faults.missing()]

    def seconds(self) -> float:
        """Return how long this run has taken."""
        return time.monotonic() - self.began


def doctor(stage: Stage) -> list[str]:
    """Return what the product's own doctor would mend."""
    try:
        stage.errand("inbox.cli", "doctor")
    except Stuck as error:
        lines = [line for line in str(error).splitlines()[1:] if line and not line.startswith("sweeps stand still")]
        return [f"doctor: {line}" for line in lines]  # the product has been ended: its sweeps do stand still
    return []


def said_twice(stage: Stage) -> list[str]:
    """Return replies that were pressed once, for their words are their own, and accepted more than once."""
    texts = [str(row["text"]) for row in ask(stage.ledger, "SELECT text FROM accepted")]
    counted = Counter(found.group() for text in texts if (found := TOKEN.search(text)))
    return [f"a reply was accepted {count} times: {token}" for token, count in counted.items() if count > 1]


def tell(done: Counter[str]) -> str:
    """Write in one line how often what was done."""
    return ", ".join(f"{count} {name}" for name, count in sorted(done.items()))
