"""The three first questions: what is promised, who is woken at night, who is told last; as asked and as answered.

The answers go into the policy that fits every conversation and into the escalation policy of the house, which are there
from the start: who skips the questions has what those say.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.calendars.hours import CLOSED
from inbox.calendars.plan import Plan as Week
from inbox.calendars.queries import list_calendars
from inbox.calendars.typed import read_typed
from inbox.calendars.versions import make_calendar
from inbox.desk.calendar_forms import check_zone
from inbox.errors import Invalid
from inbox.escalation import policies, steps
from inbox.escalation.access import list_known_members
from inbox.escalation.models import EscalationPolicy
from inbox.escalation.steps import Plan, Step, Target, TargetKind
from inbox.languages import gettext as _
from inbox.members import forms
from inbox.members.models import Member
from inbox.numbers import read_number
from inbox.sla import saving
from inbox.sla.deadlines import BEFORE
from inbox.sla.models import SlaPolicy, SlaPolicyVersion
from inbox.sla.policies import find_calendar, fits_everything, list_current

ALWAYS, OFFICE, ADMINS = "always", "office", "admins"
OFFICE_HOURS = "09:00–18:00"
STANDARD, HOUSE = "Standard {hours} h", "Everybody in turn"  # as the first migrations name them
_STANDARD = re.compile(r"Standard \d+ h")
_LAST_AFTER_SECONDS = 900.0
_LONGEST_HOURS = saving.LONGEST_SECONDS // 3600
_WARNINGS: tuple[Mapping[str, float], ...] = ({"before_seconds": 7200}, {"before_seconds": 1800})


@dataclass(frozen=True)
class Answers:
    """The answers as the form has them; `when`: always, office, or a calendar's id; `last`: admins, members' ids."""

    hours: str
    when: str
    zone: str
    opens: str
    wakes: str
    last: tuple[str, ...]
    seen_version: int = 0  # of the SLA policy; 0: there was none
    seen_number: int = 0  # of the escalation policy

    @property
    def seconds(self) -> int:
        """The promise; raises Invalid."""
        hours = read_number(self.hours)
        if hours is None or not 1 <= hours <= _LONGEST_HOURS:
            raise Invalid("promised_hours", most=_LONGEST_HOURS)
        return hours * 3600


@dataclass(frozen=True)
class Standing:
    """What holds now: the policy that fits every conversation, and the house's escalation policy, if there are any."""

    promise: SlaPolicyVersion | None
    house: EscalationPolicy | None
    plan: Plan


def find_standing(session: Session) -> Standing:
    """Return what the answers change."""
    promise = next((one for one in list_current(session) if fits_everything(one)), None)
    query = select(EscalationPolicy).where(EscalationPolicy.is_default).order_by(EscalationPolicy.id)
    house = session.scalars(query.limit(1)).first()
    return Standing(promise, house, policies.plan_of(session, house) if house else steps.DEFAULT)


