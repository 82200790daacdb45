"""What a sender is: it takes one letter to one address, once, and says for certain what it knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from inbox.fetch import Fetcher
from inbox.settings import Settings

Address = Mapping[str, str]


class NotDelivered(Exception):
    """A letter of which it isn't known that it was accepted.

    `is_sure`: it surely was not. `is_final`: another try would end as this one. `again_seconds`: not before then.
    """

    def __init__(self, code: str, *, is_sure: bool, is_final: bool = False, again_seconds: float | None = None) -> None:
        super().__init__(code)
        self.code, self.is_sure, self.is_final, self.again_seconds = code, is_sure, is_final, again_seconds


@dataclass(frozen=True)
class Letter:
    """A notice with whole links, ready to leave; `key` is the same for every try of it."""

    key: str
    kind: str
    subject: str
    lines: tuple[str, ...]
    url: str
    acknowledge_url: str | None
    is_alert: bool
    is_resent: bool
    language: str
    at: datetime
    # the words around the links, in the letter's language
    open_word: str = "Open"
    acknowledge_word: str = "Acknowledge"
    code: str | None = None  # of a verification
    also: tuple[str, ...] = ()  # the subjects of what went along, for who can't use the links in the lines
    own_line_count: int | None = None  # how many lines are the notice's own; None: all
    # for providers that keep incidents: of which one it is (None: of its own), what happens to it, and whether
    # somebody had taken it, so that it has to be opened anew for anybody to be called
    incident: str | None = None
    event: str | None = None
    is_reopened: bool = False

    def text(self) -> str:
        """Return the letter's body as plain text."""
        links = [f"{self.open_word}: {self.url}"] if self.url else []
        if self.acknowledge_url:
            links.append(f"{self.acknowledge_word}: {self.acknowledge_url}")
        return "\n".join((*self.lines, *links))


@dataclass(frozen=True)
class Receipt:
    """An accepted letter: the provider's id and its word for the state, where it gives any."""

    external_id: str | None = None
    state: str | None = None
    is_looked_for: bool = False  # the provider says later what became of it


class Fate(StrEnum):
    """What a later look at an accepted letter found."""

    WAITING = "waiting"
    ARRIVED = "arrived"
    LOST = "lost"


@dataclass(frozen=True)
class Field:
    """One line of the form by which a method is added; `label` and `help` are words of the catalogs."""

    name: str
    label: str
    help: str = ""
    is_secret: bool = False
    is_optional: bool = False
    placeholder: str = ""
    type: str = "text"


@dataclass(frozen=True)
class Wire:
    """What senders use: the guarded client and what the installation is told."""

    fetcher: Fetcher
    settings: Settings

    @property
    def seconds(self) -> float:
        """Return how long one call may take, from its look-up to its last byte."""
        return self.settings.pace.notify_call_seconds


class Sender(Protocol):
    """One kind of method."""

    @property
    def kind(self) -> str:
        """Its name, as methods have it."""
        ...

    @property
    def fields(self) -> tuple[Field, ...]:
        """What is asked for to add one."""
        ...

    @property
    def has_receipt(self) -> bool:
        """Tell whether an accepted letter is known to be accepted, not only believed to be."""
        ...

    def is_ready(self, settings: Settings) -> bool:
        """Tell whether this installation can send by it."""
        ...

    def read(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return an address from a form; raises Invalid saying what to mend."""
        ...

    def hint(self, address: Address) -> str:
        """Return what may be shown of an address: enough to know it, no secret."""
        ...

    def send(self, wire: Wire, address: Address, letter: Letter) -> Receipt:
        """Send a letter; raises NotDelivered."""
        ...


@runtime_checkable
class Looker(Protocol):
    """A sender whose provider says later what became of a letter."""

    def look(self, wire: Wire, external_id: str) -> tuple[Fate, str]:
        """Ask what became of an accepted letter, with the provider's own word; raises NotDelivered."""
        ...
