"""What an escalation policy says, as data, and which of its steps comes next; no database, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class TargetKind(StrEnum):
    """Whom a step tells; those named by what they are to the alert are found when it is told."""

    ASSIGNEE = "assignee"
    TEAM_LEADS = "team_leads"
    ALL_LEADS = "all_leads"
    ADMINS = "admins"
    MEMBER = "member"
    ROTATION = "rotation"
    TEAM = "team"
    WEBHOOK = "webhook"


# Those that need no further word; the others name a row.
PLAIN = (TargetKind.ASSIGNEE, TargetKind.TEAM_LEADS, TargetKind.ALL_LEADS, TargetKind.ADMINS)


@dataclass(frozen=True)
class Target:
    """Whom a step tells; `number` is the row's id for a member, a rotation, a team or a webhook."""

    kind: TargetKind
    number: int | None = None


@dataclass(frozen=True)
class Step:
    """Those who are told together, `wait_seconds` after the step before."""

    wait_seconds: float
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Plan:
    """A version of a policy: its steps in order, how often all of them are repeated, and who may be woken for what.

    `version_id` None: it is Relevo's own, or nobody has saved it.
    """

    steps: tuple[Step, ...]
    repeat_count: int
    wakes: str
    version_id: int | None = None


@dataclass(frozen=True)
class Next:
    """The step to take: its place, and whether every step was taken as often as the policy says."""

    place: int
    is_exhausted: bool


DEFAULT = Plan(
    steps=(
        Step(0, (Target(TargetKind.ASSIGNEE), Target(TargetKind.TEAM_LEADS))),
        Step(900, (Target(TargetKind.ALL_LEADS),)),
        Step(900, (Target(TargetKind.ADMINS),)),
    ),
    repeat_count=3,
    wakes="urgent",
)
# What a channel needs is told to those who can mend it; who may be woken for what is the house's word.
MENDING = Plan(
    steps=(Step(0, (Target(TargetKind.ADMINS),)), Step(900, (Target(TargetKind.TEAM_LEADS),))),
    repeat_count=3,
    wakes="urgent",
)
# RULES F: whom to tell where a step reaches nobody, from the step itself on.
RUNGS: tuple[tuple[Target, ...], ...] = (
    (),
    (Target(TargetKind.ASSIGNEE),),
    (Target(TargetKind.TEAM_LEADS),),
    (Target(TargetKind.ADMINS),),
)


def next(plan: Plan, step_count: int) -> Next:  # noqa: A001  # what comes next
    """Return the step that follows `step_count` steps which were taken."""
    return Next(step_count % len(plan.steps), step_count >= len(plan.steps) * (plan.repeat_count + 1))


def wait_before(plan: Plan, step_count: int, again_seconds: float) -> float:
    """Return how long after the step before this one is taken; a repetition begins after `again_seconds` at least."""
    seconds = plan.steps[step_count % len(plan.steps)].wait_seconds
    return max(seconds, again_seconds) if step_count and step_count % len(plan.steps) == 0 else seconds


def begin_anew(plan: Plan, step_count: int) -> int:
    """Return how many steps count as taken once somebody took the alert: it goes on there, repetitions from zero."""
    return step_count % len(plan.steps)


def carry_over(plan: Plan, step_count: int, round_length: int) -> int:
    """Return how many steps of this plan count as taken where so many of another one were, of `round_length` steps.

    It goes on at the same place, at the beginning where there is none; its repetitions all lie ahead.
    """
    place = step_count % round_length
    return place if place < len(plan.steps) else 0


def targets_of(plan: Plan, place: int, rung: int) -> tuple[Target, ...]:
    """Return whom to tell: the step's own targets on rung 0, then those of RULES F."""
    return plan.steps[place].targets if rung == 0 else RUNGS[rung]


def rotations_of(plan: Plan) -> tuple[Target, ...]:
    """Return the rotations that a plan names, each once, in the order of its steps."""
    return tuple(dict.fromkeys(one for step in plan.steps for one in step.targets if one.kind is TargetKind.ROTATION))


def with_targets(steps: Sequence[Step], more: tuple[Target, ...]) -> tuple[Step, ...]:
    """Return steps of which the first one tells these too."""
    first, *later = steps
    return (replace(first, targets=(*first.targets, *more)), *later)


def dump(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Return steps as plain JSON."""
    return [
        {
            "wait_seconds": step.wait_seconds,
            "targets": [
                {"kind": target.kind.value} | ({} if target.number is None else {"number": target.number})
                for target in step.targets
            ],
        }
        for step in steps
    ]


def load(stored: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Read steps as `dump` wrote them."""
    return tuple(
        Step(
            float(step["wait_seconds"]),
            tuple(Target(TargetKind(one["kind"]), one.get("number")) for one in step["targets"]),
        )
        for step in stored
    )
