"""Rows as a file of comma-separated values; what each column means stands in docs/sla.md."""

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from io import StringIO
from typing import Any

from inbox.reports.row_lines import became_of, late_seconds

# A spreadsheet takes a cell that begins so for a formula, or for the way to one.
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")

Cell = Callable[[Any, datetime], Any]
COLUMNS: dict[str, Cell] = {
    "timer": lambda row, _now: row.id,
    "conversation": lambda row, _now: row.conversation_id,
    "reply": lambda row, _now: "first" if row.number == 1 else "next",
    "platform": lambda row, _now: row.platform,
    "channel": lambda row, _now: row.channel_name or row.channel_handle,
    "kind": lambda row, _now: "direct" if row.is_private else row.message_kind,
    "person": lambda row, _now: row.display_name or row.handle,
    "handle": lambda row, _now: row.handle,
    "priority": lambda row, _now: row.priority,
    "policy": lambda row, _now: row.policy,
    "waiting_since": lambda row, _now: _time(row.since_at),
    "clock_started": lambda row, _now: _time(row.started_at),
    "due": lambda row, _now: _time(row.due_at),
    "ended": lambda row, _now: _time(row.ended_at),
    "became": became_of,
    "was_paused": lambda row, _now: int(row.was_paused),
    "response_seconds": lambda row, _now: _whole(row.response_seconds),
    "late_seconds": lambda row, now: _whole(late_seconds(row, now)),
    "answered_by": lambda row, _now: (row.answerer or "natively") if row.outcome == "met" else None,
    "assignee": lambda row, _now: row.assignee,
    "held_at_breach": lambda row, _now: row.holder,
}


def lines(rows: Iterable[Any], now: datetime) -> Iterator[str]:
    """Yield the file line by line, its head first; UTF-8 with a mark, so that spreadsheets read it as such."""
    yield "\ufeff" + _line(list(COLUMNS))
    for row in rows:
        yield _line([safe(cell(row, now)) for cell in COLUMNS.values()])


def safe(value: Any) -> str:
    """Return a cell as text that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value).replace("\0", "")
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def _line(cells: list[str]) -> str:
    written = StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(cells)
    return written.getvalue()


def _time(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at is not None else None


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds)
