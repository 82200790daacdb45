"""What goes wrong on the platforms' side: lengths are those of pace 1, divided by the run's pace."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from tests.chaos.stage import PERSONALITIES, Plan

Given = Mapping[str, Any]
COUNTED_SECONDS = 60.0
# What stays as it is until the end: a platform whose clock jumps back is another world, not a fault that heals.
LASTING = ("clock_skew", "ignore_idempotency_key")


def lasting(plan: Plan) -> list[Given]:
    """Return how both worlds are from the first moment to the last: clocks that are wrong, keys that mean nothing."""
    chance = random.Random(f"{plan.seed}:worlds")
    found: list[Given] = [
        {"personality": one, "kind": "clock_skew", "seconds": seconds}
        for one, seconds in skews(plan).items()
        if seconds
    ]
    if chance.random() < 0.5:
        found.append({"personality": "feed", "kind": "ignore_idempotency_key"})
    return found


def skews(plan: Plan) -> dict[str, float]:
    """Return how far each platform's clock is ahead of the true one: up to ten minutes either way."""
    chance = random.Random(f"{plan.seed}:skew")
    return {one: round(chance.choice((0, 1, 1, 1)) * chance.uniform(-600, 600)) for one in PERSONALITIES}


def outage(plan: Plan, chance: random.Random) -> Given:
    """Return an outage of ten minutes."""
    return {"personality": chance.choice(PERSONALITIES), "kind": "outage", "lasts_seconds": plan.paced(600)}


def slow_writes(plan: Plan) -> list[Given]:
    """Return platforms that take their time to answer a write, less than the product waits for."""
    known = {"kind": "slow", "on": "write", "seconds": plan.paced(14), "count": 4, "lasts_seconds": plan.paced(120)}
    return [{"personality": one, **known} for one in PERSONALITIES]


def any_fault(plan: Plan, chance: random.Random) -> Given:
    """Return one of all the others."""
    kind = chance.choices(list(_KINDS), [weight for weight, _ in _KINDS.values()])[0]
    given = dict(_KINDS[kind][1](plan, chance))
    personality = given.pop("personality", chance.choice(PERSONALITIES))
    # What is counted in requests ends in time too: a slow machine makes few requests, and faults would pile up.
    given.setdefault("lasts_seconds", plan.paced(COUNTED_SECONDS))
    return {"personality": personality, "kind": given.pop("kind", kind), **given}


def _few(_plan: Plan, chance: random.Random) -> Given:
    return {"count": chance.randint(1, 3)}


def _many(_plan: Plan, chance: random.Random) -> Given:
    return {"count": chance.randint(3, 12)}


def _some_reads(_plan: Plan, chance: random.Random) -> Given:
    return {"count": chance.randint(1, 3), "on": "read"}


def _one_or_two(_plan: Plan, chance: random.Random) -> Given:
    return {"count": chance.randint(1, 2)}


def _slow(plan: Plan, chance: random.Random) -> Given:
    return {"count": chance.randint(1, 4), "seconds": plan.paced(chance.uniform(2, 30))}


def _hang(plan: Plan, _chance: random.Random) -> Given:
    return {"count": 1, "seconds": plan.paced(40)}


def _hang_after(plan: Plan, chance: random.Random) -> Given:
    return {"count": chance.randint(1, 3), "seconds": plan.paced(60)}


def _before_write(kind: str) -> Callable[[Plan, random.Random], Given]:
    return lambda _plan, chance: {"kind": kind, "on": "write", "count": chance.randint(1, 2)}


def _for_a_while(plan: Plan, chance: random.Random) -> Given:
    return {"lasts_seconds": plan.paced(chance.uniform(10, 60))}


def _limited(plan: Plan, chance: random.Random) -> Given:
    # The pages tell whole minutes whatever the pace, so there it would be an outage.
    return {"personality": "feed", "seconds": plan.paced(chance.uniform(20, 90))}


def _lag(plan: Plan, chance: random.Random) -> Given:
    return {"seconds": plan.paced(30), "lasts_seconds": plan.paced(chance.uniform(60, 240))}


def _late(plan: Plan, chance: random.Random) -> Given:
    # Within what each of them is read back: five seconds on the feed, a minute on the pages.
    personality, seconds = chance.choice((("feed", 3.5), ("pages", 40.0)))
    lasts = plan.paced(chance.uniform(30, 120))
    return {"personality": personality, "seconds": plan.paced(seconds), "lasts_seconds": lasts}


def _unlookable(plan: Plan, chance: random.Random) -> Given:
    return {"lasts_seconds": plan.paced(chance.uniform(60, 300))}


_KINDS: dict[str, tuple[int, Callable[[Plan, random.Random], Given]]] = {
    "error_500": (3, _some_reads),
    "error_503_html": (3, _some_reads),
    "slow": (3, _slow),
    "hang": (2, _hang),
    "malformed_json": (3, _one_or_two),
    "malformed_item": (3, _one_or_two),
    "duplicates": (4, _many),
    "reorder": (4, _many),
    "repeat_page": (2, _for_a_while),
    "empty_200": (2, _for_a_while),
    "rate_limited": (1, _limited),
    "low_budget": (1, _for_a_while),
    "hang_after_accept": (3, _hang_after),
    "drop_after_accept": (4, _few),
    "error_500_after_accept": (3, _few),
    "error_503_after_accept": (3, _few),
    "500 before a write": (2, _before_write("error_500")),
    "503 before a write": (2, _before_write("error_503_html")),
    "lost before a write": (2, lambda _plan, _chance: {"kind": "outage", "on": "write", "count": 1}),
    "refuse": (1, lambda _plan, _chance: {"count": 1}),
    "misplace": (1, lambda _plan, _chance: {"count": 1}),
    "lookup_lag_seconds": (4, _lag),
    "no_lookup": (2, _unlookable),
    "late_rows": (3, _late),
}
