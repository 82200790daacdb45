"""System lines of a thread about its clock: what moved a deadline, stopped it, or took it back."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from inbox.activity import kinds
from inbox.conversations.rows import LineView
from inbox.languages import format_datetime
from inbox.languages import gettext as _


def sentence(line: LineView) -> str:
    """Say what happened to the clock; of several in a row, how it stood after the last."""
    said = _WORDERS[line.kind](line)
    return _("%(sentence)s (%(n)s times)", sentence=said, n=line.times) if line.times > 1 else said


def _moved(line: LineView) -> str:
    return _and_due(_("The clock now counts from %(time)s", time=_time(line.after, "started_at")), line)


def _paused(_line: LineView) -> str:
    return _("The clock was paused")


def _resumed(line: LineView) -> str:
    return _and_due(_("The clock goes on"), line)


def _policy(line: LineView) -> str:
    name = line.after.get("policy")
    if not name:
        return _("No promise fits any more: nothing is due")
    return _and_due(_("The promise is “%(name)s” now", name=name), line)


def _warned(line: LineView) -> str:
    due = _time(line.after, "due_at")
    return _("A warning was given: due %(time)s", time=due) if due else _("A warning was given")


def _breached(line: LineView) -> str:
    return _("The deadline passed: due %(time)s", time=_time(line.after, "due_at"))


def _reopened(line: LineView) -> str:
    if line.before.get("outcome") == "met":
        return _and_due(_("The answer no longer stands: the clock goes on as before"), line)
    return _and_due(_("This waits for an answer again: the clock goes on as before"), line)


def _withdrawn(line: LineView) -> str:
    missed, due = _time(line.before, "breached_at"), _time(line.after, "due_at")
    if not due:
        return _("No longer overdue: nothing is due now")
    if due == missed:
        return _("Not overdue after all: the answer came in time")
    return _("No longer overdue: due %(time)s", time=due)


_WORDERS: dict[str, Callable[[LineView], str]] = {
    kinds.TIMER_MOVED: _moved,
    kinds.TIMER_PAUSED: _paused,
    kinds.TIMER_RESUMED: _resumed,
    kinds.TIMER_POLICY: _policy,
    kinds.TIMER_WARNED: _warned,
    kinds.TIMER_BREACHED: _breached,
    kinds.TIMER_REOPENED: _reopened,
    kinds.BREACH_WITHDRAWN: _withdrawn,
}


def _and_due(said: str, line: LineView) -> str:
    due = _time(line.after, "due_at")
    return _("%(sentence)s; due %(time)s", sentence=said, time=due) if due else said


def _time(values: Mapping[str, Any], name: str) -> str:
    text = values.get(name)
    return format_datetime(datetime.fromisoformat(str(text)), "short") if text else ""
