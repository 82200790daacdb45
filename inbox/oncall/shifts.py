"""Who is on, computed from what was planned (pure): turns on call, shifts at the desk, and what replaces them.

Moments are aware UTC; every stretch of time holds its beginning and not its end.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from inbox.oncall.moments import local, moment

_FORTNIGHT = timedelta(days=14)


@dataclass(frozen=True)
class Shift:
    """A stretch of time in which a member is on; `change_id` names what put them there besides the plan."""

    member_id: int
    start_at: datetime
    end_at: datetime
    change_id: int | None = None


@dataclass(frozen=True)
class Turns:
    """A plan in which members take turns: from `first_at` the one at place `first`, after each handoff the next.

    The handoff is each day, or each week on `weekday` (0 is Monday), at that minute of the zone's day.
    """

    member_ids: tuple[int, ...]
    is_daily: bool
    weekday: int
    minute: int
    zone: str
    first_at: datetime
    first: int = 0

    def shifts(self, start: datetime, end: datetime) -> Iterator[Shift]:
        """Give the turns that touch a stretch of time, whole."""
        start = max(start, self.first_at)
        if start >= end or not self.member_ids:
            return
        begin, number = self._number(self.first_at), self._number(start)
        while (from_at := max(self._handoff(number), self.first_at)) < end:
            place = (self.first + number - begin) % len(self.member_ids)
            number += 1
            if from_at < (until_at := self._handoff(number)):
                yield Shift(self.member_ids[place], from_at, until_at)

    def holder_place(self, at: datetime) -> int:
        """Return the place of who has the turn at a moment at or after `first_at`."""
        return (self.first + self._number(at) - self._number(self.first_at)) % len(self.member_ids)

    def next_handoff(self, at: datetime) -> datetime:
        """Return the first handoff after a moment."""
        return self._handoff(self._number(at) + 1)

    def _handoff(self, number: int) -> datetime:
        """Return when the handoff of a number is: days, or weeks, counted from the calendar's first."""
        ordinal = number if self.is_daily else 7 * number + 1 + self.weekday
        return moment(date.fromordinal(ordinal), self.minute, self.zone)

    def _number(self, at: datetime) -> int:
        """Return the number of the last handoff at or before a moment."""
        ordinal = local(at, self.zone).date().toordinal() + 2  # beyond it, whatever the clock did
        number = ordinal if self.is_daily else (ordinal - 1 - self.weekday) // 7
        while self._handoff(number) > at:
            number -= 1
        return number


@dataclass(frozen=True)
class Weekly:
    """A member's shift on a day of each week; `until_minute` at or before `from_minute` is on the next day."""

    member_id: int
    weekday: int
    from_minute: int
    until_minute: int


@dataclass(frozen=True)
class Desk:
    """A plan in which many may be on at once: shifts of each week, by the clock of a zone."""

    weekly: tuple[Weekly, ...]
    zone: str

    @property
    def member_ids(self) -> tuple[int, ...]:
        """The members in it, in the order of the plan."""
        return tuple(dict.fromkeys(one.member_id for one in self.weekly))

    def shifts(self, start: datetime, end: datetime) -> Iterator[Shift]:
        """Give the shifts that touch a stretch of time, whole."""
        day, last = local(start, self.zone).date() - timedelta(days=2), local(end, self.zone).date()
        while day <= last:
            for one in self.weekly:
                if one.weekday == day.weekday():
                    yield from self._shift(one, day, start, end)
            day += timedelta(days=1)

    def _shift(self, one: Weekly, day: date, start: datetime, end: datetime) -> Iterator[Shift]:
        last_day = day if one.until_minute > one.from_minute else day + timedelta(days=1)
        from_at, until_at = moment(day, one.from_minute, self.zone), moment(last_day, one.until_minute, self.zone)
        if from_at < until_at and from_at < end and until_at > start:
            yield Shift(one.member_id, from_at, until_at)


