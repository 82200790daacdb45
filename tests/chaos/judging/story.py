"""A message's story, told again from its beginning: whether it waits for an answer at the end, and why (RULES A, B)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from math import inf

from tests.chaos.judging import awaiting
from tests.chaos.judging.answers import Given, by_conversation, list_given
from tests.chaos.judging.awaiting import Asks
from tests.chaos.judging.ledger import Item
from tests.chaos.judging.names import is_our_post
from tests.chaos.judging.tables import Activity, Message
from tests.chaos.judging.world import World

_EXCUSES = ("finished", "marked_spam", "message_excused")


class _Kind(IntEnum):
    """What happens to a message; of what happens at once, in this order."""

    SEEN = 0
    ANSWERED = 1
    EXCUSED = 2
    MADE_WAIT = 3
    ANSWER_GONE = 4


@dataclass(frozen=True)
class _Event:
    at: float
    kind: _Kind
    words: str = ""
    given: Given | None = None
    certainty: Asks = Asks.YES
    deed_id: int | None = None  # what excused it, or what is undone of that


@dataclass
class Story:
    """How a message stands: whether it waits, what settled it, and the words for that."""

    waits: Asks = Asks.NO
    settled: str | None = None
    why: str = "it was never received"
    words: str = ""
    by: set[int] = field(default_factory=set)
    worded: list[tuple[float, str]] = field(default_factory=list)
    excused_by: dict[int | None, Asks] = field(default_factory=dict)  # and whether it waited until then

    def words_at(self, at: float) -> str:
        """Return how it read at a time, as far as we knew."""
        return next((words for since, words in reversed(self.worded) if since <= at), self.words)


@dataclass
class Teller:
    """Tells the stories of one world."""

    world: World

    @cached_property
    def given(self) -> dict[int, list[Given]]:
        """Every answer, by the conversations that it is for."""
        return by_conversation(list_given(self.world))

    @cached_property
    def joined(self) -> set[int]:
        """Threads that came together out of several: places that members had seen count anew there."""
        return {int(one.after["thread_id"]) for one in self.world.activity.get("threads_joined", [])}

    def tell(self, message: Message, item: Item) -> Story:
        """Tell a message's story to its end."""
        if message.gone_at is not None:
            return Story(Asks.NO, "withdrawn", "its author deleted it")
        if self._is_before_import(message):
            return Story(Asks.NO, None, "it is older than what the first reading lets wait")
        story = Story()
        for event in sorted(self._events(message), key=lambda one: (one.at, one.kind)):
            self._happen(story, event, message, item)
        return story

    def _is_before_import(self, message: Message) -> bool:
        channel = self.world.channels[message.channel_id]
        since, until = channel.import_since_at, channel.import_done_at
        was_importing = message.received_at <= (inf if until is None else until)
        return since is not None and was_importing and message.clock_at < min(since, channel.connected_at)

    def _events(self, message: Message) -> Iterator[_Event]:
        texts = self.world.texts_of(message)
        seen_at = [message.received_at, *(one.seen_at for one in self.world.wordings.get(message.id, []))]
        for at, words in zip(seen_at, texts, strict=True):
            yield _Event(at, _Kind.SEEN, words)
        for given in self.given.get(message.conversation_id or 0, []):
            certainty = given.covers(message)
            if certainty is not Asks.NO:
                at = max(given.since, message.received_at)
                yield _Event(at, _Kind.ANSWERED, given=given, certainty=certainty)
                if given.void_at < inf:
                    yield _Event(given.void_at, _Kind.ANSWER_GONE, given=given, certainty=certainty)
        yield from self._decisions(message)

    def _decisions(self, message: Message) -> Iterator[_Event]:
        """What members said of it; an undone deed is undone at its time."""
        for kind in _EXCUSES:
            for one in self.world.activity.get(kind, []):
                if self._excuses(one, message):
                    yield _Event(one.at, _Kind.EXCUSED, deed_id=one.id)
        for one in self.world.activity.get("message_awaits", []):
            if one.message_id == message.id:
                yield _Event(one.at, _Kind.MADE_WAIT)
        for one in self.world.activity.get("reopened", []):
            if message.id in one.after.get("brought_back", []):
                yield _Event(one.at, _Kind.MADE_WAIT)
        for one in self.world.activity.get("undone", []):
            undone = self.world.deeds.get(one.after.get("activity_id"))
            if undone is not None and undone.kind in _EXCUSES and self._excuses(undone, message):
                yield _Event(one.at, _Kind.MADE_WAIT, deed_id=undone.id)
            elif undone is not None and undone.kind == "message_awaits" and undone.message_id == message.id:
                yield _Event(one.at, _Kind.EXCUSED, certainty=Asks.EITHER)

    def _excuses(self, deed: Activity, message: Message) -> bool:
        """Tell whether a deed excused a message: what waited up to the place that was on the screen (B3)."""
        if deed.message_id is not None and "excused" not in deed.after:
            return deed.message_id == message.id
        if deed.after.get("is_sent"):
            return False
        if message.thread_id in self.joined or deed.after.get("seen_seq") is None:
            return message.id in deed.after.get("excused", [])
        is_here = self.world.standing(deed.conversation_id or 0) == message.conversation_id
        return is_here and message.received_at <= deed.at and (message.seq or 0) <= int(deed.after["seen_seq"])

    def _happen(self, story: Story, event: _Event, message: Message, item: Item) -> None:
        if event.kind is _Kind.SEEN:
            story.worded.append((event.at, event.words))
            self._seen(story, event.words, message, item)
        elif event.kind is _Kind.ANSWERED and event.given is not None:
            _answered(story, event.given, event.certainty)
        elif event.kind is _Kind.ANSWER_GONE and event.given is not None:
            _answer_gone(story, event.given, event.certainty)
        elif event.kind is _Kind.EXCUSED and story.waits is not Asks.NO:
            story.excused_by[event.deed_id] = story.waits
            story.waits = Asks.NO if event.certainty is Asks.YES else Asks.EITHER
            story.settled, story.why = "excused", "a member excused it"
        elif event.kind is _Kind.MADE_WAIT and event.deed_id is not None:
            _undone(story, event.deed_id)
        elif event.kind is _Kind.MADE_WAIT and (story.settled is not None or story.waits is not Asks.YES):
            story.waits, story.settled, story.why = Asks.YES, None, "a member let it wait"

    def _seen(self, story: Story, words: str, message: Message, item: Item) -> None:
        """Its first words, or an edit: what waits keeps waiting, what was settled waits only if it says more (A6)."""
        old, story.words = story.words, words
        if story.settled in ("answered", "excused"):
            if awaiting.says_more(old, words):
                story.waits, story.settled, story.why = Asks.YES, None, "it was edited after it was settled"
                story.by.clear()
            return
        if story.waits is Asks.YES:
            return
        asks = self._asks(words, message, item)
        if asks is Asks.NO and story.waits is Asks.EITHER:
            return
        story.waits = asks
        story.why = "it asks for one" if asks is Asks.YES else "it asks for none"

    def _asks(self, words: str, message: Message, item: Item) -> Asks:
        """Tell whether words ask us: not when they are for another fan and do not name us (A2), else by A3."""
        other = self._is_for_another(message, item)
        if other is Asks.YES:
            return Asks.NO
        found = awaiting.read(
            words,
            has_pictures=item.has_pictures,
            mentions_us=item.mentions_us,
            is_after_answer=self._is_after_answer(message),
        )
        return Asks.EITHER if other is Asks.EITHER and found is Asks.YES else found

    def _is_for_another(self, message: Message, item: Item) -> Asks:
        if item.mentions_us or self.world.channels[message.channel_id].preferences.get("awaits_replies_to_others"):
            return Asks.NO
        parent = self.world.parent_of(item)
        if parent is None or parent.is_ours or is_our_post(parent):
            return Asks.NO
        row = self.world.row_of(parent)
        if row is not None:
            return Asks.NO if row.contact_id == message.contact_id else Asks.YES
        if item.personality == "feed":
            return Asks.NO if parent.author_id == item.author_id else Asks.YES
        return Asks.EITHER  # a page may not have shown whose it was

    def _is_after_answer(self, message: Message) -> Asks:
        found = {
            Asks.EITHER if one.void_at < inf or (message.conversation_id or 0) in one.perhaps else Asks.YES
            for one in self.given.get(message.conversation_id or 0, [])
            if one.is_before(message) is Asks.YES
        }
        if Asks.YES in found:
            return Asks.YES
        near = any(one.is_before(message) is Asks.EITHER for one in self.given.get(message.conversation_id or 0, []))
        return Asks.EITHER if found or near else Asks.NO


