"""Rotations as their pages show them: who is on now and next, the weeks ahead, what is wrong, what was changed.

Times are written by the rotation's own clock: a handoff at nine stands there as nine, wherever one reads it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask_babel import get_locale, ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.desk.rotation_forms import write_clock
from inbox.languages import gettext as _
from inbox.languages import later as _l
from inbox.members.models import Member
from inbox.oncall import queries
from inbox.oncall.models import Rotation, RotationKind, RotationOverride
from inbox.oncall.moments import local, moment
from inbox.oncall.shifts import Gap, Roster, Shift, Turns
from inbox.oncall.troubles import AHEAD, FindReachable, Troubles, find_troubles

WEEKDAYS = (_l("Monday"), _l("Tuesday"), _l("Wednesday"), _l("Thursday"), _l("Friday"), _l("Saturday"), _l("Sunday"))
DESK_WEEKS = 4
_MOST_CHANGES = 12
_DAY, _DAY_AND_TIME, _TIME = "EEE d MMM", "EEE d MMM HH:mm", "HH:mm"


@dataclass(frozen=True)
class Line:
    """A stretch of time as a list shows it; without a name nobody is on."""

    when: str
    name: str
    note: str = ""
    is_now: bool = False

    @property
    def is_gap(self) -> bool:
        """Whether nobody is on."""
        return not self.name


@dataclass(frozen=True)
class Day:
    """A day of the desk's calendar."""

    word: str
    is_today: bool
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Made:
    """Something that was done to a rotation."""

    at: datetime
    sentence: str


@dataclass(frozen=True)
class Shown:
    """A rotation with all that its pages say."""

    rotation: Rotation
    plan_words: str
    now: tuple[Line, ...]
    following: Line | None
    troubles: Troubles
    gap_lines: tuple[Line, ...]

    @property
    def is_desk(self) -> bool:
        """Whether many may be on at once."""
        return self.rotation.kind == RotationKind.DESK

    @property
    def kind_word(self) -> str:
        """What kind of rotation it is."""
        return _("At the desk") if self.is_desk else _("On call")

    @property
    def trouble_words(self) -> str:
        """What is wrong, in a few words; empty if nothing is."""
        return _trouble_words(self.troubles)


def show(session: Session, rotation: Rotation, now: datetime, find_reachable: FindReachable | None) -> Shown:
    """Return a rotation as its pages show it."""
    roster = queries.load_roster(session, rotation, now, now + AHEAD)
    found = find_troubles(session, rotation, now, find_reachable)
    shifts = roster.shifts(now, now + AHEAD)
    names = names_of(session, shifts, found.gaps)
    write = _Writer(rotation.time_zone, names, now)
    on_now = [one for one in shifts if one.start_at <= now]
    later = next((one for one in shifts if one.start_at > now), None)
    return Shown(
        rotation=rotation,
        plan_words=plan_words(session, rotation),
        now=tuple(write.until(one) for one in on_now),
        following=write.line(later) if later else None,
        troubles=found,
        gap_lines=tuple(write.gap(one) for one in found.gaps),
    )


def list_turns(session: Session, rotation: Rotation, now: datetime) -> list[Line]:
    """Return the turns and gaps of the next eight weeks, in order."""
    roster = queries.load_roster(session, rotation, now - AHEAD, now + AHEAD)
    shifts, gaps = _whole(roster, now), roster.gaps(now, now + AHEAD)
    write = _Writer(rotation.time_zone, names_of(session, shifts, gaps), now)
    lines = [(one.start_at, write.line(one)) for one in shifts] + [(one.start_at, write.gap(one)) for one in gaps]
    return [line for _at, line in sorted(lines, key=lambda one: one[0])]


def list_weeks(session: Session, rotation: Rotation, now: datetime) -> list[list[Day]]:
    """Return the desk's next weeks from this one's Monday, each of seven days."""
    zone = rotation.time_zone
    today = local(now, zone).date()
    first = today - timedelta(days=today.weekday())
    start, end = moment(first, 0, zone), moment(first + timedelta(weeks=DESK_WEEKS), 0, zone)
    roster = queries.load_roster(session, rotation, start, end)
    shifts, gaps = roster.shifts(start, end), roster.gaps(max(start, now), end)
    write = _Writer(zone, names_of(session, shifts, gaps), now)
    days = [first + timedelta(days=number) for number in range(7 * DESK_WEEKS)]
    shown = [_day(one, today, shifts, gaps, write) for one in days]
    return [shown[number : number + 7] for number in range(0, len(shown), 7)]


def list_made(session: Session, rotation: Rotation) -> list[Made]:
    """Return what was done to a rotation last, the newest first."""
    versions = queries.list_versions(session, rotation.id, _MOST_CHANGES)
    overrides = queries.list_made_overrides(session, rotation.id, _MOST_CHANGES)
    ids = [number for row in overrides for number in (row.member_id, row.created_by_id, row.removed_by_id)]
    names = _names(session, [*ids, *(row.created_by_id for row in versions)])
    found = [
        Made(row.from_at, _version_sentence(row.version, names.get(row.created_by_id or 0, ""))) for row in versions
    ]
    for row in overrides:
        found.append(Made(row.created_at, _override_sentence(row, names, rotation.time_zone)))
        if row.removed_at is not None:
            who = names.get(row.removed_by_id or 0, "")
            said = _("%(name)s took an override of %(other)s back", name=who, other=names[row.member_id])
            found.append(Made(row.removed_at, said))
    return sorted(found, key=lambda one: one.at, reverse=True)[:_MOST_CHANGES]