def show_answers(session: Session, member: Member, standing: Standing) -> Answers:
    """Return the form as things stand; a fresh installation's has the defaults."""
    promise, calendar = standing.promise, None
    if promise is not None:
        calendar = find_calendar(session, promise)
    last = standing.plan.steps[-1].targets
    return Answers(
        hours=str(max(1, promise.target_seconds // 3600) if promise else 24),
        when=str(calendar.id) if calendar else ALWAYS,
        zone=member.time_zone,
        opens=OFFICE_HOURS,
        wakes=standing.plan.wakes,
        last=tuple(_last_word(one) for one in last if one.kind in (TargetKind.ADMINS, TargetKind.MEMBER)),
        seen_version=promise.number if promise else 0,
        seen_number=standing.house.number if standing.house else 0,
    )


def read_answers() -> Answers:
    """Read what was posted, whatever it is."""
    return Answers(
        hours=forms.text("hours", 10),
        when=forms.text("when", 20),
        zone=forms.text("zone", 60),
        opens=forms.text("opens"),
        wakes=forms.text("wakes", 20),
        last=tuple(dict.fromkeys(value[:20] for value in request.form.getlist("last")[: policies.MOST_TARGETS + 1])),
        seen_version=read_number(forms.text("seen_version")) or 0,
        seen_number=read_number(forms.text("seen_number")) or 0,
    )


def keep(session: Session, member: Member, answers: Answers, now: datetime) -> None:
    """Save what the answers change, by the verbs of each subject; raises Invalid or Conflict."""
    standing = find_standing(session)
    _keep_promise(session, member, answers, standing.promise, now)
    _keep_house(session, member, answers, standing, now)


def _keep_promise(
    session: Session, member: Member, answers: Answers, promise: SlaPolicyVersion | None, now: datetime
) -> None:
    seconds, name = answers.seconds, STANDARD.format(hours=answers.seconds // 3600)
    calendar_version_id = _calendar_version(session, member, answers)
    if promise is None:
        wanted = saving.Wanted(name, seconds, calendar_version_id, _fitting(_WARNINGS, seconds))
        saving.make_policy(session, wanted, by_member_id=member.id, now=now)
        return
    is_ours = _STANDARD.fullmatch(promise.name) is not None
    seen = show_answers(session, member, find_standing(session)).hours
    if answers.hours == seen:  # a promise of an hour and a half is not cut to one by saving
        seconds, is_ours = promise.target_seconds, False
    wanted = saving.Wanted(
        name=name if is_ours else promise.name,
        target_seconds=seconds,
        calendar_version_id=calendar_version_id,
        warnings=_fitting(promise.warnings, seconds),
        is_paused_by_snooze=promise.is_paused_by_snooze,
        escalation_policy_id=promise.escalation_policy_id,
        seen_version=answers.seen_version,
    )
    policy = session.get_one(SlaPolicy, promise.policy_id)
    saving.save_policy(session, policy, wanted, by_member_id=member.id, now=now)


def _calendar_version(session: Session, member: Member, answers: Answers) -> int | None:
    """Return the version to count by, of a calendar that is made if it is to be; None: around the clock."""
    if answers.when == ALWAYS:
        return None
    known = list_calendars(session)
    if answers.when != OFFICE:
        number = read_number(answers.when)
        found = next((one.version.id for one in known if one.calendar.id == number), None)
        if found is None:
            raise Invalid("calendar_not_found")
        return found
    opens = read_typed(answers.opens)
    if not opens:
        raise Invalid("calendar_never_open")
    week = Week(check_zone(answers.zone), (*(opens,) * 5, CLOSED, CLOSED))
    names = {one.calendar.name for one in list_calendars(session, with_archived=True)}
    return make_calendar(session, _free(_("Office hours"), names), week, by_member_id=member.id).id


def _keep_house(session: Session, member: Member, answers: Answers, standing: Standing, now: datetime) -> None:
    """Change whom the last step tells and what somebody is woken for; the rest of the plan stays."""
    plan = replace(
        standing.plan, wakes=answers.wakes, steps=_with_last(standing.plan.steps, _last(session, member, answers))
    )
    if standing.house is None:
        wanted = policies.Wanted(HOUSE, plan)
        policies.make_policy(session, wanted, by_member_id=member.id, now=now).is_default = True
    elif plan != standing.plan:
        wanted = policies.Wanted(standing.house.name, plan, answers.seen_number, standing.house.team_id)
        policies.save_policy(session, standing.house, wanted, by_member_id=member.id, now=now)


def _last(session: Session, member: Member, answers: Answers) -> tuple[Target, ...]:
    known = {one.id for one in list_known_members(session, member)}
    found = [_last_target(word, known) for word in answers.last]
    if not found:
        raise Invalid("last_resort_missing")
    return tuple(found)


def _last_target(word: str, known: set[int]) -> Target:
    if word == ADMINS:
        return Target(TargetKind.ADMINS)
    number = read_number(word)
    if number not in known:
        raise Invalid("member_not_found")
    return Target(TargetKind.MEMBER, number)


def _last_word(target: Target) -> str:
    return ADMINS if target.kind is TargetKind.ADMINS else str(target.number)


def _with_last(plan_steps: Sequence[Step], last: tuple[Target, ...]) -> tuple[Step, ...]:
    """Return the steps with other people in the last one; a plan of one step gets a second."""
    if len(plan_steps) == 1:
        return (*plan_steps, Step(_LAST_AFTER_SECONDS, last))
    old = plan_steps[-1]
    others = tuple(one for one in old.targets if one.kind not in (TargetKind.ADMINS, TargetKind.MEMBER))
    targets = (*others, *last)
    if set(targets) == set(old.targets):
        return tuple(plan_steps)
    return (*plan_steps[:-1], Step(old.wait_seconds, targets))


def _fitting(warnings: Iterable[Mapping[str, float]], seconds: int) -> tuple[Mapping[str, float], ...]:
    """Return the warnings that come after the beginning of a promise of this length."""
    return tuple(one for one in warnings if one.get(BEFORE, 0) < seconds)


def _free(name: str, taken: set[str]) -> str:
    names = (name, *(f"{name} {number}" for number in range(2, len(taken) + 3)))
    return next(one for one in names if one not in taken)
