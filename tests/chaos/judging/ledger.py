"""Reads the sandbox's ledger: what was published, what was carried in which answer, what was accepted."""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from pathlib import Path
from typing import Any

from tests.chaos.judging.lists import is_reading, list_of

Key = tuple[str, str]  # personality, item id


@dataclass(frozen=True)
class Wording:
    """One version of an item; `skew_seconds`: how far the platform's clock was ahead when it was written."""

    number: int
    text: str
    published_at: float
    skew_seconds: float


@dataclass(frozen=True)
class Item:
    """Something that was published; all times are seconds since 1970, `told_` ones as the answers say them."""

    personality: str
    id: str
    kind: str
    author_id: str
    is_ours: bool
    is_through_api: bool
    parent_id: str | None
    thread_id: str
    post_id: str | None
    audience: str
    mentions_us: bool
    recipients: tuple[str, ...]
    has_pictures: bool
    told_authored_at: float
    told_arrived_at: float | None
    visible_at: float
    wordings: tuple[Wording, ...]
    removed_at: float | None = None
    removed_by: str | None = None

    @property
    def key(self) -> Key:
        """What the ledger calls it."""
        return self.personality, self.id

    @property
    def first(self) -> Wording:
        """How it was first worded."""
        return self.wordings[0]

    @property
    def newest(self) -> Wording:
        """How it reads at the end."""
        return self.wordings[-1]

    def __str__(self) -> str:
        """Name it in a finding."""
        return f"{self.personality} item {self.id}"


@dataclass(frozen=True)
class Accepted:
    """A reply that the platform took through its API."""

    number: int
    personality: str
    item_id: str
    wanted_parent_id: str | None
    parent_id: str | None
    audience: str
    text: str
    idempotency_key: str | None
    at: float

    def __str__(self) -> str:
        """Name it in a finding."""
        return f"accepted reply {self.number} ({self.personality} item {self.item_id})"


@dataclass(frozen=True)
class Repeated:
    """An idempotency key that came again."""

    personality: str
    key: str
    item_id: str
    at: float


@dataclass(frozen=True)
class Change:
    """A fault that was switched on or off."""

    personality: str
    kind: str
    params: Mapping[str, Any]
    at: float
    is_added: bool
    fault_id: int


@dataclass
class Ledger:
    """Everything that the platforms know."""

    items: dict[Key, Item] = field(default_factory=dict)
    accepted: list[Accepted] = field(default_factory=list)
    repeated: list[Repeated] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    # when each list was answered well, and how many intact answers carried each version
    polls: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    readings: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    # what was asked for by its id alone, and told whole
    read_alone: set[Key] = field(default_factory=set)
    ended_at: float = 0.0

    def is_under(self, personality: str, kind: str, at: float) -> bool:
        """Tell whether a fault of this kind was on at a time."""
        return any(True for _ in self.under(personality, kind, at, at))

    def under(self, personality: str, kind: str, since: float, until: float) -> Iterator[Change]:
        """Yield the faults of a kind that were on at some time of a stretch."""
        for change, ended_at in self._stretches.get((personality, kind), []):
            if change.at <= until and ended_at >= since:
                yield change

    @cached_property
    def _stretches(self) -> dict[tuple[str, str], list[tuple[Change, float]]]:
        """Each fault with the time of its end, infinity while it is on."""
        ends = {change.fault_id: change.at for change in self.changes if not change.is_added}
        found: dict[tuple[str, str], list[tuple[Change, float]]] = defaultdict(list)
        for change in self.changes:
            if change.is_added:
                found[change.personality, change.kind].append((change, ends.get(change.fault_id, inf)))
        return found

    def last_trouble_at(self, personality: str) -> float:
        """Return when the last fault of a personality ended; 0: there was none."""
        return max((change.at for change in self.changes if change.personality == personality), default=0.0)