def override_words(row: RotationOverride, zone: str) -> str:
    """Say from when until when an override counts."""
    return span(row.from_at, row.until_at, zone)


def plan_words(session: Session, rotation: Rotation) -> str:
    """Say how a rotation goes on."""
    plan = queries.get_plan(session, rotation)
    if not isinstance(plan, Turns):
        count = len(plan.member_ids)
        return str(ngettext("%(num)s person, by the week", "%(num)s people, by the week", count))
    clock = write_clock(plan.minute)
    if plan.is_daily:
        return _("Handoff each day at %(time)s", time=clock)
    return _("Handoff on %(day)s at %(time)s", day=_(WEEKDAYS[plan.weekday]), time=clock)


def names_of(session: Session, shifts: Iterable[Shift], gaps: Iterable[Gap]) -> dict[int, str]:
    """Return the names of those who are on, or would be."""
    return _names(session, [*(one.member_id for one in shifts), *(one.member_id for one in gaps)])


def span(start: datetime, end: datetime, zone: str) -> str:
    """Write a stretch of time by a zone's clock; the day once where it is one."""
    same = local(start, zone).date() == local(end, zone).date()
    return f"{_written(start, zone, _DAY_AND_TIME)} – {_written(end, zone, _TIME if same else _DAY_AND_TIME)}"


@dataclass(frozen=True)
class _Writer:
    """Writes shifts and gaps by one clock."""

    zone: str
    names: Mapping[int, str]
    now: datetime

    def line(self, one: Shift) -> Line:
        is_now = one.start_at <= self.now < one.end_at
        return Line(span(one.start_at, one.end_at, self.zone), self.names[one.member_id], _note(one), is_now)

    def until(self, one: Shift) -> Line:
        if one.end_at >= self.now + AHEAD:
            return Line("", self.names[one.member_id], _note(one), True)
        same = local(one.end_at, self.zone).date() == local(self.now, self.zone).date()
        until = _("until %(time)s", time=_written(one.end_at, self.zone, _TIME if same else _DAY_AND_TIME))
        return Line(until, self.names[one.member_id], _note(one), True)

    def gap(self, one: Gap) -> Line:
        whose = self.names.get(one.member_id or 0, "")
        note = _("%(name)s is not here any more", name=whose) if whose else ""
        is_now = one.start_at <= self.now < one.end_at
        return Line(span(one.start_at, one.end_at, self.zone), "", note, is_now)

    def hours(self, one: Shift | Gap, day: date) -> str:
        """Write the hours of a shift that begins on a day, or went on into it."""
        midnight = moment(day, 0, self.zone)
        start = "…" if one.start_at < midnight else _written(one.start_at, self.zone, _TIME)
        end_day = local(one.end_at, self.zone)
        is_midnight = one.end_at == moment(day + timedelta(days=1), 0, self.zone)
        end = "24:00" if is_midnight else end_day.strftime("%H:%M")
        return f"{start}–{end}"


def _day(day: date, today: date, shifts: Sequence[Shift], gaps: Sequence[Gap], write: _Writer) -> Day:
    start, end = moment(day, 0, write.zone), moment(day + timedelta(days=1), 0, write.zone)
    lines = [
        Line(write.hours(one, day), write.names[one.member_id], _note(one), one.start_at <= write.now < one.end_at)
        for one in shifts
        if start <= one.start_at < end
    ]
    lines += [Line(write.hours(one, day), "") for one in gaps if start <= one.start_at < end]
    word = format_datetime(datetime.combine(day, datetime.min.time()), _DAY, locale=get_locale())
    return Day(word, day == today, tuple(lines))


def _whole(roster: Roster, now: datetime) -> list[Shift]:
    """Return the shifts from now on; the present one from its beginning."""
    return [one for one in roster.shifts(now - AHEAD, now + AHEAD) if one.end_at > now]


def _note(one: Shift) -> str:
    return _("override") if one.change_id is not None else ""


def _written(at: datetime, zone: str, pattern: str) -> str:
    return str(format_datetime(at.astimezone(UTC), pattern, tzinfo=ZoneInfo(zone), locale=get_locale()))


def _names(session: Session, member_ids: Iterable[int | None]) -> dict[int, str]:
    query = select(Member.id, Member.name).where(Member.id.in_({one for one in member_ids if one is not None}))
    return {row.id: row.name for row in session.execute(query)}


def _version_sentence(version: int, who: str) -> str:
    return _("%(name)s made this rotation", name=who) if version == 1 else _("%(name)s changed the plan", name=who)


def _override_sentence(row: RotationOverride, names: Mapping[int, str], zone: str) -> str:
    given = {"name": names.get(row.created_by_id or 0, ""), "other": names[row.member_id]}
    when = span(row.from_at, row.until_at, zone)
    if row.is_off:
        return _("%(name)s gave %(other)s time off: %(when)s", when=when, **given)
    return _("%(name)s put %(other)s on: %(when)s", when=when, **given)


def _trouble_words(found: Troubles) -> str:
    if found.is_empty:
        return _("Nobody is in it yet.")
    said = []
    if found.gaps:
        count = len(found.gaps)
        said.append(ngettext("Nobody is on once in 8 weeks.", "Nobody is on %(num)s times in 8 weeks.", count))
    if found.left:
        said.append(_("Has left: %(names)s.", names=", ".join(one.name for one in found.left)))
    if found.unreachable:
        said.append(_("Can't be reached: %(names)s.", names=", ".join(one.name for one in found.unreachable)))
    return " ".join(said)
