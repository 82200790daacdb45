"""Which answers there are and whom each one answers: the judge's own reading of RULES B1, B2 and B4.

An answer from here settles what its writer had on the screen: that place in the thread is a field of the form, and only
the delivery has it. What was edited after Send was pressed had not been read by its writer, and counts as edited after
the answer (A6). An answer given on the platform settles what is older than itself by the author of its parent;
without such a parent, everybody's in a private thread, and in a public one that of the people it names. When it came
to count, and whom a member said it answered, the activity tells. An answer that ceased to exist within a day counts
no more.

Lenient by one grain of the platform's clock (a second on pages): what was said within the same grain as a native answer
may count as older or not. And where a page never showed a parent, nobody can know whose it was.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf

from tests.chaos.judging.awaiting import Asks
from tests.chaos.judging.clocks import ANSWER_SECONDS, GRAINS
from tests.chaos.judging.ledger import Item
from tests.chaos.judging.names import is_private
from tests.chaos.judging.tables import Delivery, Message
from tests.chaos.judging.world import World

VOID_WITHIN_SECONDS = 86400.0


@dataclass(frozen=True)
class Given:
    """An answer. `since`: when it came to count; `void_at`: when it ceased to. `up_to`: places that were on screen."""

    message: Message
    since: float
    void_at: float
    is_native: bool
    conversations: frozenset[int]
    perhaps: frozenset[int] = frozenset()  # for these it may count, and may not
    parent_id: int | None = None
    up_to: tuple[tuple[int, int, int], ...] = ()  # conversation, above this seq, up to this seq
    grain: float = 0.0
    said_at: float = 0.0  # when the platform took it, by the true clock
    pressed_at: float = inf  # when its writer pressed Send: what was worded otherwise later, they had not read

    def covers(self, message: Message) -> Asks:
        """Tell whether it answers a message."""
        mine = message.conversation_id or 0
        if not self.is_native:
            return _yes(any(one == mine and low < (message.seq or 0) <= high for one, low, high in self.up_to))
        if mine in self.perhaps:
            return Asks.EITHER
        if mine not in self.conversations or message.id == self.parent_id:
            return _yes(mine in self.conversations)
        return self.is_after(message)

    def is_after(self, message: Message) -> Asks:
        """Tell whether it was given after a message was written."""
        return _by_time(self.message.clock_at - message.clock_at, self.grain)

    def is_before(self, message: Message) -> Asks:
        """Tell whether a message was written after it."""
        said_at = self.message.clock_at if self.is_native else self.said_at
        return _by_time(message.clock_at - said_at, max(self.grain, ANSWER_SECONDS))


def list_given(world: World) -> list[Given]:
    """Return every answer that counts or counted."""
    return [*_replies(world), *_natives(world)]


def by_conversation(given: Iterable[Given]) -> dict[int, list[Given]]:
    """Return the answers that each conversation has, or may have."""
    found: dict[int, list[Given]] = defaultdict(list)
    for one in given:
        for conversation_id in one.conversations | one.perhaps:
            found[conversation_id].append(one)
    return found


def _yes(value: object) -> Asks:
    return Asks.YES if value else Asks.NO


def _by_time(seconds: float, grain: float) -> Asks:
    return Asks.EITHER if abs(seconds) <= grain else _yes(seconds > 0)


def _replies(world: World) -> Iterator[Given]:
    sent_at = {one.after.get("delivery_id"): one.at for one in world.activity.get("reply_sent", [])}
    for delivery in world.replies:
        message = world.messages.get(delivery.message_id or 0)
        if message is None or delivery.state not in ("sent", "gone") or delivery.gone_reason == "misplaced":
            continue
        since, item = sent_at.get(delivery.id), world.item_of(message)
        if since is not None:  # else it stood in the wrong place from the first and answered nobody
            targets = tuple(_on_screen(world, delivery))
            yield Given(
                message,
                since,
                _void_at(world, message),
                is_native=False,
                conversations=frozenset(one[0] for one in targets),
                up_to=targets,
                said_at=since if item is None else item.first.published_at,
                pressed_at=delivery.created_at,
            )


def _on_screen(world: World, delivery: Delivery) -> Iterator[tuple[int, int, int]]:
    yield world.standing(delivery.conversation_id or 0), delivery.seen_after_seq, delivery.seen_seq
    for conversation_id, seen_seq in delivery.also_answers.items():
        yield world.standing(int(conversation_id)), delivery.seen_after_seq, int(seen_seq)


def _void_at(world: World, message: Message) -> float:
    """Return when an answer ceased to count: when it was found gone, if that was within a day (B4)."""
    at = message.clock_at if message.authored_at is None else message.authored_at
    is_soon = message.gone_at is not None and message.gone_at - at <= world.paced(VOID_WITHIN_SECONDS)
    return message.gone_at if is_soon and message.gone_at is not None else inf


def _natives(world: World) -> Iterator[Given]:
    counted: dict[int, float] = {}
    said: dict[int, set[int]] = defaultdict(set)
    for one in world.activity.get("native_answer", []):
        message_id = one.message_id or 0
        counted[message_id] = min(one.at, counted.get(message_id, inf))
        if one.member_id is not None:
            said[message_id] |= {world.standing(each) for each in one.after.get("conversation_ids", [])}
    for message in world.messages.values():
        item = world.item_of(message)
        is_native = item is not None and item.is_ours and not message.is_inbound and message.id not in world.delivery_of
        if item is None or not is_native or message.is_held_back or message.is_automatic:
            continue
        sure, perhaps, parent_id = _answered(world, message, item)
        yield Given(
            message,
            counted.get(message.id, message.received_at),
            _void_at(world, message),
            is_native=True,
            conversations=frozenset(sure | said[message.id]),
            perhaps=frozenset(perhaps - said[message.id]),
            parent_id=parent_id,
            grain=GRAINS[item.personality],
        )


def _answered(world: World, message: Message, item: Item) -> tuple[set[int], set[int], int | None]:
    """Return whose conversations a native answer is for, for whose it may be, and the message that it answers."""
    there = [one for one in world.conversations.values() if one.thread_id == message.thread_id]
    there = [one for one in there if one.joined_into_id is None]
    parent = world.parent_of(item)
    if parent is not None and not parent.is_ours:
        row = world.row_of(parent)
        if row is not None and row.is_inbound:
            return {world.standing(row.conversation_id or 0)}, set(), row.id
        authors = {one.id for one in there if world.contacts[one.contact_id].external_id == parent.author_id}
        return (authors, set(), None) if item.personality == "feed" else (set(), {one.id for one in there}, None)
    if is_private(item):
        return {one.id for one in there}, set(), None
    named = {one.id for one in there if world.contacts[one.contact_id].external_id in item.recipients}
    is_unseen = parent is not None and world.row_of(parent) is None and not world.is_known_post(parent)
    return (set(), named, None) if is_unseen else (named, set(), None)
