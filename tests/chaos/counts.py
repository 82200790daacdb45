"""What a run has done so far, read from the ledger, the tables, and the run itself; and what it takes to count."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.chaos.databases import Database

# The activity of a delivery that became unclear, as its record is worded in JSON.
_UNCLEAR = (
    "SELECT count(*) FROM activity WHERE kind = 'reply_moved' AND CAST(after AS TEXT) LIKE '%\"state\": \"unclear\"%'"
)
# A worker that was killed or stood still while it held the lease: the sweep took it for lost, or it came back too late,
# or never, because a poll had brought its reply before the sweep came.
_OVERRUNS = (
    "SELECT count(*) FROM attempt WHERE outcome = 'lost' OR ended_at > lease_until_at"
    " OR (ended_at IS NULL AND lease_until_at < '{now}')"
)
_BACK = "SELECT count(*) FROM attempt WHERE outcome IS NOT NULL AND outcome <> 'lost' AND ended_at > lease_until_at"


@dataclass(frozen=True)
class Counts:
    """How much happened."""

    messages: int = 0
    replies: int = 0
    kills: int = 0
    flushes: int = 0
    unclear: int = 0
    overruns: int = 0

    def __str__(self) -> str:
        """Write them in one line."""
        return ", ".join(f"{getattr(self, one.name)} {one.name}" for one in fields(self))

    def missing(self, least: "Counts") -> list[str]:
        """Name what has not been reached."""
        pairs = [(one.name, getattr(self, one.name), getattr(least, one.name)) for one in fields(self)]
        return [f"{have} of {wanted} {name}" for name, have, wanted in pairs if have < wanted]


LEAST = Counts(messages=2000, replies=200, kills=30, flushes=5, unclear=20, overruns=10)
# Where everything is killed again and again nobody can write for half of the time: the hard stops are what counts.
LEAST_WITH_POWER = Counts(messages=1000, replies=100, kills=100, flushes=5, unclear=10, overruns=5)


def read(ledger: Path, database: Database, kills: int, flushes: int) -> Counts:
    """Read how much has happened."""
    messages = "SELECT count(*) FROM message_version WHERE version_no = 1 AND is_ours = 0"
    return Counts(
        messages=ask(ledger, messages)[0]["count(*)"],
        replies=ask(ledger, "SELECT count(*) FROM accepted")[0]["count(*)"],
        kills=kills,
        flushes=flushes,
        unclear=database.number(_UNCLEAR),
        overruns=database.number(_OVERRUNS.format(now=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}+00")),
    )


def came_back(database: Database) -> int:
    """Count the workers that came back after their lease had ended, and said so."""
    return database.number(_BACK)


def ask(ledger: Path, sql: str, *values: Any) -> list[Mapping[str, Any]]:
    """Return the rows of a question to the ledger."""
    connection = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=10)
    try:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, values)]
    finally:
        connection.close()
