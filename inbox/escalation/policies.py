"""Escalation policies: which plan is in force, and saving another; every edit is a version of its own."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.record import record
from inbox.alerts.models import OF_CHANNELS, TOLD_ONCE, Alert, AlertKind, AlertState
from inbox.errors import Conflict, Invalid
from inbox.escalation import steps
from inbox.escalation.models import EscalationPolicy, EscalationVersion, Wakes
from inbox.escalation.steps import Plan
from inbox.taken import flushed_or

MOST_STEPS, MOST_TARGETS, MOST_REPEATS, LONGEST_NAME = 12, 20, 20, 80
LONGEST_WAIT_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Wanted:
    """What somebody wants a policy to be; `seen_number` is the version that they saw (0: a new policy)."""

    name: str
    plan: Plan
    seen_number: int = 0
    team_id: int | None = None


def get_plan(session: Session, policy_id: int | None) -> Plan:
    """Return the plan that alerts of this policy follow now; without one the house's own, else Relevo's."""
    is_meant = EscalationPolicy.is_default if policy_id is None else EscalationPolicy.id == policy_id
    policy = session.scalars(select(EscalationPolicy).where(is_meant).order_by(EscalationPolicy.id).limit(1)).first()
    return steps.DEFAULT if policy is None else plan_of(session, policy)


def plan_for(session: Session, alert: Alert) -> Plan:
    """Return the plan that an alert follows now: its policy's, or that of those who mend channels.

    Of a channel that delivers nothing whoever is on by a rotation of the house's plan hears too: they are told at any
    hour, and those who can mend it may sleep.
    """
    plan = get_plan(session, alert.escalation_policy_id)
    if alert.kind not in OF_CHANNELS:
        return plan
    on_call = steps.rotations_of(plan) if alert.kind == AlertKind.CHANNEL else ()
    return replace(steps.MENDING, steps=steps.with_targets(steps.MENDING.steps, on_call), wakes=plan.wakes)


def plan_of(session: Session, policy: EscalationPolicy) -> Plan:
    """Return the plan of a policy that is in force."""
    return as_plan(get_version(session, policy.id, policy.number))


def get_version(session: Session, policy_id: int, number: int) -> EscalationVersion:
    """Return one version of a policy."""
    found = EscalationVersion.policy_id == policy_id, EscalationVersion.number == number
    return session.scalars(select(EscalationVersion).where(*found)).one()


def as_plan(version: EscalationVersion) -> Plan:
    """Return what a version says."""
    return Plan(steps.load(version.steps), version.repeat_count, version.wakes, version.id)


def list_versions(session: Session, policy_id: int) -> list[EscalationVersion]:
    """List a policy's versions, newest first."""
    query = select(EscalationVersion).where(EscalationVersion.policy_id == policy_id)
    return list(session.scalars(query.order_by(EscalationVersion.number.desc())))


def make_policy(session: Session, wanted: Wanted, *, by_member_id: int, now: datetime) -> EscalationPolicy:
    """Add a policy; raises Invalid for what can't be used, Conflict for a name in use."""
    _check(wanted)
    name = _free_name(session, wanted.name, None)
    policy = EscalationPolicy(name=name, team_id=wanted.team_id, number=1, created_at=now)
    with flushed_or(session, "escalation_policy.name", Conflict("escalation_name_taken", name=name)):
        session.add(policy)
    _add_version(session, policy, wanted.plan, by_member_id, now)
    _record(session, policy, by_member_id)
    return policy


def save_policy(
    session: Session, policy: EscalationPolicy, wanted: Wanted, *, by_member_id: int, now: datetime
) -> EscalationPolicy:
    """Save another version; alerts that are open follow it from their next step on.

    Raises Invalid for what can't be used, Conflict where the name is in use or somebody saved meanwhile.
    """
    _check(wanted)
    locked = select(EscalationPolicy).where(EscalationPolicy.id == policy.id).with_for_update()
    policy = session.scalars(locked.execution_options(populate_existing=True)).one()
    if policy.number != wanted.seen_number:
        raise Conflict("escalation_changed")
    name = _free_name(session, wanted.name, policy.id)
    with flushed_or(session, "escalation_policy.name", Conflict("escalation_name_taken", name=name)):
        policy.name = name
    policy.number += 1
    _add_version(session, policy, wanted.plan, by_member_id, now)
    _record(session, policy, by_member_id)
    _look_at_sleepers(session, policy, now)
    return policy


def _look_at_sleepers(session: Session, policy: EscalationPolicy, now: datetime) -> None:
    """Let alerts look again that told nobody and wait for a morning: by the other plan somebody may be on call."""
    is_theirs = Alert.escalation_policy_id == policy.id
    if policy.is_default:
        is_theirs = or_(is_theirs, Alert.escalation_policy_id.is_(None))
    waiting = select(Alert).where(is_theirs, Alert.state == AlertState.TRIGGERED.value, Alert.told_at.is_(None))
    waiting = waiting.where(Alert.kind.not_in([kind.value for kind in TOLD_ONCE]), Alert.next_step_at > now)
    for alert in session.scalars(waiting.order_by(Alert.id).with_for_update()):
        alert.next_at = alert.next_step_at = now
        alert.claim_token = None


def _add_version(session: Session, policy: EscalationPolicy, plan: Plan, by_member_id: int, now: datetime) -> None:
    row = EscalationVersion(
        policy_id=policy.id,
        number=policy.number,
        steps=steps.dump(plan.steps),
        repeat_count=plan.repeat_count,
        wakes=plan.wakes,
        created_at=now,
        member_id=by_member_id,
    )
    session.add(row)
    session.flush()


def _record(session: Session, policy: EscalationPolicy, by_member_id: int) -> None:
    after = {"policy_id": policy.id, "number": policy.number, "name": policy.name}
    record(session, kinds.ESCALATION_CHANGED, member_id=by_member_id, after=after)


def _check(wanted: Wanted) -> None:
    plan = wanted.plan
    if not wanted.name.strip() or len(wanted.name) > LONGEST_NAME:
        raise Invalid("name_malformed")
    if not plan.steps:
        raise Invalid("steps_missing")
    if len(plan.steps) > MOST_STEPS:
        raise Invalid("steps_too_many", most=MOST_STEPS)
    if any(not 1 <= len(step.targets) <= MOST_TARGETS for step in plan.steps):
        raise Invalid("targets_wrong", most=MOST_TARGETS)
    if any(not 0 <= step.wait_seconds <= LONGEST_WAIT_SECONDS for step in plan.steps):
        raise Invalid("wait_out_of_range")
    if not 0 <= plan.repeat_count <= MOST_REPEATS:
        raise Invalid("repeats_out_of_range", most=MOST_REPEATS)
    if plan.wakes not in set(Wakes):
        raise Invalid("wakes_unknown")


def _free_name(session: Session, given: str, policy_id: int | None) -> str:
    name = given.strip()
    found = session.scalar(select(EscalationPolicy.id).where(EscalationPolicy.name == name))
    if found is not None and found != policy_id:
        raise Conflict("escalation_name_taken", name=name)
    return name
