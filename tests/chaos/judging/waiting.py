"""Since when each person waits, computed from the ledger by RULES A2, A3, A6, B1 to B4, C1, against `waiting_since`.

Each message's story is told again: what the platform published, in the order in which the product came to know it, and
what answered or excused it. From the ledger come the words of every version, who wrote what and answered whom, the
times that were told, what was removed. From the tables comes only what the ledger can't know, because it happened on
our side: when something was received, read anew or found gone, what stood on a writer's screen, what members decided
(activity), which of the platform's details an answer told. What the product concluded from all that (`awaits`,
`settled`, `awaits_reason`, `clock_at`, `answer` rows) is what is judged, and is never read for a conclusion, but for
the one question that the rules leave open: whether words around a thanks are thanks (awaiting.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.chaos.judging.awaiting import Asks
from tests.chaos.judging.clocks import EXACT_SECONDS, clock_between, is_as_told
from tests.chaos.judging.story import Story, Teller
from tests.chaos.judging.tables import Conversation, Message
from tests.chaos.judging.world import World, told


def find(world: World) -> Iterator[str]:
    """Yield every message that waits wrongly, and every conversation that counts its wait wrongly."""
    comparison = _Comparison(world, Teller(world))
    for message in world.messages.values():
        yield from comparison.message(message)
    for conversation in world.conversations.values():
        if conversation.joined_into_id is None and conversation.id not in comparison.told_of:
            yield from comparison.conversation(conversation)


@dataclass
class _Comparison:
    """What was found so far: of a conversation with a wrong message no more is said."""

    world: World
    teller: Teller

    def __post_init__(self) -> None:
        self.told_of: set[int] = set()
        self.waiting: dict[int, list[float]] = {}

    def message(self, message: Message) -> Iterator[str]:
        """Compare a message's clock and whether it waits."""
        found = list(self._clock(message)) or list(self._waits(message))
        if found:
            self.told_of.add(message.conversation_id or 0)
        if message.is_inbound and message.awaits:
            self.waiting.setdefault(message.conversation_id or 0, []).append(message.clock_at)
        yield from found

    def _clock(self, message: Message) -> Iterator[str]:
        item = self.world.item_of(message)
        if item is None or message.id in self.world.delivery_of:
            return
        if not is_as_told(item, message):
            yield f"message {message.id} ({item}) has a time that the platform never told"
            return
        low, high = clock_between(self.world, item, message)
        if not low <= message.clock_at <= high:
            right = f"{told(low)} to {told(high)}" if high - low > 1 else told(high)
            yield f"message {message.id} ({item}): its clock starts at {told(message.clock_at)}, right is {right}"

    def _waits(self, message: Message) -> Iterator[str]:
        item = self.world.item_of(message)
        if item is None or not message.is_inbound or message.is_held_back:
            return
        story: Story = self.teller.tell(message, item)
        if story.waits is Asks.YES and not message.awaits:
            known = message.settled or f"said to need none: {message.awaits_reason}"
            yield f"message {message.id} ({item}) waits for an answer ({story.why}), but it is {known}"
        if story.waits is Asks.NO and message.awaits:
            yield f"message {message.id} ({item}) is kept waiting ({message.awaits_reason}), but {story.why}"

    def conversation(self, conversation: Conversation) -> Iterator[str]:
        """Compare since when a conversation waits with the least clock of what waits in it."""
        right = min(self.waiting.get(conversation.id, []), default=None)
        known = conversation.waiting_since
        if right is None and known is not None:
            yield f"conversation {conversation.id} waits since {told(known)}, but nobody waits in it"
        elif right is not None and known is None:
            yield f"conversation {conversation.id} waits for nobody, but somebody waits since {told(right)}"
        elif right is not None and known is not None and abs(right - known) > EXACT_SECONDS:
            how = "early" if known < right else "late"
            yield f"conversation {conversation.id} waits since {told(known)}, which is too {how}: it is {told(right)}"
