"""`python -m tests.chaos`: reads the options and runs once."""

import argparse
import random
import signal
import sys
from dataclasses import replace

from tests.chaos import mutants
from tests.chaos.mutants import MUTANTS
from tests.chaos.run import run
from tests.chaos.stage import Plan

SEEDS_FOR_A_BUG = 3


def main() -> int:
    """Run as asked; the exit code is 0 when all agrees."""
    parser = argparse.ArgumentParser(prog="relevo chaos", description="The whole product under random faults, judged.")
    parser.add_argument("--seed", type=int, help="another one each time, which is printed, if left out")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--pace", type=float, default=10.0, help="divides every length of the rules")
    parser.add_argument("--minutes", type=float, default=0.0, help="the whole may take this; 0: by the pace")
    parser.add_argument("--mutant", choices=["today", *sorted(MUTANTS)], help="plant a bug, which must be found")
    parser.add_argument("--doubled", action="store_true", help="two workers of each kind, two beats, two webs")
    parser.add_argument("--power", action="store_true", help="twenty hard stops of everything at once")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended on the way out
    mutant = mutants.of_today() if given.mutant == "today" else given.mutant
    usual = mutants.MUTANTS[mutant].seed if mutant else random.SystemRandom().randrange(10**6)
    first = usual if given.seed is None else given.seed
    plan = Plan(
        seed=first,
        database=given.database,
        pace=given.pace,
        minutes=given.minutes,
        mutant=mutant,
        is_doubled=given.doubled,
        is_power=given.power,
    )
    # A planted bug has to be found within three seeds, for no run breaks everything in every way.
    tries = SEEDS_FOR_A_BUG if mutant and given.seed is None else 1
    return 0 if any(run(replace(plan, seed=first + number)) == 0 for number in range(tries)) else 1


if __name__ == "__main__":
    sys.exit(main())
