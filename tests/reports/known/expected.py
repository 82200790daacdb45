"""What the page and the file must say to a member, of the waits that are known."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from inbox.members.models import Member
from tests.reports.known.reading import Table
from tests.reports.known.saying import Saying
from tests.reports.known.waits import Wait
from tests.reports.known.world import NOW, World

IN_RATE = ("in_time", "late", "overdue")
BESIDE = ("excused", "withdrawn", "late_arrival", "imported")
DAY_SECONDS = 86400
Pair = tuple[datetime, datetime]


def midnight(days_back: int, zone: ZoneInfo) -> datetime:
    """Return when a day began in a zone."""
    return datetime.combine(NOW.astimezone(zone).date() - timedelta(days=days_back), time(), zone).astimezone(UTC)


def after(waits: Iterable[Wait], percent: int) -> float | None:
    """Return the time within which so many per cent of the answers came (nearest rank)."""
    took = sorted(wait.took or 0.0 for wait in waits if wait.is_answered)
    return took[(percent * len(took) + 99) // 100 - 1] if took else None


def count(waits: Iterable[Wait], *kinds: str) -> int:
    """Count those that became one of these."""
    return sum(wait.became in kinds for wait in waits)


@dataclass(frozen=True)
class Expected:
    """What one member is shown, in one language."""

    world: World
    viewer: Member
    waits: Sequence[Wait]
    say: Saying
    found: dict[Any, list[Wait]] = field(default_factory=dict)  # the same in every language

    def speaking(self, language: str) -> "Expected":
        """Return the same in a language."""
        return replace(self, say=Saying(language))

    @property
    def zone(self) -> ZoneInfo:
        """The member's."""
        return ZoneInfo(self.viewer.time_zone)

    @cached_property
    def seen(self) -> list[Wait]:
        """Return what the member may know of."""
        return [one for one in self.waits if self.world.sees(self.viewer, *self._side(one))]

    @cached_property
    def open(self) -> list[Wait]:
        """Return who waits now."""
        return [wait for wait in self.seen if wait.end is None]

    @cached_property
    def overdue_now(self) -> list[Wait]:
        """Return who waits beyond the deadline."""
        return [wait for wait in self.open if wait.due_at is not None and wait.due_at < NOW]

    def due(self, pair: Pair) -> list[Wait]:
        """Return those whose answer was due between two moments."""
        if pair not in self.found:
            self.found[pair] = self._due(pair)
        return self.found[pair]

    def _due(self, pair: Pair) -> list[Wait]:
        return [wait for wait in self.seen if wait.due_at is not None and pair[0] <= wait.due_at < pair[1]]

    def range(self, days: int) -> Pair:
        """Return from when to when a range goes."""
        return midnight(days - 1, self.zone), NOW

    @staticmethod
    def _side(wait: Wait) -> tuple[int, bool]:
        return wait.facts["channel_id"], wait.facts["is_private"]

    def counts(self, waits: Sequence[Wait]) -> list[str]:
        """Return due, in time, late, waiting and the rate."""
        due = count(waits, *IN_RATE)
        numbers = [due, *(count(waits, kind) for kind in IN_RATE)]
        return [*map(self.say.number, numbers), self.say.share(numbers[1], due)]

    def line(self, name: str, waits: Sequence[Wait]) -> list[str]:
        """Return a line of a table."""
        return [name, *self.counts(waits), *(self.say.length(after(waits, percent)) for percent in (50, 90))]

    def tiles(self, due: Sequence[Wait]) -> Table:
        """Return the large numbers."""
        say, answered = self.say, [wait for wait in due if wait.is_answered]
        in_time, rated = count(due, "in_time"), count(due, *IN_RATE)
        share = say.share(sum((wait.took or 0) <= DAY_SECONDS for wait in answered), len(answered))
        unheld = sum(wait.now["assignee_id"] is None for wait in self.open)
        return [
            [say.share(in_time, rated), f"{say.number(in_time)} {say.word('of')} {say.number(rated)}"],
            [say.length(after(due, 50)), say.word("tail").format(p90=say.length(after(due, 90)), share=share)],
            [say.number(len(self.open)), f"{say.number(unheld)} {say.word('unheld')}"],
            [say.number(len(self.overdue_now))],
        ]

    def meanings(self, due: Sequence[Wait]) -> list[str]:
        """Return the numbers beside the definitions."""
        numbers = [count(due, *IN_RATE), *(count(due, kind) for kind in (*IN_RATE, *BESIDE))]
        numbers += [sum(bool(wait.pauses) for wait in due), sum(wait.is_paused for wait in self.open)]
        return [self.say.number(number) for number in numbers]

    def channels(self, due: Sequence[Wait]) -> Table:
        """Return the table by channel."""
        found = []
        for channel in self.world.channels:
            theirs = [wait for wait in due if wait.facts["channel_id"] == channel.id]
            late = sum(wait.facts["channel_id"] == channel.id for wait in self.overdue_now)
            if theirs or late:
                found.append([*self.line(channel.display_name, theirs), self.say.number(late)])
        return sorted(found)

    def groups(self, due: Sequence[Wait]) -> dict[str, Table]:
        """Return the tables by reply, team, platform and priority."""
        first, later = self.say.words("replies")
        replies = [(first, [one for one in due if one.number == 1]), (later, [one for one in due if one.number > 1])]
        return {
            "replies": [self.line(name, waits) for name, waits in replies if waits],
            "teams": self._by(due, lambda wait: self._team(wait.now["team_id"])),
            "platforms": self._by(due, lambda wait: self.say.named("platforms")[self._channel(wait).platform]),
            "priorities": self._by(due, lambda wait: self.say.named("priorities")[wait.now["priority"]]),
        }

    def _by(self, due: Sequence[Wait], name: Any) -> Table:
        names = sorted({name(wait) for wait in due}, key=str.casefold)
        return [self.line(one, [wait for wait in due if name(wait) == one]) for one in names]

    def weeks(self) -> Table:
        """Return the counts of the last twelve weeks."""
        starts = [midnight(7 * back - 1, self.zone) for back in range(12, 0, -1)]
        return [self.counts(self.due(pair)) for pair in zip(starts, [*starts[1:], NOW], strict=True)]

    def heat(self, due: Sequence[Wait]) -> Table:
        """Return when they began to wait, hour by hour, Monday to Sunday."""
        table = [[0] * 7 for _ in range(24)]
        for wait in due:
            local = wait.since_at.astimezone(self.zone)
            table[local.hour][local.weekday()] += not wait.is_imported
        return [[f"{hour:02}:00", *map(self.say.number, row)] for hour, row in enumerate(table)]

    def hours(self) -> Table:
        """Return what falls due in the hours to come, and who is at the desk until two in the afternoon of UTC."""
        starts = [NOW + timedelta(hours=number) for number in range(25)]  # it is noon in all of these zones' minutes
        found = []
        for number, (start, end) in enumerate(pairwise(starts)):
            falling = sum(wait.due_at is not None and start <= wait.due_at < end for wait in self.open)
            clocks = [f"{at.astimezone(self.zone):%H:%M}" for at in (start, end)]
            found.append([*clocks, self.say.number(falling), str(int(number < 2))])
        return found

    def carriers(self) -> Table:
        """Return who carries what."""
        held = {one.id: one.name for one in (self.world.lucia, self.world.diego, self.world.ana)}
        found = [self._carried(name, id_) for id_, name in sorted(held.items(), key=lambda one: one[1].casefold())]
        return [*found, self._carried(self.say.word("nobody"), None)]

    def _carried(self, name: str, assignee_id: int | None) -> list[str]:
        theirs = [wait.due_at for wait in self.open if wait.now["assignee_id"] == assignee_id]
        due = [at for at in theirs if at is not None]
        soon = sum(NOW <= at < NOW + timedelta(hours=4) for at in due)
        return [name, *map(self.say.number, (len(theirs), soon, sum(at < NOW for at in due)))]

    def _channel(self, wait: Wait) -> Any:
        return next(one for one in self.world.channels if one.id == wait.facts["channel_id"])

    def _team(self, team_id: int | None) -> str:
        names = {self.world.teams[0].id: self.world.teams[0].name, self.world.teams[1].id: self.world.teams[1].name}
        return self.say.word("no_team") if team_id is None else names.get(team_id, self.say.word("another"))

    def behind(self, query: dict[str, str], range_: Pair) -> list[Wait]:
        """Return the waits that an address of rows means, in their order; read from the address alone."""
        key = (range_, *sorted(query.items()))
        if key not in self.found:
            self.found[key] = self._behind(query, range_)
        return self.found[key]

    def _behind(self, query: dict[str, str], range_: Pair) -> list[Wait]:
        what, waits = query["what"], self.open
        if what not in ("waiting", "overdue_now", "paused"):
            named = [datetime.fromisoformat(query[name]) for name in ("from", "until") if name in query]
            pair = (named[0], named[1]) if named else range_
            waits = self.due(pair if what == "coming" else (pair[0], min(pair[1], NOW)))
        for name, is_theirs in self._narrowings.items():
            if name in query:
                waits = [wait for wait in waits if is_theirs(wait) == query[name]]
        by_wait = what in ("waiting", "paused")
        found = [wait for wait in waits if _is_what(wait, what)]
        return sorted(found, key=lambda wait: (wait.since_at if by_wait else wait.due_at, wait.timer_id))

    @property
    def _narrowings(self) -> dict[str, Callable[[Wait], str]]:
        return {
            "channel": lambda wait: str(wait.now["channel_id"]),
            "team": lambda wait: str(wait.now["team_id"]),
            "platform": lambda wait: str(self._channel(wait).platform),
            "priority": lambda wait: str(wait.now["priority"]),
            "reply": lambda wait: "first" if wait.number == 1 else "next",
            "assignee": lambda wait: str(wait.now["assignee_id"] or "nobody"),
            "day": lambda wait: str(wait.since_at.astimezone(self.zone).weekday()),
            "hour": lambda wait: str(wait.since_at.astimezone(self.zone).hour),
        }

    def row(self, wait: Wait) -> dict[str, str]:
        """Return a wait as the file says it."""
        names = {one.id: one.name for one in (self.world.lucia, self.world.diego, self.world.ana)}
        channel, end, now = self._channel(wait), wait.end, wait.now
        answered_by = (names[end.by] if end.by else "natively") if end is not None and end.outcome == "met" else None
        cells: dict[str, Any] = {
            "timer": wait.timer_id,
            "conversation": wait.conversation_id,
            "reply": "first" if wait.number == 1 else "next",
            "platform": channel.platform,
            "channel": channel.display_name,
            "kind": wait.kind,
            "person": wait.person or wait.handle,
            "handle": wait.handle,
            "priority": now["priority"],
            "policy": wait.promise.version.name if wait.promise is not None else None,
            "waiting_since": _written(wait.since_at),
            "clock_started": _written(wait.started_at),
            "due": _written(wait.due_at),
            "ended": _written(end.at if end is not None else None),
            "became": wait.said,
            "was_paused": int(bool(wait.pauses)),
            "response_seconds": int(wait.took) if wait.took is not None else None,
            "late_seconds": int(wait.late_by) if wait.late_by is not None else None,
            "answered_by": answered_by,
            "assignee": names.get(now["assignee_id"]),
            "held_at_breach": names.get(wait.held_by),
        }
        texts = {name: "" if value is None else str(value) for name, value in cells.items()}
        return {name: f"'{text}" if text[:1] in tuple("=+-@") and text else text for name, text in texts.items()}


def _is_what(wait: Wait, what: str) -> bool:
    """Tell whether a wait is one of those that a number counts."""
    if what in ("coming", "waiting"):
        return wait.end is None
    if what == "overdue_now":
        return wait.end is None and wait.due_at is not None and wait.due_at < NOW
    if what == "within_day":
        return wait.is_answered and (wait.took or 0) <= DAY_SECONDS
    if what == "began":
        return not wait.is_imported
    if what in ("all", "paused", "was_paused"):
        return {"all": True, "paused": wait.is_paused, "was_paused": bool(wait.pauses)}[what]
    return {"due": wait.is_in_rate, "answered": wait.is_answered}.get(what, wait.became == what)


def _written(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00") if at is not None else None
