"""The ledger and the tables side by side, each row found from the other."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from tests.chaos.judging import ledger, tables
from tests.chaos.judging.ledger import Item, Ledger
from tests.chaos.judging.names import PERSONALITIES, PLATFORMS, folded, message_id, plain
from tests.chaos.judging.tables import (
    Activity,
    Channel,
    Contact,
    Conversation,
    Delivery,
    Message,
    MessageVersion,
    Tables,
    Thread,
    Timer,
)

Row = TypeVar("Row")


@dataclass(frozen=True)
class World:
    """Everything that is compared; `pace` divides every length of the rules."""

    ledger: Ledger
    tables: Tables
    pace: float
    read_at: float

    @classmethod
    def read(cls, path: Path, database_url: str, pace: float, read_at: float) -> "World":
        """Read both sides; `read_at`: up to when the product had time to look at its clocks."""
        return cls(ledger.read(path), tables.read(database_url), pace, read_at)

    def paced(self, seconds: float) -> float:
        """Return a length of the rules as it is in this run."""
        return seconds / self.pace

    @cached_property
    def channels(self) -> dict[int, Channel]:
        """The channels that stand for the brand's accounts of the ledger."""
        ours = {(one.personality, one.author_id) for one in self.ledger.items.values() if one.is_ours}
        known = [one for one in self.tables.channels if one.platform in PERSONALITIES]
        return {one.id: one for one in known if (PERSONALITIES[one.platform], one.external_id) in ours}

    def channel_of(self, personality: str) -> Channel | None:
        """Return the channel of a personality, None: it was not connected."""
        found = [one for one in self.channels.values() if one.platform == PLATFORMS[personality]]
        return found[0] if found else None

    def personality_of(self, channel_id: int | None) -> str:
        """Return the personality that a channel reads."""
        return PERSONALITIES[self.channels[channel_id or 0].platform]

    @cached_property
    def messages(self) -> dict[int, Message]:
        """The messages of those channels by row id."""
        return {one.id: one for one in self.tables.messages if one.channel_id in self.channels}

    @cached_property
    def contacts(self) -> dict[int, Contact]:
        """People by row id."""
        return {one.id: one for one in self.tables.contacts}

    @cached_property
    def threads(self) -> dict[int, Thread]:
        """Threads by row id."""
        return {one.id: one for one in self.tables.threads if one.channel_id in self.channels}

    @cached_property
    def conversations(self) -> dict[int, Conversation]:
        """Conversations by row id."""
        return {one.id: one for one in self.tables.conversations if one.channel_id in self.channels}

    @cached_property
    def timers(self) -> dict[int, Timer]:
        """Timers by row id."""
        return {one.id: one for one in self.tables.timers if one.channel_id in self.channels}

    @cached_property
    def policy_seconds(self) -> float | None:
        """The length that the one policy of a run promises; None: there is another policy, or none."""
        every = self.tables.policies
        return every[0].target_seconds if len(every) == 1 and every[0].calendar_version_id is None else None

    @cached_property
    def wordings(self) -> dict[int, list[MessageVersion]]:
        """Earlier wordings of each message, the first one first."""
        return grouped(sorted(self.tables.versions, key=lambda one: one.number), "message_id")

    @cached_property
    def activity(self) -> dict[str, list[Activity]]:
        """What was done, by kind, in order."""
        return grouped(self.tables.activity, "kind")

    @cached_property
    def replies(self) -> list[Delivery]:
        """Replies to people on those channels."""
        return [one for one in self.tables.deliveries if one.kind == "reply" and one.channel_id in self.channels]

    @cached_property
    def delivery_of(self) -> dict[int, Delivery]:
        """The reply of each message of ours that has one."""
        return {one.message_id: one for one in self.replies if one.message_id is not None}

    @cached_property
    def _rows(self) -> dict[tuple[str, str], Message]:
        rows = [one for one in self.messages.values() if one.external_id is not None]
        return {(self.personality_of(one.channel_id), one.external_id or ""): one for one in rows}

    @cached_property
    def _items(self) -> dict[tuple[str, str], Item]:
        return {(one.personality, message_id(one)): one for one in self.ledger.items.values()}

    def row_of(self, item: Item | None) -> Message | None:
        """Return the message that an item became."""
        return None if item is None else self._rows.get((item.personality, message_id(item)))

    def item_of(self, message: Message) -> Item | None:
        """Return the item that a message came from."""
        if message.external_id is None:
            return None
        return self._items.get((self.personality_of(message.channel_id), message.external_id))

    def item(self, personality: str, item_id: str | None) -> Item | None:
        """Return an item by the ledger's id."""
        return None if item_id is None else self.ledger.items.get((personality, item_id))

    def parent_of(self, item: Item) -> Item | None:
        """Return what an item answers: another item, or on pages the visitor's post that it stands under."""
        if item.parent_id is not None:
            return self.item(item.personality, item.parent_id)
        return self.visitors_post(item)

    def visitors_post(self, item: Item) -> Item | None:
        """Return the visitor's post that an item of a page stands under."""
        post = self.item(item.personality, item.post_id)
        return post if post is not None and post.kind == "visitor_post" else None

    def named(self, personality: str, external_id: str) -> Item | None:
        """Return an item by the id that a message or post has in the tables."""
        return self._items.get((personality, external_id)) or self.ledger.items.get((personality, external_id))

    def texts_of(self, message: Message) -> list[str]:
        """Return every wording that is kept of a message, the newest last."""
        return [*(one.text for one in self.wordings.get(message.id, [])), message.text]

    @cached_property
    def deeds(self) -> dict[int, Activity]:
        """Everything that was done, by row id."""
        return {one.id: one for one in self.tables.activity}

    def standing(self, conversation_id: int) -> int:
        """Return the conversation that one leads on to after joins."""
        found = self.conversations.get(conversation_id)
        while found is not None and found.joined_into_id is not None:
            found = self.conversations.get(found.joined_into_id)
        return conversation_id if found is None else found.id

    def is_known_post(self, item: Item) -> bool:
        """Tell whether the product has an item as a post."""
        return (item.personality, item.id) in self._posts

    @cached_property
    def _posts(self) -> set[tuple[str, str]]:
        posts = [one for one in self.tables.posts if one.channel_id in self.channels]
        return {(self.personality_of(one.channel_id), one.external_id) for one in posts}


def grouped(rows: Iterable[Row], name: str) -> dict[Any, list[Row]]:
    """Return rows by the value of one of their columns."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[getattr(row, name)].append(row)
    return dict(found)


def says(texts: Iterable[str], text: str, *, is_ours: bool) -> bool:
    """Tell whether a text is among others, as both sides word it."""
    same = folded if is_ours else plain
    return same(text) in {same(one) for one in texts}


def told(seconds: float | None) -> str:
    """Write a time in a finding."""
    return "never" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S.%f")[:-3]
