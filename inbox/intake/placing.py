"""Which thread a message belongs to: the platform's root, else its parent's, else its own (RULES A5); pure."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace

from inbox.platforms.items import Message

PRIVATE_AUDIENCES = frozenset({"direct", "private"})


@dataclass(frozen=True)
class Spot:
    """Where a message that we have already lies."""

    thread_id: int
    is_private: bool


@dataclass(frozen=True)
class Placement:
    """A thread that is known (`thread_id`), or the key of one to find or make.

    `wanted_parent` is the parent that was not there: with it the thread is joined when it appears.
    """

    is_private: bool
    key: str
    thread_id: int | None = None
    wanted_parent: str | None = None


def is_private(message: Message) -> bool:
    """Tell whether a message is for those only who may see private ones."""
    return message.audience in PRIVATE_AUDIENCES or message.kind == "direct"


def key_of(external_id: str, *, is_private: bool) -> str:
    """Return the key of the thread that begins with a message; private ones never share one with public ones."""
    return f"private:{external_id}" if is_private else external_id


def place(messages: Sequence[Message], known: Mapping[str, Spot], posts: Container[str]) -> dict[str, Placement]:
    """Return the place of each message of a page; `known`: parents and roots we have; `posts`: ids of posts."""
    placer = _Placer({message.external_id: message for message in messages}, known, posts)
    placed = {message.external_id: placer.place(message) for message in messages}
    made = {(p.key, p.is_private) for p in placed.values() if p.thread_id is None and p.wanted_parent is None}
    settled = {external_id: _beside_its_root(placement, made) for external_id, placement in placed.items()}
    public = {p.key for p in settled.values() if not p.is_private}
    return {i: apart(p) if p.is_private and p.key in public else p for i, p in settled.items()}


def apart(placement: Placement) -> Placement:
    """Return another key for a message whose thread's key names a thread of the other privacy.

    Platforms count messages and exchanges apart, so that an exchange may bear the number of a public message.
    """
    return replace(placement, key=f"{'private' if placement.is_private else 'public'}:{placement.key}")


def _beside_its_root(placement: Placement, made: Container[tuple[str, bool]]) -> Placement:
    """Put a message whose parent is missing into a thread that this page makes for that parent."""
    if placement.wanted_parent is None:
        return placement
    key = key_of(placement.wanted_parent, is_private=placement.is_private)
    return Placement(placement.is_private, key) if (key, placement.is_private) in made else placement


class _Placer:
    """Follows parents within a page; a cycle of parents ends at the message where it is met again."""

    def __init__(self, page: Mapping[str, Message], known: Mapping[str, Spot], posts: Container[str]) -> None:
        self._page, self._known, self._posts = page, known, posts
        self._placed: dict[str, Placement] = {}
        self._walked: set[str] = set()

    def place(self, message: Message) -> Placement:
        """Return a message's place, and remember those of its ancestors in the page."""
        chain = [message]
        while (above := self._above(chain[-1])) is not None:
            chain.append(above)
        for link in reversed(chain):
            if link.external_id not in self._placed:
                self._placed[link.external_id] = self._decide(link)
        self._walked.clear()
        return self._placed[message.external_id]

    def _above(self, message: Message) -> Message | None:
        self._walked.add(message.external_id)
        leader = self._leader(message)
        if leader is None or leader in self._walked or message.external_id in self._placed:
            return None
        return self._page.get(leader)

    def _leader(self, message: Message) -> str | None:
        """Return the message that decides the place: the root, else the parent; None: it stands alone."""
        if message.thread_key:
            return None
        if message.root_id and message.root_id != message.external_id and not self._is_post(message, message.root_id):
            return message.root_id
        if message.parent_id and not self._is_post(message, message.parent_id):
            return message.parent_id
        return None

    def _is_post(self, message: Message, external_id: str) -> bool:
        return external_id == message.post_id or external_id in self._posts

    def _decide(self, message: Message) -> Placement:
        private = is_private(message)
        if message.thread_key:
            return Placement(private, message.thread_key)
        own = Placement(private, key_of(message.external_id, is_private=private))
        leader = self._leader(message)
        if leader is None:
            return own
        beside: Placement | Spot | None = self._placed.get(leader) or self._known.get(leader)
        if beside is not None and beside.is_private != private:
            return own
        if isinstance(beside, Placement):
            return beside
        if beside is not None:
            return Placement(private, own.key, thread_id=beside.thread_id)
        if leader == message.root_id:
            return Placement(private, key_of(leader, is_private=private))
        return Placement(private, own.key, wanted_parent=leader)
