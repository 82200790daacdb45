"""The end of a run: nothing is wrong any more, and all that was begun comes to rest; says what does not."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.chaos.counts import ask
from tests.chaos.stage import Stage, Stuck

POLLS = 2
_STREAMS = (
    "SELECT channel_stream.id, channel_stream.name, complete_started_at, channel_stream.failure_code "
    "FROM channel_stream WHERE NOT is_off"
)
_ON_THEIR_WAY = (
    "SELECT state, count(*) FROM delivery WHERE state IN ('held', 'queued', 'sending', 'unclear') GROUP BY state"
)
_WAITING_DRAFTS = (
    "SELECT count(*) FROM draft JOIN delivery ON delivery.id = draft.send_after_delivery_id "
    "WHERE draft.state = 'waiting' AND delivery.state <> 'needs_person'"
)
_AWAITING = "SELECT external_id FROM message WHERE awaits AND gone_at IS NULL AND external_id IS NOT NULL"


@dataclass
class Rest:
    """Looks whether all is at rest, and remembers which polls began after the faults had ended."""

    stage: Stage
    healed_at: datetime
    polls: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))

    def unrest(self) -> list[str]:
        """Name what is not at rest yet: first what is asked cheaply, the rest once that is quiet."""
        return [*self._unread(), *self._leaving()] or self._unlooked()

    def _unread(self) -> list[str]:
        rows = self.stage.database.rows(_STREAMS)
        if not rows:
            return ["the database does not answer"]
        found = []
        for number, name, began_at, failure in rows:
            if began_at is not None and as_utc(began_at) > self.healed_at:
                self.polls[number].add(str(began_at))
            if len(self.polls[number]) < POLLS:
                why = f" ({failure})" if failure else ""
                found.append(f"stream {name} has been read {len(self.polls[number])} times{why}")
        return found

    def _leaving(self) -> list[str]:
        found = [f"{count} replies are {state}" for state, count in self.stage.database.rows(_ON_THEIR_WAY)]
        drafts = self.stage.database.number(_WAITING_DRAFTS)
        return found + ([f"{drafts} drafts wait for another's reply"] if drafts else [])

    def _unlooked(self) -> list[str]:
        held = self.stage.database.number("SELECT count(*) FROM message WHERE is_held_back")
        found = [f"{held} messages of ours are held back"] if held else []
        removed = {row["item_id"] for row in ask(self.stage.ledger, "SELECT item_id FROM removal")}
        awaiting = {str(row[0]) for row in self.stage.database.rows(_AWAITING)} & removed
        return found + ([f"{len(awaiting)} deleted messages still wait for an answer"] if awaiting else [])


def rest(stage: Stage, seconds: float, each_step: Callable[[], None]) -> None:
    """Wait until all is at rest; raises Stuck with what is not after `seconds`."""
    state = Rest(stage, datetime.now(UTC))
    deadline = time.monotonic() + seconds
    while unrest := state.unrest():
        if time.monotonic() > deadline:
            raise Stuck(f"{seconds:.0f} s after the end of all faults: {'; '.join(unrest[:12])}")
        each_step()
        time.sleep(0.2)


def as_utc(value: datetime | str) -> datetime:
    """Return a time of either database as aware UTC."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
