"""Overrides: somebody else on call for a while; at the desk a day off, or an extra shift."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.errors import Invalid, NotFound
from inbox.members.models import Member
from inbox.oncall.access import check_may_plan, list_choosable
from inbox.oncall.models import RotationKind, RotationOverride
from inbox.oncall.queries import get_plan, get_rotation

FURTHEST = timedelta(days=366)


def add_override(
    session: Session,
    rotation_id: int,
    member_id: int,
    from_at: datetime,
    until_at: datetime,
    by: Member,
    *,
    is_off: bool = False,
) -> RotationOverride:
    """Let a member be on (or `is_off`, be away from the desk) for a while; what lies in the past is left out.

    Of two that overlap the one that was made later counts. Raises Invalid, NotFound, NotAllowed.
    """
    check_may_plan(session, by)
    rotation = get_rotation(session, rotation_id)
    if is_off and rotation.kind != RotationKind.DESK:
        raise Invalid("day_off_on_call")
    _check_member(session, member_id, by, known=get_plan(session, rotation).member_ids)
    now = clock.now()
    _check_time(from_at, until_at, now)
    row = RotationOverride(
        rotation_id=rotation.id,
        member_id=member_id,
        from_at=max(from_at, now),
        until_at=until_at,
        is_off=is_off,
        created_at=now,
        created_by_id=by.id,
    )
    session.add(row)
    session.flush()
    record(session, kinds.OVERRIDE_ADDED, member_id=by.id, after=_state(row))
    return row


def remove_override(session: Session, rotation_id: int, override_id: int, by: Member) -> None:
    """Let the plan hold again from now on; who was on until now stays known. Raises NotFound where it is over."""
    check_may_plan(session, by)
    get_rotation(session, rotation_id)
    now = clock.now()
    row = session.get(RotationOverride, override_id, with_for_update=True)
    if row is None or row.rotation_id != rotation_id or row.removed_at is not None or row.until_at <= now:
        raise NotFound("override_not_found")
    row.removed_at, row.removed_by_id = now, by.id
    record(session, kinds.OVERRIDE_REMOVED, member_id=by.id, before=_state(row))


def _check_member(session: Session, member_id: int, by: Member, known: tuple[int, ...]) -> None:
    member = session.get(Member, member_id)
    if member is None or member_id not in {*known, *(one.id for one in list_choosable(session, by))}:
        raise NotFound("member_not_found")
    if member.deactivated_at is not None:
        raise Invalid("member_is_deactivated")


def _check_time(from_at: datetime, until_at: datetime, now: datetime) -> None:
    if until_at <= from_at:
        raise Invalid("override_ends_first")
    if until_at <= now:
        raise Invalid("override_is_over")
    if until_at > now + FURTHEST:
        raise Invalid("override_too_far")


def _state(row: RotationOverride) -> dict[str, object]:
    return {
        "rotation_id": row.rotation_id,
        "override_id": row.id,
        "member_id": row.member_id,
        "from_at": row.from_at.isoformat(),
        "until_at": row.until_at.isoformat(),
        "is_off": row.is_off,
    }
