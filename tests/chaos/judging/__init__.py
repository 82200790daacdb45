"""The judge of a chaos run: compares the sandbox's ledger with the product's tables once all is at rest.

It imports nothing of the product, its workers, its launcher or the sandbox (tests/house/test_plan.py): it reads two
databases with SQL, and what it takes for right is its own reading of RULES A to D, never the product's code.
"""

from dataclasses import dataclass
from pathlib import Path

from tests.chaos.judging import counting, order, presence, removed, replies, timers, waiting
from tests.chaos.judging.world import World


@dataclass(frozen=True)
class Verdict:
    """What a comparison came to: plain sentences that name ids, none if everything agrees; and how much there was."""

    findings: tuple[str, ...]
    counts: dict[str, int]


def judge(ledger: Path, database_url: str, *, pace: float, read_at: float) -> Verdict:
    """Compare a ledger (the sandbox's ledger.sqlite) with a database, after faults, polls and looks have ended.

    `pace` divides every length of the rules, as RELEVO_PACE does. `read_at`, seconds since 1970: what was due before
    it the product has had time to tell.
    """
    world = World.read(ledger, database_url, pace, read_at)
    parts = (presence, removed, replies, order, waiting)
    findings = tuple(finding for part in parts for finding in part.find(world))
    # Clocks follow the messages: where these are wrong already, it is said once.
    return Verdict(findings or tuple(timers.find(world)), counting.count(world))
