"""How a wait ended, and what else is to be known of its clock, in words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from inbox.languages import format_datetime
from inbox.languages import gettext as _

_MINUTES, _HOURS, _DAY = 60, 60 * 60, 24 * 60 * 60


class Wait(NamedTuple):
    """A timer with its promise, as far as a conversation's page tells of it."""

    number: int
    started_at: datetime
    due_at: datetime | None
    is_paused: bool
    pauses: Sequence[Any]
    is_late_arrival: bool
    is_imported: bool
    unchecked_since_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    response_seconds: float | None
    policy_name: str | None
    target_seconds: int | None
    answered_by: str | None

    @property
    def is_late(self) -> bool:
        """Tell whether it ended after its deadline."""
        return self.due_at is not None and self.ended_at is not None and self.ended_at > self.due_at


def wait_word(number: int) -> str:
    """Name a wait: the first, or one after an answer."""
    return _("First reply") if number == 1 else _("Next reply")


def ended_words(wait: Wait) -> str:
    """Say how a wait ended: what counts is when the answer was given, not when we learnt of it."""
    if wait.outcome == "excused":
        return _("no answer needed, said after the deadline") if wait.is_late else _("no answer needed")
    if wait.outcome == "withdrawn":
        return _("taken back by its author")
    if wait.is_late and wait.due_at is not None and wait.ended_at is not None:
        return _("late by %(time)s", time=length_words((wait.ended_at - wait.due_at).total_seconds()))
    took = length_words(wait.response_seconds or 0)
    return _("%(time)s, in time", time=took) if wait.due_at is not None else took


def mark_words(wait: Wait) -> list[str]:
    """Say what else is to be known of a wait before its length is judged."""
    found = [
        (wait.is_late_arrival, _("reached us late")),
        (wait.is_imported, _("from before this channel was connected")),
        (bool(wait.pauses) and not wait.is_paused, _("was paused meanwhile")),
    ]
    marks = [word for is_so, word in found if is_so]
    if wait.unchecked_since_at is not None:
        marks.append(_("not checked since %(time)s", time=format_datetime(wait.unchecked_since_at, "short")))
    return marks


def length_words(seconds: float) -> str:
    """Say a length as people do: 20 min, 3 h 12 min, 2 d 4 h."""
    whole = int(seconds)
    if whole < _MINUTES:
        return _("less than a minute")
    days, hours, minutes = whole // _DAY, whole % _DAY // _HOURS, whole % _HOURS // _MINUTES
    if days > 1:
        return _("%(d)s d %(h)s h", d=days, h=hours) if hours else _("%(n)s d", n=days)
    hours += 24 * days
    if not hours:
        return _("%(n)s min", n=minutes)
    return _("%(h)s h %(m)s min", h=hours, m=minutes) if minutes else _("%(n)s h", n=hours)
