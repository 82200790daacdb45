"""What sweeps leave behind when they are done: kept in memory by whoever did them, written together and seldom.

A sweep comes every two seconds. On SQLite each write takes the only lock and waits for the disk, so a beat is written
only once the written one is ten seconds old, and then with all others that wait.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from inbox.watch.models import SweepBeat

WRITTEN_EVERY_SECONDS = 10.0


@dataclass(frozen=True)
class Beat:
    """A sweep that was done, or (`seconds` None) one that is expected from now on."""

    name: str
    queue: str
    at: datetime
    seconds: float | None
    limit_seconds: float


def are_due(session: Session, beats: Iterable[Beat]) -> bool:
    """Tell, reading only, whether any of them is written down ten seconds old, never, or in the future."""
    written = _read(session)
    return any(
        beat.name not in written or abs((beat.at - written[beat.name]).total_seconds()) >= WRITTEN_EVERY_SECONDS
        for beat in beats
    )


def write(session: Session, beats: Sequence[Beat]) -> None:
    """Write beats over the ones before."""
    made = _insert(session).values([_values(beat) for beat in beats])
    changed = {name: made.excluded[name] for name in ("queue", "at", "seconds", "limit_seconds")}
    session.execute(made.on_conflict_do_update(index_elements=["name"], set_=changed))


def expect(session: Session, beats: Sequence[Beat]) -> None:
    """Expect these sweeps from now on, as far as they were not expected before, and no others."""
    session.execute(delete(SweepBeat).where(SweepBeat.name.not_in([beat.name for beat in beats])))
    made = _insert(session).values([_values(beat) for beat in beats])
    session.execute(made.on_conflict_do_nothing(index_elements=["name"]))


def _read(session: Session) -> Mapping[str, datetime]:
    return {row.name: row.at for row in session.execute(select(SweepBeat.name, SweepBeat.at))}


def _insert(session: Session) -> Any:
    insert: Any = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    return insert(SweepBeat)


def _values(beat: Beat) -> dict[str, Any]:
    return {
        "name": beat.name,
        "queue": beat.queue,
        "at": beat.at,
        "seconds": beat.seconds,
        "limit_seconds": beat.limit_seconds,
    }