@dataclass(frozen=True)
class Change:
    """What replaces the plan for a while: a member who is on, or (`is_off`) who is not; a later one goes before."""

    id: int
    member_id: int
    start_at: datetime
    end_at: datetime
    is_off: bool = False


@dataclass(frozen=True)
class Segment:
    """A plan, and the stretch of time in which it was or is in force."""

    plan: Turns | Desk
    start_at: datetime
    end_at: datetime | None = None


@dataclass(frozen=True)
class Gap:
    """A stretch of time in which nobody is on; `member_id`: whose it would have been."""

    start_at: datetime
    end_at: datetime
    member_id: int | None = None


@dataclass(frozen=True)
class Closing:
    """The end of a day's last staffed shift, and when the next begins (None: within two weeks none does)."""

    ends_at: datetime
    next_begins_at: datetime | None


@dataclass(frozen=True)
class Roster:
    """All that decides who is on: plans one after the other, changes in the order made, and who left when."""

    is_desk: bool
    segments: tuple[Segment, ...]
    changes: tuple[Change, ...] = ()
    left_at: Mapping[int, datetime] = field(default_factory=dict)

    def planned(self, start: datetime, end: datetime) -> list[Shift]:
        """Return the shifts of the plans alone, cut to a stretch of time, by their beginning."""
        found: list[Shift] = []
        for one in self.segments:
            from_at = max(start, one.start_at)
            until_at = end if one.end_at is None else min(end, one.end_at)
            if from_at < until_at:
                found += (_cut_to(shift, from_at, until_at) for shift in one.plan.shifts(from_at, until_at))
        return sorted(found, key=_order)

    def shifts(self, start: datetime, end: datetime) -> list[Shift]:
        """Return who is on, cut to a stretch of time, by beginning."""
        found = [kept for one in self.planned(start, end) for kept in self._until_left(one)]
        for change in self._changes():
            if change.is_off or not self.is_desk:
                found = [part for one in found for part in _without(one, change)]
            if not change.is_off:
                shift = Shift(change.member_id, max(start, change.start_at), min(end, change.end_at), change.id)
                found += [shift] if shift.start_at < shift.end_at else []
        return sorted(_joined(found) if self.is_desk else found, key=_order)

    def on_at(self, at: datetime) -> tuple[int, ...]:
        """Return the members who are on at a moment: those of the plan in its order, then who was added."""
        there = {one.member_id for one in self.shifts(at, at + timedelta(microseconds=1))}
        in_force = [one.plan for one in self.segments if one.start_at <= at and (one.end_at is None or at < one.end_at)]
        planned = [number for plan in in_force for number in plan.member_ids]
        return tuple(number for number in dict.fromkeys([*planned, *sorted(there)]) if number in there)

    def gaps(self, start: datetime, end: datetime) -> list[Gap]:
        """Return when nobody is on: on call at any time, at the desk where the week's plan has somebody."""
        planned = self.planned(start, end)
        wanted = [Gap(one.start_at, one.end_at, one.member_id) for one in planned]
        if self.is_desk:
            wanted = [Gap(from_at, until_at) for from_at, until_at in stretches(planned)]
        else:
            wanted += [Gap(from_at, until_at) for from_at, until_at in _between(stretches(planned), start, end)]
        staffed = stretches(self.shifts(start, end))
        found = [
            replace(one, start_at=from_at, end_at=until_at)
            for one in wanted
            for from_at, until_at in _between(staffed, one.start_at, one.end_at)
        ]
        return sorted(found, key=lambda one: one.start_at)

    def closing(self, at: datetime, zone: str) -> Closing | None:
        """Return the next end of a day's last staffed shift after a moment; None where the desk never closes.

        A pause after which somebody comes on the day on which the stretch before it began is none: that is lunch.
        """
        staffed = stretches(self.shifts(at - _FORTNIGHT, at + 2 * _FORTNIGHT))
        for number, (begins_at, ends_at) in enumerate(staffed):
            following = staffed[number + 1][0] if number + 1 < len(staffed) else None
            if ends_at <= at or begins_at > at + _FORTNIGHT:
                continue
            if following is None or local(following, zone).date() > local(begins_at, zone).date():
                return _closing(ends_at, following, at)
        return None

    def _changes(self) -> Iterator[Change]:
        """Give the changes that count: what was put on somebody ends when they leave, and the plan holds again."""
        for one in self.changes:
            left_at = self.left_at.get(one.member_id)
            end_at = one.end_at if left_at is None or one.is_off else min(one.end_at, left_at)
            if one.start_at < end_at:
                yield replace(one, end_at=end_at)

    def _until_left(self, shift: Shift) -> Iterator[Shift]:
        left_at = self.left_at.get(shift.member_id)
        end_at = shift.end_at if left_at is None else min(shift.end_at, left_at)
        if shift.start_at < end_at:
            yield replace(shift, end_at=end_at)


