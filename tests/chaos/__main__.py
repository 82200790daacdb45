"""`python -m tests.chaos`: reads the options and runs once."""

import argparse
import random
import sys

from tests.chaos.run import run
from tests.chaos.stage import Plan


def main() -> int:
    """Run as asked; the exit code is 0 when all agrees."""
    parser = argparse.ArgumentParser(prog="relevo chaos", description="The whole product under random faults, judged.")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--pace", type=float, default=10.0, help="divides every length of the rules")
    parser.add_argument("--minutes", type=float, default=0.0, help="the whole may take this; 0: by the pace")
    parser.add_argument("--mutant", help="plant this bug first; the run is then expected to fail")
    parser.add_argument("--doubled", action="store_true", help="two workers of each kind, two beats, two webs")
    parser.add_argument("--power", action="store_true", help="twenty hard stops of everything at once")
    given = parser.parse_args()
    plan = Plan(
        seed=given.seed,
        database=given.database,
        pace=given.pace,
        minutes=given.minutes,
        mutant=given.mutant,
        is_doubled=given.doubled,
        is_power=given.power,
    )
    return run(plan)


if __name__ == "__main__":
    sys.exit(main())
