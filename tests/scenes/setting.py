"""What stands before a scene begins: a team and how each is reached, whom an alert calls, and the promise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from inbox import clock
from inbox.calendars.plan import Plan as CalendarPlan
from inbox.calendars.versions import make_calendar
from inbox.escalation import policies as escalation
from inbox.escalation.steps import Plan, Step, Target, TargetKind
from inbox.sla import saving
from tests.factories.basics import join_team, make_member, make_team
from tests.factories.notifications import add_method

HOUR = 3600
PHONES = {"Ana": "+34600000001", "Diego": "+34600000002"}
# Rosa answers, Lea leads, Vera is the admin and connects channels.
MAILS = ("Rosa", "Lea", "Vera")
Waits = Sequence[tuple[str, float]]  # whom to call, so many seconds after the one before


@dataclass(frozen=True)
class Promise:
    """What the one policy says: hours of a calendar (None: around the clock), warnings, whom to call for what."""

    hours: float = 24
    warnings: Sequence[Mapping[str, float]] = ({"before_seconds": 2 * HOUR},)
    calendar: CalendarPlan | None = None
    is_paused_by_snooze: bool = False
    wakes: str = "everything"
    waits: Waits = (("Ana", 0), ("Diego", 600), ("Vera", 600))


@dataclass(frozen=True)
class Cast:
    """The ids of what was made."""

    people: dict[str, int]
    team_id: int
    policy_id: int


def make_cast(session: Session, zone: str, promise: Promise) -> Cast:
    """Make a team of five with verified methods, and the promise."""
    team, people = make_team(session, "Care"), {}
    for name in (*PHONES, *MAILS):
        member = make_member(session, name, time_zone=zone, is_admin=name == "Vera")
        people[name] = member.id
        if name != "Vera":
            join_team(session, member, team, "lead" if name == "Lea" else "responder")
        if name in PHONES:
            add_method(session, member, "sms", address={"number": PHONES[name]})
        else:
            add_method(session, member, "email", address={"email": f"{name.lower()}@acme.example"})
    return Cast(people, team.id, _make_promise(session, promise, people))


def _make_promise(session: Session, promise: Promise, people: Mapping[str, int]) -> int:
    vera, now = people["Vera"], clock.now()
    calls_id = _make_calls(session, people, "Phones", promise.waits, promise.wakes)
    wanted = saving.Wanted(
        "Standard",
        int(promise.hours * HOUR),
        warnings=tuple(promise.warnings),
        is_paused_by_snooze=promise.is_paused_by_snooze,
        escalation_policy_id=calls_id,
    )
    if promise.calendar is not None:
        version = make_calendar(session, "Shop", promise.calendar, by_member_id=vera)
        wanted = replace(wanted, calendar_version_id=version.id)
    return saving.make_policy(session, wanted, by_member_id=vera, now=now).policy_id


def make_special(
    session: Session, people: Mapping[str, int], name: str, target_seconds: int, waits: Waits, **asks: Any
) -> None:
    """Add a policy for conversations that have what it asks for, which calls others."""
    calls_id = _make_calls(session, people, name, waits, "everything")
    wanted = saving.Wanted(name, target_seconds, escalation_policy_id=calls_id, **asks)
    saving.make_policy(session, wanted, by_member_id=people["Vera"], now=clock.now())


def _make_calls(session: Session, people: Mapping[str, int], name: str, waits: Waits, wakes: str) -> int:
    steps = tuple(Step(wait, (Target(TargetKind.MEMBER, people[whom]),)) for whom, wait in waits)
    wanted = escalation.Wanted(name, Plan(steps, 0, wakes))
    return escalation.make_policy(session, wanted, by_member_id=people["Vera"], now=clock.now()).id