def carry_on(old: Turns, wanted: Turns, at: datetime) -> Turns:
    """Return `wanted` as it takes over from `old` at a moment: who has the turn keeps it until the next handoff.

    Where they were taken out, the next of the old order who is still in it has the turn. Turns that have not begun yet
    begin as wanted.
    """
    if at < old.first_at or not old.member_ids:
        return wanted
    place = old.holder_place(at)
    for member_id in (*old.member_ids[place:], *old.member_ids[:place]):
        if member_id in wanted.member_ids:
            return replace(wanted, first_at=at, first=wanted.member_ids.index(member_id))
    return replace(wanted, first_at=at, first=0)


def stretches(shifts: Iterable[Shift]) -> list[tuple[datetime, datetime]]:
    """Return the stretches of time in which at least one of some shifts is, in order."""
    found: list[tuple[datetime, datetime]] = []
    for one in sorted(shifts, key=_order):
        if found and one.start_at <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], one.end_at)
        else:
            found.append((one.start_at, one.end_at))
    return found


def _closing(ends_at: datetime, following: datetime | None, at: datetime) -> Closing | None:
    if ends_at > at + _FORTNIGHT:
        return None
    return Closing(ends_at, following if following is not None and following <= ends_at + _FORTNIGHT else None)


def _between(
    taken: Sequence[tuple[datetime, datetime]], start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Give what a stretch of time has besides others, which are in order and apart."""
    for from_at, until_at in taken:
        if until_at <= start:
            continue
        if from_at >= end:
            break
        if start < from_at:
            yield start, from_at
        start = until_at
    if start < end:
        yield start, end


def _without(shift: Shift, change: Change) -> Iterator[Shift]:
    """Give what a change leaves of a shift: a day off takes its member's, on call a change takes everybody's."""
    is_untouched = change.end_at <= shift.start_at or change.start_at >= shift.end_at
    if is_untouched or (change.is_off and change.member_id != shift.member_id):
        yield shift
        return
    if shift.start_at < change.start_at:
        yield replace(shift, end_at=change.start_at)
    if change.end_at < shift.end_at:
        yield replace(shift, start_at=change.end_at)


def _joined(shifts: Iterable[Shift]) -> Iterator[Shift]:
    """Give shifts such that no two of a member touch; one that was added keeps saying so."""
    last: dict[int, Shift] = {}
    for one in sorted(shifts, key=_order):
        before = last.get(one.member_id)
        if before is None or one.start_at > before.end_at:
            if before is not None:
                yield before
            last[one.member_id] = one
        else:
            added = before.change_id if before.change_id is not None else one.change_id
            last[one.member_id] = replace(before, end_at=max(before.end_at, one.end_at), change_id=added)
    yield from last.values()


def _cut_to(shift: Shift, start: datetime, end: datetime) -> Shift:
    return replace(shift, start_at=max(shift.start_at, start), end_at=min(shift.end_at, end))


def _order(one: Shift) -> tuple[datetime, int]:
    return one.start_at, one.member_id
