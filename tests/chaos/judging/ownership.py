"""Which reply of the product each accepted one is: by its key, by the id that it was given, else by words, place, time.

On the feed the key of a reply travels with it and tells for sure. A page takes no key: there the message that bears the
accepted id tells, and where the product never learnt it, the words, the place, and an attempt that had begun. Two
replies of the same words at the same place are told apart by time: the one whose attempt began last before it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.chaos.judging.ledger import Accepted
from tests.chaos.judging.names import PLATFORMS, folded, short
from tests.chaos.judging.tables import Attempt, Delivery
from tests.chaos.judging.world import World, grouped

# Two clocks of one machine, read one after the other.
CLOCK_SECONDS = 0.5


@dataclass
class Owned:
    """Whose each accepted reply is, and what each delivery has."""

    accepted_of: dict[int, list[Accepted]] = field(default_factory=lambda: defaultdict(list))
    nobodys: list[Accepted] = field(default_factory=list)


def assign(world: World) -> Owned:
    """Give each accepted reply to the delivery that made it."""
    owned = Owned()
    attempts = grouped(world.tables.attempts, "delivery_id")
    bound = {_bound_id(world, one): one for one in world.replies}
    unsure: list[Accepted] = []
    for accepted in world.ledger.accepted:
        item = world.item(accepted.personality, accepted.item_id)
        keyed = [one for one in world.replies if accepted.idempotency_key and _has_key(world, one, accepted)]
        row = world.row_of(item)
        sure = keyed or ([bound[row.id]] if row is not None and row.id in bound else [])
        if sure:
            owned.accepted_of[sure[0].id].append(accepted)
        else:
            unsure.append(accepted)
    for accepted in unsure:
        found = _likeliest(world, accepted, attempts, owned)
        if found is None:
            owned.nobodys.append(accepted)
        else:
            owned.accepted_of[found.id].append(accepted)
    return owned


def _bound_id(world: World, delivery: Delivery) -> int | None:
    message = world.messages.get(delivery.message_id or 0)
    return message.id if message is not None and message.external_id is not None else None


def _has_key(world: World, delivery: Delivery, accepted: Accepted) -> bool:
    is_there = world.channels[delivery.channel_id or 0].platform == PLATFORMS[accepted.personality]
    return is_there and delivery.reply_key == accepted.idempotency_key


def _likeliest(world: World, accepted: Accepted, attempts: dict[int, list[Attempt]], owned: Owned) -> Delivery | None:
    """Take the one whose attempt began last, and of those one that has nothing yet."""
    begun: list[tuple[bool, float, Delivery]] = []
    for delivery in world.replies:
        if is_meant(world, delivery, accepted):
            before = _begun_before(attempts.get(delivery.id, []), accepted.at + CLOCK_SECONDS)
            begun += [(delivery.id not in owned.accepted_of, at, delivery) for at in before]
    return max(begun, key=lambda one: one[:2])[2] if begun else None


def _begun_before(attempts: Iterable[Attempt], at: float) -> list[float]:
    return [one.started_at for one in attempts if one.started_at <= at]


def is_meant(world: World, delivery: Delivery, accepted: Accepted) -> bool:
    """Tell whether an accepted reply has the words of a delivery and stands where that one was to stand."""
    if world.channels[delivery.channel_id or 0].platform != PLATFORMS[accepted.personality]:
        return False
    outgoing = delivery.outgoing
    place = outgoing.get("parent_ref") or {}
    wanted = accepted.wanted_parent_id
    places = {outgoing.get("parent_id"), outgoing.get("thread_key"), place.get("thread"), place.get("id")} - {None}
    is_there = wanted in places or (wanted is not None and short(wanted) in places)
    return is_there and folded(str(outgoing.get("text", ""))) == folded(accepted.text)
