"""Everything that both personalities share: state, ledger, faults, clock, chance, and who is who."""

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sandbox.database import Store
from sandbox.faults import Faults
from sandbox.identity import Identity
from sandbox.ledger import Ledger
from sandbox.settings import FEED, Settings


@dataclass(frozen=True)
class Person:
    """Somebody on a platform: a fan, or one of our own accounts."""

    personality: str
    id: str
    handle: str
    name: str
    is_ours: bool
    made_at: float


@dataclass
class World:
    """One running sandbox."""

    settings: Settings
    identity: Identity
    store: Store
    ledger: Ledger
    faults: Faults
    url: str = ""
    stopping: threading.Event = field(default_factory=threading.Event)
    push_wanted: threading.Event = field(default_factory=threading.Event)
    # traffic puts itself here to answer what the brand says; (personality, item id)
    on_accepted: Callable[[str, str], None] | None = None

    def skew_seconds(self, personality: str) -> float:
        """How far the platform's clock is ahead of the true one (DESIGN: Date and times, ±10 min)."""
        fault = self.faults.on(personality, "clock_skew")
        return 0.0 if fault is None else fault.number("seconds", 0.0)

    def told_now(self, personality: str) -> float:
        """What the platform believes the time to be, in seconds since 1970."""
        return time.time() + self.skew_seconds(personality)

    def chance(self, *about: object) -> float:
        """A number from 0 to 1 that is always the same for the same seed and subject."""
        text = ":".join(str(part) for part in (self.settings.seed, *about))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32

    def us(self, personality: str) -> Person:
        """The brand's account on a personality."""
        found = self.person(personality, self.identity.account_id if personality == FEED else self.identity.page_id)
        assert found is not None
        return found

    def person(self, personality: str, person_id: str) -> Person | None:
        """A person by the platform's id, or None."""
        row = self.store.row("SELECT * FROM person WHERE personality = ? AND id = ?", personality, person_id)
        return None if row is None else Person(**{**dict(row), "is_ours": bool(row["is_ours"])})

    def person_by_handle(self, personality: str, handle: str) -> Person | None:
        """A person by handle (without the first @), or None."""
        row = self.store.row(
            "SELECT * FROM person WHERE personality = ? AND handle = ? COLLATE NOCASE", personality, handle
        )
        return None if row is None else Person(**{**dict(row), "is_ours": bool(row["is_ours"])})

    def meet(self, personality: str, handle: str, name: str | None = None) -> Person:
        """The fan with this handle, made if new; handles must end in .example or .test."""
        handle = handle.strip().lstrip("@")
        known = self.person_by_handle(personality, handle)
        if known is not None:
            return known
        if not handle.endswith((".example", ".test")):
            raise ValueError("a fan's handle must end in .example or .test")
        with self.store.transaction():
            number = self.store.next_number("person")
            base = 117_010_000_000_000_000 if personality == FEED else 24_000_000_000_000
            fan = Person(
                personality,
                str(base + number * 15_485_863),
                handle,
                name or _name_of(handle),
                False,
                time.time() - 86400 * (30 + number % 700),
            )
            self._keep(fan)
        return fan

    def make_ourselves(self) -> None:
        """Puts the brand's accounts into the store, once."""
        me = self.identity
        with self.store.transaction():
            for personality, number, handle, name in (
                ("feed", me.account_id, me.acct, me.page_name),
                ("feed", me.other_account_id, me.other_acct, me.other_page_name),
                ("pages", me.page_id, "acme.hogar.example", me.page_name),
                ("pages", me.other_page_id, "acme.outlet.example", me.other_page_name),
            ):
                if self.person(personality, number) is None:
                    self._keep(Person(personality, number, handle, name, True, time.time() - 86400 * 900))

    def _keep(self, who: Person) -> None:
        self.store.insert(
            "person",
            {
                "personality": who.personality,
                "id": who.id,
                "handle": who.handle,
                "name": who.name,
                "is_ours": int(who.is_ours),
                "made_at": who.made_at,
            },
        )


def _name_of(handle: str) -> str:
    first = handle.split("@")[0].removesuffix(".example").removesuffix(".test")
    return " ".join(part.capitalize() for part in first.replace("_", ".").split(".") if part)


def iso_ms(seconds: float) -> str:
    """As Mastodon writes times: 2026-08-01T13:55:56.462Z (mastodon.md §1)."""
    told = datetime.fromtimestamp(seconds, UTC)
    return told.strftime("%Y-%m-%dT%H:%M:%S.") + f"{told.microsecond // 1000:03d}Z"


def iso_zone(seconds: float) -> str:
    """As Graph writes times: 2021-07-23T09:28:50+0000 (facebook.md §1)."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
