"""What the SLA page shows: every number with its words and the address of the rows behind it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import ngettext
from markupsafe import Markup
from sqlalchemy.orm import Session

from inbox.desk import words as desk_words
from inbox.desk.queues import TeamName
from inbox.languages import gettext as _
from inbox.reports import charts, words
from inbox.reports.cohort import Cohort, Counted, gather, read_cohort, read_rates
from inbox.reports.figures import Tally, by_hour_of_week, steps
from inbox.reports.outcomes import BESIDE
from inbox.reports.rows import NOBODY, What, list_rows
from inbox.reports.rows import Asked as AskedRows
from inbox.reports.scope import Scope
from inbox.reports.spans import WEEKS, Window, last_days, last_weeks, next_hours
from inbox.reports.waiting import SOON, Held, list_falling_due, list_held, list_names

OVERDUE_SHOWN = 10
HOURS_AHEAD = 24


@dataclass(frozen=True)
class Staffed:
    """How many are at the desk, from a moment to another."""

    from_at: datetime
    until_at: datetime
    count: int


@dataclass(frozen=True)
class Asked:
    """What the page was asked for."""

    days: int
    scope: Scope
    zone: ZoneInfo
    now: datetime

    @cached_property
    def args(self) -> dict[str, Any]:
        """Return what an address carries so that it shows the same."""
        return {"range": self.days, **self.scope.filters.args()}

    def rows_url(self, what: What, **more: Any) -> str:
        """Return the address of the rows behind a number."""
        if more.keys().isdisjoint(self.args):
            return f"{self._rows_url}?what={what.value}&{self._tail}{'&' if more else ''}{urlencode(more)}"
        return f"{self._rows_url}?what={what.value}&{urlencode({**self.args, **more})}"

    def link(self, what: What, number: int, **more: Any) -> Markup:
        """Return a number that leads to its rows; 0 leads nowhere. Written here: a page has hundreds of them."""
        if not number:
            return Markup("0")
        return words.linked(words.number_word(number), self.rows_url(what, **more))

    @cached_property
    def _rows_url(self) -> str:
        """Where rows are; a page has hundreds of such addresses."""
        return url_for("reports.rows")

    @cached_property
    def _tail(self) -> str:
        return urlencode(self.args)


@dataclass(frozen=True)
class Line:
    """One line of a table: who or what, and its counts; `args`: what narrows the report to it."""

    name: str
    tally: Tally
    args: dict[str, Any]
    overdue_now: int = 0


@dataclass(frozen=True)
class Carrier:
    """Somebody who holds conversations; the counts are of now."""

    name: str
    assignee: int | str
    waiting: int
    due_soon: int
    overdue: int


@dataclass(frozen=True)
class Hour:
    """An hour to come: how many fall due in it, and how many are at the desk then (None: nobody knows)."""

    window: Window
    count: int
    staffed: int | None
    bar: charts.Bar


@dataclass(frozen=True)
class Week:
    """Seven days: who was due in them and in time."""

    window: Window
    tally: Tally
    bar: charts.Bar


@dataclass(frozen=True)
class Page:
    """Everything that the page shows."""

    asked: Asked
    whole: Tally
    sentence: Markup
    replies: Sequence[Line]
    by_channel: Sequence[Line]
    by_team: Sequence[Line]
    by_platform: Sequence[Line]
    by_priority: Sequence[Line]
    carriers: Sequence[Carrier]
    hours: Sequence[Hour]
    staff_line: str
    weeks: Sequence[Week]
    heat: Sequence[Sequence[int]]
    heat_steps: Sequence[Sequence[int]]
    overdue: Sequence[Any]
    waiting: int
    unheld: int
    overdue_now: int
    paused_now: int

    @property
    def soon_at(self) -> datetime:
        """Return until when what falls due is said to be due soon."""
        return self.asked.now + SOON

    @property
    def in_rate(self) -> list[tuple[What, int]]:
        """Return what the rate is made of."""
        tally = self.whole
        numbers = (tally.due, tally.in_time, tally.late, tally.overdue)
        return list(zip((What.DUE, What.IN_TIME, What.LATE, What.OVERDUE), numbers, strict=True))

    @property
    def beside(self) -> list[tuple[What, int]]:
        """Return what stands beside the rate."""
        apart = [(What(kind.value), self.whole.counts[kind]) for kind in BESIDE]
        return [*apart, (What.WAS_PAUSED, self.whole.counts["paused"]), (What.PAUSED, self.paused_now)]


def make_page(session: Session, asked: Asked, teams: Sequence[TeamName], plan: Sequence[Staffed] | None = None) -> Page:
    """Count everything that the page shows. `plan`: who is at the desk in the hours to come; None: nobody has said."""
    scope, now = asked.scope, asked.now
    window, weeks = last_days(asked.days, now, asked.zone), last_weeks(WEEKS, now, asked.zone)
    counted = Counted(session, [window, *weeks])
    cohort = read_cohort(session, scope, window, counted)
    held = list_held(session, scope, now)
    hours = _hours(session, asked, plan)
    replies, whole = cohort.by(lambda key: key.is_first), cohort.whole
    heat = by_hour_of_week(cohort.arrivals, asked.zone)
    late_rows = AskedRows(What.OVERDUE_NOW, window)
    return Page(
        asked=asked,
        whole=whole,
        sentence=say_whole(asked, whole),
        replies=_replies(replies),
        **_groups(asked, cohort, held, teams),
        carriers=_carriers(session, held),
        hours=hours,
        staff_line=charts.stairs([hour.staffed or 0 for hour in hours]) if plan is not None else "",
        weeks=_weeks(weeks, read_rates(session, scope, weeks, counted)),
        heat=heat,
        heat_steps=steps(heat),
        overdue=list_rows(session, scope, late_rows, now, limit=OVERDUE_SHOWN),
        waiting=sum(one.waiting for one in held),
        unheld=sum(one.waiting for one in held if one.assignee_id is None),
        overdue_now=sum(one.overdue for one in held),
        paused_now=sum(one.paused for one in held),
    )


def say_whole(asked: Asked, whole: Tally) -> Markup:
    """Say in one sentence how the promise was kept; each number leads to its rows."""
    when = _("today") if asked.days == 1 else _("in the last 12 months")
    if asked.days not in (1, 365):
        when = _("in the last %(n)s days", n=asked.days)
    if not whole.due:
        return Markup(_("Nobody's answer was due %(when)s.")) % {"when": when}  # noqa: S704  # our own words

    values = {"due": asked.link(What.DUE, whole.due), "when": when, "rate": words.rate_word(whole.rate)}
    values |= {"met": asked.link(What.IN_TIME, whole.in_time), "late": asked.link(What.LATE, whole.late)}
    values["waiting"] = asked.link(What.OVERDUE, whole.overdue)
    return Markup(" ".join(_parts(whole))) % values  # noqa: S704  # our own words


def _parts(whole: Tally) -> tuple[str, ...]:
    """Return the sentence's parts, each in the number that it needs, with their names for values left in them."""
    due = {name: f"%({name})s" for name in ("due", "when")}
    met = {name: f"%({name})s" for name in ("met", "rate")}
    late, waiting = {"late": "%(late)s"}, {"waiting": "%(waiting)s"}
    return (
        ngettext(
            "Of %(due)s person whose answer was due %(when)s,",
            "Of %(due)s people whose answer was due %(when)s,",
            whole.due,
            **due,
        ),
        ngettext("%(met)s got it in time (%(rate)s);", "%(met)s got it in time (%(rate)s);", whole.in_time, **met),
        ngettext("%(late)s was late,", "%(late)s were late,", whole.late, **late),
        ngettext("%(waiting)s still waits.", "%(waiting)s still wait.", whole.overdue, **waiting),
    )


