"""One timer in words, as a list of rows shows it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inbox.desk import words as desk_words
from inbox.languages import gettext as _
from inbox.reports.rows import What
from inbox.reports.words import length_word, what_word


@dataclass(frozen=True)
class RowLine:
    """What a row shows. `became`: what came of it; `took`: how long the answer took; `late_by`: past its deadline."""

    conversation_id: int
    person: str
    channel: str
    platform: str
    kind: str
    since_at: datetime
    due_at: datetime | None
    became: str
    is_late: bool
    took: str
    late_by: str
    whose: str


def show_line(row: Any, now: datetime) -> RowLine:
    """Word a row."""
    late_by = late_seconds(row, now)
    return RowLine(
        conversation_id=row.conversation_id,
        person=desk_words.person_word(row.display_name, row.handle),
        channel=row.channel_name or row.channel_handle,
        platform=row.platform,
        kind=desk_words.kind_word(row.message_kind, row.is_private),
        since_at=row.since_at,
        due_at=row.due_at,
        became=became_word(row, now),
        is_late=late_by is not None,
        took=length_word(_minutes(row.response_seconds)) if row.response_seconds is not None else "",
        late_by=length_word(_minutes(late_by)) if late_by is not None else "",
        whose=_whose(row),
    )


def became_of(row: Any, now: datetime) -> str:
    """Return the code of what came of a timer: a Kind, or `waiting` or `paused` while neither has come."""
    if row.ended_at is None and row.is_paused:
        return "paused"
    if row.ended_at is None and (row.due_at is None or row.due_at >= now):
        return "waiting"
    return str(row.became)


def became_word(row: Any, now: datetime) -> str:
    """Say what came of a timer."""
    code = became_of(row, now)
    if code == "waiting":
        return _("Waits, in time")
    return what_word(What(code))


def late_seconds(row: Any, now: datetime) -> float | None:
    """Return how long after the deadline the answer came, or how long it is overdue; None where it is neither."""
    until_at = row.ended_at or now
    is_excused = row.outcome is not None and row.outcome != "met"
    if row.due_at is None or is_excused or until_at <= row.due_at:
        return None
    return float((until_at - row.due_at).total_seconds())


def _whose(row: Any) -> str:
    """Say who answered, or who holds it."""
    if row.outcome == "met":
        return row.answerer or _("on the platform")
    return row.assignee or _("Nobody")


def _minutes(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds // 60)
