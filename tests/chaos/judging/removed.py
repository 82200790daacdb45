"""What was deleted on the platform: believed after two looks, erased in time; nobody is excused for a stray 404 (A6).

When a look was due depends on when the message was received and looked at last, which only the product knows: a
removal is taken for overdue only after the longest wait that the rules allow, counted from the end of all trouble.
"""

from collections import Counter
from collections.abc import Iterator

from tests.chaos.judging.ledger import Item
from tests.chaos.judging.tables import Message
from tests.chaos.judging.world import World, told

# E2, A6, D2: awaiting messages every 15 min, two looks 60 s apart; a lost look is made again after its lease
LOOK_SECONDS, CONFIRM_SECONDS, LEASE_SECONDS = 900.0, 60.0, 120.0
ERASE_SECONDS = 86400.0
# What counts as gone is looked at again after an hour (E2), and may be back.
BACK_SECONDS = 3600.0
# Sweeps and queues take their time whatever the pace is.
MARGIN_SECONDS = 10.0


def find(world: World) -> Iterator[str]:
    """Yield deletions that were missed, invented, or not carried out."""
    copies = Counter(one.message_id for one in world.tables.raw_payloads)
    for message in world.messages.values():
        item = world.item_of(message)
        if item is None:
            continue
        if message.gone_at is None:
            yield from _missed(world, message, item)
        elif item.removed_at is None:
            yield from _invented(world, message, item)
        yield from _erased(world, message, copies[message.id])


def _missed(world: World, message: Message, item: Item) -> Iterator[str]:
    if item.removed_at is None or not message.awaits:
        return
    since = max(item.removed_at, world.ledger.last_trouble_at(item.personality), message.received_at)
    longest = world.paced(LOOK_SECONDS + CONFIRM_SECONDS + LEASE_SECONDS) + MARGIN_SECONDS
    if world.ledger.ended_at - since > longest:
        yield f"message {message.id} ({item}) awaits an answer, though it was removed at {told(item.removed_at)}"


def _invented(world: World, message: Message, item: Item) -> Iterator[str]:
    """A dead account shows nothing: for as long as that lasted, its messages looked deleted (E4)."""
    gone_at = message.gone_at or 0.0
    looked_from = gone_at - world.paced(CONFIRM_SECONDS + LOOK_SECONDS) - MARGIN_SECONDS
    is_young = world.ledger.ended_at - gone_at < world.paced(BACK_SECONDS + LEASE_SECONDS) + MARGIN_SECONDS
    if is_young and any(True for _ in world.ledger.under(item.personality, "empty_200", looked_from, gone_at)):
        return
    yield f"message {message.id} counts as deleted since {told(gone_at)}, but {item} stands"


def _erased(world: World, message: Message, raw_count: int) -> Iterator[str]:
    if message.erased_at is not None:
        if message.gone_at is None:
            yield f"message {message.id} was erased without being gone"
        if message.text or world.wordings.get(message.id) or raw_count:
            yield f"message {message.id} was erased at {told(message.erased_at)}, but a copy of its text is left"
    elif message.gone_at is not None and message.is_inbound:
        longest = world.paced(ERASE_SECONDS + LEASE_SECONDS) + MARGIN_SECONDS
        if world.ledger.ended_at - message.gone_at > longest:
            yield f"message {message.id} is gone since {told(message.gone_at)} and was not erased"
