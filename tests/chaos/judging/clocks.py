"""When the clock of a message has to start: the judge's own reading of RULES C1, as the least and the latest time.

Exact where the platform's clock is right: what the platform tells, but not after the message was received. That time,
and whether the platform told of the arrival (the feed does in a notification, not in a tree), only the product knows;
they stand on the message, and what it has of told times is compared with the ledger. So the tables can make no clock
right that the ledger calls wrong.

Where the platform's clock is off the comparison is lenient, by as much as a `Date` header can tell: it has whole
seconds, and an answer takes its time (`ANSWER_SECONDS`). The skew is the one that was on when the message was read,
in the half minute before it was received. What is back-dated by more than ten minutes begins with the last complete
poll, which lies between the told time and the receipt.
"""

from math import floor

from tests.chaos.judging.ledger import Item, Ledger
from tests.chaos.judging.tables import Message
from tests.chaos.judging.world import World

SKEW_SHOWN_SECONDS = 60.0
BACK_DATED_SECONDS = 600.0
READ_WITHIN_SECONDS = 30.0
ANSWER_SECONDS = 2.0
EXACT_SECONDS = 0.002
# How finely each platform tells times.
GRAINS = {"feed": 0.001, "pages": 1.0}


def told_times(item: Item, message: Message) -> tuple[float | None, float]:
    """Return what the platform told of a message: when it arrived, if it said so to us, and when it was written."""
    authored = _as_told(item, item.told_authored_at)
    if item.personality == "pages":
        return authored, authored
    knows_arrival = item.told_arrived_at is not None and message.arrived_at is not None
    return (_as_told(item, item.told_arrived_at or 0.0) if knows_arrival else None), authored


def clock_between(world: World, item: Item, message: Message) -> tuple[float, float]:
    """Return the earliest and the latest right `clock_at`."""
    arrived, authored = told_times(item, message)
    told = authored if arrived is None else arrived
    found = [_subtracted(told, skew, world.paced(SKEW_SHOWN_SECONDS)) for skew in _skews(world.ledger, item, message)]
    low, high = min(one[0] for one in found), max(one[1] for one in found)
    if arrived is None and low < message.received_at - world.paced(BACK_DATED_SECONDS):
        high = message.received_at
    return min(low, message.received_at) - EXACT_SECONDS, min(high, message.received_at) + EXACT_SECONDS


def is_as_told(item: Item, message: Message) -> bool:
    """Tell whether a message has the times that the platform told."""
    arrived, authored = told_times(item, message)
    return _is_same(message.authored_at, authored) and (arrived is None or _is_same(message.arrived_at, arrived))


def _as_told(item: Item, at: float) -> float:
    grain = GRAINS[item.personality]
    return floor(at / grain + 1e-6) * grain if grain < 1 else float(floor(at))


def _is_same(kept: float | None, told: float) -> bool:
    return kept is not None and abs(kept - told) <= EXACT_SECONDS


def _skews(ledger: Ledger, item: Item, message: Message) -> set[float]:
    """Return every skew that was on shortly before the message was received."""
    since, until = message.received_at - READ_WITHIN_SECONDS, message.received_at
    changes = list(ledger.under(item.personality, "clock_skew", since, until))
    skews = {float(one.params.get("seconds", 0.0)) for one in changes}
    is_on_throughout = any(one.at <= since for one in changes) and all(
        ledger.is_under(item.personality, "clock_skew", at) for at in (since, until)
    )
    return skews if is_on_throughout else skews | {0.0}


def _subtracted(told: float, skew: float, shown_from: float) -> tuple[float, float]:
    if skew == 0.0:
        return told, told
    margin = 1 + ANSWER_SECONDS
    # What a Date leaves open makes no clock look more wrong than it is, so the rest lies on the told time's side.
    ends = (told - skew, told - skew + (margin if skew > 0 else -margin))
    is_sure = abs(skew) > shown_from + margin
    return (min(ends), max(ends)) if is_sure else (min(*ends, told), max(*ends, told))