def read(path: Path) -> Ledger:
    """Read the whole ledger, without changing the file."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
        connection.row_factory = sqlite3.Row
        ledger = Ledger(
            items=_items(connection),
            accepted=[_accepted(row) for row in connection.execute("SELECT * FROM accepted ORDER BY accepted_no")],
            repeated=[
                Repeated(row["personality"], row["idempotency_key"], row["item_id"], row["repeated_at"])
                for row in connection.execute("SELECT * FROM repeated ORDER BY repeated_at")
            ],
            changes=[_change(row) for row in connection.execute("SELECT * FROM fault ORDER BY changed_at")],
        )
        _read_answers(connection, ledger)
    return ledger


def _items(connection: sqlite3.Connection) -> dict[Key, Item]:
    wordings: dict[Key, list[Wording]] = defaultdict(list)
    pictured: set[Key] = set()
    first: dict[Key, sqlite3.Row] = {}
    for row in connection.execute("SELECT * FROM message_version ORDER BY version_no"):
        key = (row["personality"], row["item_id"])
        first.setdefault(key, row)
        wordings[key].append(Wording(row["version_no"], row["text"], row["published_at"], row["skew_seconds"]))
        pictured |= {key} if json.loads(row["pictures"]) else set()
    gone = {
        (row["personality"], row["item_id"]): (row["removed_at"], row["removed_by"])
        for row in connection.execute("SELECT * FROM removal ORDER BY removed_at DESC")
    }
    return {
        key: Item(
            personality=key[0],
            id=key[1],
            kind=row["kind"],
            author_id=row["author_id"],
            is_ours=bool(row["is_ours"]),
            is_through_api=bool(row["is_through_api"]),
            parent_id=row["parent_id"],
            thread_id=row["thread_id"],
            post_id=row["post_id"],
            audience=row["audience"],
            mentions_us=bool(row["mentions_us"]),
            recipients=tuple(json.loads(row["recipients"])),
            has_pictures=key in pictured,
            told_authored_at=row["told_authored_at"],
            told_arrived_at=row["told_arrived_at"],
            visible_at=row["visible_at"],
            wordings=tuple(wordings[key]),
            removed_at=gone.get(key, (None, None))[0],
            removed_by=gone.get(key, (None, None))[1],
        )
        for key, row in first.items()
    }


def _accepted(row: sqlite3.Row) -> Accepted:
    return Accepted(
        number=row["accepted_no"],
        personality=row["personality"],
        item_id=row["item_id"],
        wanted_parent_id=row["wanted_parent_id"],
        parent_id=row["parent_id"],
        audience=row["audience"],
        text=row["text"],
        idempotency_key=row["idempotency_key"],
        at=row["accepted_at"],
    )


def _change(row: sqlite3.Row) -> Change:
    return Change(
        personality=row["personality"],
        kind=row["kind"],
        params=json.loads(row["params"]),
        at=row["changed_at"],
        is_added=row["change"] == "added",
        fault_id=row["fault_id"],
    )


def _read_answers(connection: sqlite3.Connection, ledger: Ledger) -> None:
    """Note which answers were whole and delivered; those of other purposes than reading count for nothing."""
    spoilt = {row[0] for row in connection.execute("SELECT DISTINCT request_no FROM carried WHERE NOT is_intact")}
    counted: set[int] = set()
    for row in connection.execute("SELECT * FROM request ORDER BY request_no"):
        ledger.ended_at = max(ledger.ended_at, row["begun_at"])
        is_good = row["method"] == "GET" and row["status"] == 200 and row["is_delivered"]
        if not is_good or row["request_no"] in spoilt or row["fault"] == "malformed_json":
            continue
        if ledger.is_under(row["personality"], "empty_200", row["begun_at"]):
            continue
        ledger.read_alone.add((row["personality"], row["path"].rsplit("/", 1)[-1]))
        name = list_of(row["path"], row["query"] or "")
        if name is not None:
            ledger.polls[row["personality"], name].append(row["begun_at"])
        if is_reading(row["path"], row["query"] or ""):
            counted.add(row["request_no"])
    for row in connection.execute("SELECT DISTINCT request_no, personality, item_id, version_no FROM carried"):
        if row["request_no"] in counted:
            ledger.readings[row["personality"], row["item_id"], row["version_no"]] += 1