def _replies(tallies: Mapping[bool, Tally]) -> list[Line]:
    both = ((True, _("First reply"), "first"), (False, _("Later replies"), "next"))
    return [Line(name, tallies[is_first], {"reply": word}) for is_first, name, word in both if is_first in tallies]


def _groups(asked: Asked, cohort: Cohort, held: Sequence[Held], teams: Sequence[TeamName]) -> dict[str, Sequence[Line]]:
    channels = {one.id: one for one in asked.scope.choices}
    team_names = {team.id: team.name for team in teams}

    overdue: Counter[int] = Counter()
    for one in held:
        overdue[one.channel_id] += one.overdue
    tallies = cohort.by_channel
    platforms = gather(tallies, lambda channel_id: channels[channel_id].platform)
    named = [(one, tallies.get(one.id, Tally()), overdue[one.id]) for one in asked.scope.channels]
    by_channel = [
        Line(one.name, tally, {"channel": one.id}, late) for one, tally, late in named if tally.counts or late
    ]
    return {
        "by_channel": by_channel,
        "by_team": _lines(cohort.by(lambda key: key.team_id), lambda id_: team_names.get(id_) or _no_team(id_), "team"),
        "by_platform": _lines(platforms, desk_words.platform_word, "platform"),
        "by_priority": _lines(cohort.by(lambda key: key.priority), desk_words.priority_word, "priority"),
    }


def _no_team(team_id: int | None) -> str:
    return _("No team") if team_id is None else _("Another team")


def _lines(tallies: Mapping[Any, Tally], name: Callable[[Any], str], arg: str) -> list[Line]:
    """Return a line for each value, by name; what has no value of its own can't be narrowed to."""
    lines = [Line(name(value), tally, {arg: value} if value else {}) for value, tally in tallies.items()]
    return sorted(lines, key=lambda line: line.name.casefold())


def _carriers(session: Session, held: Sequence[Held]) -> list[Carrier]:
    """Return who carries what, by name, and at last what nobody does."""
    sums: dict[int | None, tuple[int, int, int]] = {}
    for one in held:
        waiting, due_soon, overdue = sums.get(one.assignee_id, (0, 0, 0))
        sums[one.assignee_id] = (waiting + one.waiting, due_soon + one.due_soon, overdue + one.overdue)
    names = list_names(session, sorted(id_ for id_ in sums if id_ is not None))
    found = [Carrier(name, id_, *sums[id_]) for id_, name in names.items()]
    found.sort(key=lambda one: (one.name.casefold(), one.assignee))
    return [*found, *([Carrier(_("Nobody"), NOBODY, *sums[None])] if None in sums else [])]


def _hours(session: Session, asked: Asked, plan: Sequence[Staffed] | None) -> list[Hour]:
    windows = next_hours(HOURS_AHEAD, asked.now, asked.zone)
    counts = list_falling_due(session, asked.scope, windows)
    staffed = [_staffed(window, plan) if plan is not None else None for window in windows]
    found = zip(windows, counts, staffed, charts.bars(counts), strict=True)
    return [Hour(window, count, at_desk, bar) for window, count, at_desk, bar in found]


def _staffed(window: Window, plan: Sequence[Staffed]) -> int:
    """Return how many are there at the beginning of an hour."""
    return sum(shift.count for shift in plan if shift.from_at <= window.from_at < shift.until_at)


def _weeks(windows: Sequence[Window], tallies: Sequence[Tally]) -> list[Week]:
    shapes = charts.bars([100 * (tally.rate or 0) for tally in tallies], highest=100)
    return [Week(window, tally, bar) for window, tally, bar in zip(windows, tallies, shapes, strict=True)]
