"""Rotations: made, planned anew from now on, removed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.errors import Conflict, Invalid, NotFound
from inbox.members.models import Member
from inbox.members.profile import check_name
from inbox.oncall.access import check_may_plan, list_choosable
from inbox.oncall.models import Rotation, RotationKind, RotationVersion
from inbox.oncall.plans import Plan, check_plan, to_json
from inbox.oncall.queries import get_plan, get_rotation
from inbox.oncall.shifts import Desk, Turns, carry_on
from inbox.taken import flushed_or


@dataclass(frozen=True)
class Wanted:
    """What a form asks for."""

    name: str
    plan: Plan


def make_rotation(session: Session, wanted: Wanted, by: Member) -> Rotation:
    """Make a rotation whose plan is in force from now on; raises Invalid, NotAllowed or Conflict for the name."""
    check_may_plan(session, by)
    name = _check(session, wanted, by, known=())
    _check_free(session, name)
    now = clock.now()
    kind = RotationKind.DESK if isinstance(wanted.plan, Desk) else RotationKind.ON_CALL
    rotation = Rotation(kind=kind, name=name, version=1, time_zone=wanted.plan.zone, created_at=now)
    with flushed_or(session, "rotation.name", Conflict("rotation_name_taken", name=name)):
        session.add(rotation)
    _keep(session, rotation, wanted.plan, now, by)
    record(session, kinds.ROTATION_MADE, member_id=by.id, after=_state(rotation, wanted.plan))
    return rotation


def change_rotation(session: Session, rotation_id: int, wanted: Wanted, by: Member, *, version: int) -> Rotation:
    """Plan a rotation anew from now on; what was before stays as it was.

    On call the present turn stays with its holder until the next handoff, unless they were taken out. Raises Conflict
    where the plan is no longer that of `version`, or for the name; Invalid, NotAllowed, NotFound.
    """
    check_may_plan(session, by)
    rotation = _lock(session, rotation_id)
    if rotation.version != version:
        raise Conflict("rotation_changed", name=rotation.name)
    old = get_plan(session, rotation)
    if type(old) is not type(wanted.plan):
        raise Invalid("rotation_kind_fixed")
    name = _check(session, wanted, by, known=old.member_ids)
    if name != rotation.name:
        _check_free(session, name)
    last_at = session.scalars(
        select(RotationVersion.from_at).where(
            RotationVersion.rotation_id == rotation.id, RotationVersion.version == rotation.version
        )
    ).one()
    now = max(clock.now(), last_at)  # a clock that was set back changes no past
    plan = carry_on(old, wanted.plan, now) if isinstance(old, Turns) and isinstance(wanted.plan, Turns) else wanted.plan
    before = _state(rotation, old)
    with flushed_or(session, "rotation.name", Conflict("rotation_name_taken", name=name)):
        rotation.name, rotation.time_zone, rotation.version = name, plan.zone, version + 1
    _keep(session, rotation, plan, now, by)
    record(session, kinds.ROTATION_CHANGED, member_id=by.id, before=before, after=_state(rotation, plan))
    return rotation


def remove_rotation(session: Session, rotation_id: int, by: Member, *, version: int) -> None:
    """Let nobody be on by this rotation from now on; raises Conflict where it was changed meanwhile."""
    check_may_plan(session, by)
    rotation = _lock(session, rotation_id)
    if rotation.version != version:
        raise Conflict("rotation_changed", name=rotation.name)
    rotation.removed_at, rotation.removed_by_id = clock.now(), by.id
    before = _state(rotation, get_plan(session, rotation))
    record(session, kinds.ROTATION_REMOVED, member_id=by.id, before=before)


def _lock(session: Session, rotation_id: int) -> Rotation:
    rotation = get_rotation(session, rotation_id)
    session.refresh(rotation, with_for_update=True)
    return get_rotation(session, rotation.id)


def _check(session: Session, wanted: Wanted, by: Member, known: tuple[int, ...]) -> str:
    check_plan(wanted.plan)
    allowed = {*known, *(one.id for one in list_choosable(session, by))}
    if not set(wanted.plan.member_ids) <= allowed:
        raise NotFound("member_not_found")
    return check_name(wanted.name)


def _check_free(session: Session, name: str) -> None:
    taken = select(Rotation.id).where(Rotation.name == name, Rotation.removed_at.is_(None))
    if session.scalar(taken) is not None:
        raise Conflict("rotation_name_taken", name=name)


def _keep(session: Session, rotation: Rotation, plan: Plan, from_at: datetime, by: Member) -> None:
    session.add(
        RotationVersion(
            rotation_id=rotation.id,
            version=rotation.version,
            from_at=from_at,
            plan=to_json(plan),
            created_by_id=by.id,
        )
    )
    session.flush()


def _state(rotation: Rotation, plan: Plan) -> dict[str, Any]:
    return {"rotation_id": rotation.id, "name": rotation.name, "version": rotation.version, "plan": to_json(plan)}
