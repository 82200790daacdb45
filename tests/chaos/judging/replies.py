"""Replies against the ledger: said once, known as said, and nothing else shown as said (DESIGN 2, RULES D1 to D6).

A person may decide what the product can't prove (D1): a reply that stood at `needs_person` may have been sent again,
given up, or declared sent by a member, and what follows from that is theirs. The activity says who did it.
"""

from collections import Counter
from collections.abc import Iterator

from tests.chaos.judging.ledger import Accepted
from tests.chaos.judging.ownership import Owned, assign
from tests.chaos.judging.tables import Delivery
from tests.chaos.judging.world import World, told

SAID = ("sent", "gone")
AUDIENCES = ("direct", "private", "followers", "unlisted", "public")


def find(world: World) -> Iterator[str]:
    """Yield what was said twice, said by nobody, or is shown otherwise than it is."""
    owned = assign(world)
    decided = decisions(world)
    for accepted in owned.nobodys:
        yield f"{accepted} at {told(accepted.at)} belongs to no delivery: {accepted.text[:60]!r}"
    for delivery in world.replies:
        mine = owned.accepted_of.get(delivery.id, [])
        yield from _said_twice(delivery, mine, decided)
        yield from _shown_otherwise(world, delivery, mine, decided)
        for accepted in mine:
            yield from _misplaced(world, delivery, accepted)
            yield from _too_wide(world, accepted)
    yield from _taken_for_native(world, owned, decided)
    yield from _saved_by_the_key(world, owned, decided)


def decisions(world: World) -> Counter[tuple[int, str]]:
    """Count the moves that members made from `needs_person`, by delivery and new state."""
    found: Counter[tuple[int, str]] = Counter()
    for one in world.activity.get("reply_moved", []):
        if one.member_id is not None and one.before.get("state") == "needs_person":
            found[one.after["delivery_id"], one.after["state"]] += 1
    return found


def _said_twice(delivery: Delivery, mine: list[Accepted], decided: Counter[tuple[int, str]]) -> Iterator[str]:
    if len(mine) > 1 + decided[delivery.id, "queued"]:
        yield f"delivery {delivery.id} ({delivery.state}) was accepted {len(mine)} times: " + ", ".join(
            f"{one.item_id} at {told(one.at)}" for one in mine
        )


def _shown_otherwise(
    world: World, delivery: Delivery, mine: list[Accepted], decided: Counter[tuple[int, str]]
) -> Iterator[str]:
    if delivery.state in SAID:
        yield from _shown_as_said(world, delivery, mine, decided)
    elif mine and delivery.state != "needs_person" and not decided[delivery.id, delivery.state]:
        yield f"delivery {delivery.id} is {delivery.state}, but the platform accepted it: item {mine[0].item_id}"


def _shown_as_said(
    world: World, delivery: Delivery, mine: list[Accepted], decided: Counter[tuple[int, str]]
) -> Iterator[str]:
    message = world.messages.get(delivery.message_id or 0)
    item = None if message is None else world.item_of(message)
    ids = [one.item_id for one in mine]
    if not mine and not decided[delivery.id, "sent"]:
        yield f"delivery {delivery.id} is {delivery.state}, but the platform never accepted it"
    if mine and message is not None and message.external_id is not None and (item is None or item.id not in ids):
        yield f"delivery {delivery.id} is shown as {message.external_id}, but it was accepted as {', '.join(ids)}"
    if delivery.state == "gone" and item is not None and item.removed_at is None:
        yield f"delivery {delivery.id} counts as gone ({delivery.gone_reason}), but {item} stands"


def _taken_for_native(world: World, owned: Owned, decided: Counter[tuple[int, str]]) -> Iterator[str]:
    """A reply of ours is no answer given on the platform, whoever brought it first (D4)."""
    owners = {mine[0].item_id: delivery_id for delivery_id, mine in owned.accepted_of.items() if len(mine) == 1}
    decided_ids = {delivery_id for delivery_id, _state in decided}
    for message in world.messages.values():
        item = world.item_of(message) if message.is_native else None
        delivery_id = owners.get(item.id) if item is not None else None
        if delivery_id is None or delivery_id in decided_ids:
            continue
        yield f"message {message.id} counts as given on the platform, but it is delivery {delivery_id}: {item}"


def _misplaced(world: World, delivery: Delivery, accepted: Accepted) -> Iterator[str]:
    """What stands elsewhere than it was asked to is deleted at once, where it is known to be ours (D6).

    The pages tell nothing but an id; a reply that nobody could read back by that id is not held against the product.
    """
    item = world.item(accepted.personality, accepted.item_id)
    if item is None or item.removed_at is not None or delivery.state not in SAID:
        return
    if accepted.personality == "pages" and (accepted.personality, accepted.item_id) not in world.ledger.read_alone:
        return
    if accepted.parent_id != _right_parent(world, accepted):
        yield f"{accepted} stands under {accepted.parent_id}, asked for was {accepted.wanted_parent_id}"


def _right_parent(world: World, accepted: Accepted) -> str | None:
    """Pages have two levels: an answer to an answer hangs under the topmost; private ones hang nowhere."""
    if accepted.personality == "feed":
        return accepted.wanted_parent_id
    wanted = world.item("pages", accepted.wanted_parent_id)
    is_public = accepted.audience != "direct" and wanted is not None and wanted.kind == "comment"
    return wanted.thread_id if wanted is not None and is_public else None


def _too_wide(world: World, accepted: Accepted) -> Iterator[str]:
    """An answer reaches no more people than what it answers (D7)."""
    parent = world.item(accepted.personality, accepted.wanted_parent_id)
    if parent is not None and AUDIENCES.index(accepted.audience) > AUDIENCES.index(parent.audience):
        yield f"{accepted} is {accepted.audience}, but what it answers is {parent.audience}"


def _saved_by_the_key(world: World, owned: Owned, decided: Counter[tuple[int, str]]) -> Iterator[str]:
    """A repeated key is never relied on (D3): that it came again means that the reply was sent twice."""
    owners = {one.item_id: delivery_id for delivery_id, mine in owned.accepted_of.items() for one in mine}
    for repeated in world.ledger.repeated:
        if not decided[owners.get(repeated.item_id, 0), "queued"]:
            whose = f"delivery {owners[repeated.item_id]}" if repeated.item_id in owners else "an unknown reply"
            yield f"{whose} was sent again at {told(repeated.at)}; its key alone kept {repeated.item_id} single"
