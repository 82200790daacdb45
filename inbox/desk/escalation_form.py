"""The form of an escalation policy: steps that are added, moved and taken out without a script."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from flask import request
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from inbox.errors import Invalid
from inbox.escalation import webhooks
from inbox.escalation.access import list_known_members, list_led_teams
from inbox.escalation.policies import MOST_STEPS, Wanted
from inbox.escalation.steps import PLAIN, Plan, Step, Target, TargetKind
from inbox.members.models import Member
from inbox.numbers import read_number
from inbox.oncall.queries import list_rotations

LONGEST_URL = 500
_ROWS = {"member": TargetKind.MEMBER, "team": TargetKind.TEAM, "rotation": TargetKind.ROTATION}


@dataclass(frozen=True)
class StepForm:
    """One step as the form has it: minutes as typed, what is ticked, a new webhook's address."""

    minutes: str = "0"
    targets: tuple[Target, ...] = ()
    new_webhook: str = ""
    new_secret: str = ""

    def has(self, kind: str, number: int | None = None) -> bool:
        """Tell whether this target is ticked."""
        return Target(TargetKind(kind), number) in self.targets


@dataclass(frozen=True)
class PolicyForm:
    """A policy as the form has it."""

    name: str = ""
    repeat_count: str = "3"
    wakes: str = "urgent"
    team_id: int | None = None
    seen_number: int = 0
    steps: tuple[StepForm, ...] = field(default_factory=lambda: (StepForm(),))


@dataclass(frozen=True)
class Choices:
    """Whom a member may name in a step, by id."""

    members: Mapping[int, str]
    teams: Mapping[int, str]
    rotations: Mapping[int, str]
    webhooks: Mapping[int, str]


def list_choices(session: Session, member: Member, plan: Plan | None) -> Choices:
    """Return whom a member may name: whom they know, and whom the plan names already."""
    known = {one.number for step in plan.steps for one in step.targets if one.number} if plan else set()
    members = {one.id: one.name for one in list_known_members(session, member)}
    teams = {one.id: one.name for one in list_led_teams(session, member)}
    rotations = {one.id: one.name for one in list_rotations(session)}
    hooks = {number: found.hint for number in sorted(known) if (found := webhooks.find(session, number))}
    return Choices(members, teams, rotations, hooks)


def form_of(name: str, plan: Plan, number: int, team_id: int | None) -> PolicyForm:
    """Return a saved policy as a form."""
    steps = tuple(StepForm(f"{step.wait_seconds / 60:g}", step.targets) for step in plan.steps)
    return PolicyForm(name, str(plan.repeat_count), plan.wakes, team_id, number, steps)


def read_form() -> PolicyForm:
    """Read what was posted, whatever it is."""
    form = request.form
    count = min(read_number(form.get("step_count")) or 0, MOST_STEPS + 1)
    return PolicyForm(
        name=form.get("name", "").replace("\0", "").strip()[:200],
        repeat_count=form.get("repeat_count", "")[:10],
        wakes=form.get("wakes", "")[:20],
        team_id=read_number(form.get("team_id")),
        seen_number=read_number(form.get("seen_number")) or 0,
        steps=tuple(_read_step(form, place) for place in range(count)),
    )


def rearranged(form: PolicyForm, act: str) -> PolicyForm:
    """Return the form after one of its buttons: add, up:2, remove:1; anything else changes nothing."""
    word, _, place_text = act.partition(":")
    steps, place = list(form.steps), read_number(place_text)
    if word == "add" and len(steps) < MOST_STEPS:
        steps.append(StepForm("15"))
    elif place is not None and place < len(steps):
        if word == "remove" and len(steps) > 1:
            del steps[place]
        elif word == "up" and place > 0:
            steps[place - 1], steps[place] = steps[place], steps[place - 1]
    return replace(form, steps=tuple(steps))


def wanted(session: Session, form: PolicyForm, choices: Choices, plan: Plan | None, now: datetime) -> Wanted:
    """Return the policy that the form asks for; raises Invalid where it names what its member may not name."""
    steps = []
    named = {one for step in plan.steps for one in step.targets} if plan else set()
    for step in form.steps:
        targets = [one for one in step.targets if _check_known(one, choices, named)]
        if step.new_webhook:
            targets.append(Target(TargetKind.WEBHOOK, webhooks.add(session, step.new_webhook, step.new_secret, now).id))
        steps.append(Step(_seconds(step.minutes), tuple(targets)))
    repeats = read_number(form.repeat_count)
    if repeats is None:
        raise Invalid("not_a_number", field="repeat_count")
    return Wanted(form.name, Plan(tuple(steps), repeats, form.wakes), form.seen_number, form.team_id)


def _check_known(target: Target, choices: Choices, named: set[Target]) -> bool:
    rows: dict[TargetKind, Mapping[int, str]] = {
        TargetKind.MEMBER: choices.members,
        TargetKind.TEAM: choices.teams,
        TargetKind.ROTATION: choices.rotations,
        TargetKind.WEBHOOK: choices.webhooks,
    }
    if target in named or target.kind in PLAIN or target.number in rows[target.kind]:
        return True
    raise Invalid("target_unknown")


def _read_step(form: MultiDict[str, str], place: int) -> StepForm:
    plain = [Target(kind) for kind in PLAIN if form.get(f"step-{place}-{kind.value}")]
    rows = [
        Target(kind, number)
        for word, kind in (*_ROWS.items(), ("webhook", TargetKind.WEBHOOK))
        for text in form.getlist(f"step-{place}-{word}")
        if (number := read_number(text)) is not None
    ]
    address, secret = (
        form.get(f"step-{place}-{word}", "").replace("\0", "").strip()[:LONGEST_URL]
        for word in ("new_webhook", "new_secret")
    )
    minutes = form.get(f"step-{place}-minutes", "")[:10]
    return StepForm(minutes, tuple(dict.fromkeys((*plain, *rows))), address, secret)


def _seconds(minutes: str) -> float:
    number = read_number(minutes.strip())
    if number is None:
        raise Invalid("wait_out_of_range")
    return float(number * 60)