def _undone(story: Story, deed_id: int) -> None:
    """Let it wait as it did before it was excused; what that deed found answered or without a question stays so."""
    if story.settled == "excused" and deed_id in story.excused_by:
        story.waits, story.settled, story.why = story.excused_by[deed_id], None, "a member let it wait"


def _answered(story: Story, given: Given, certainty: Asks) -> None:
    if story.settled == "answered":
        story.by |= {given.message.id} if certainty is Asks.YES else set()
    elif story.waits is not Asks.NO and certainty is Asks.YES:
        story.waits, story.settled, story.by = Asks.NO, "answered", {given.message.id}
        how = "given on the platform" if given.is_native else "from here"
        story.why = f"it was answered by message {given.message.id}, {how}"
        if awaiting.says_more(story.words_at(given.pressed_at), story.words):
            story.waits, story.settled, story.why = Asks.YES, None, "it was edited after Send was pressed"
            story.by.clear()
    elif story.waits is Asks.YES:
        story.waits = Asks.EITHER


def _answer_gone(story: Story, given: Given, certainty: Asks) -> None:
    """What this answer alone had answered waits again (B4)."""
    if certainty is Asks.EITHER and story.settled in (None, "answered"):
        story.waits = Asks.EITHER if story.settled is None and story.waits is not Asks.NO else story.waits
        return
    if story.settled != "answered" or given.message.id not in story.by:
        return
    story.by.discard(given.message.id)
    if not story.by:
        story.waits, story.settled, story.why = Asks.YES, None, f"its answer, message {given.message.id}, is gone"
