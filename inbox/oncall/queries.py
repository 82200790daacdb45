"""Reads: who is on, when, and which rotations there are. Who is on is computed and never kept (decision 0024)."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.errors import NotFound
from inbox.members.models import Member
from inbox.oncall.models import Rotation, RotationKind, RotationOverride, RotationVersion
from inbox.oncall.plans import Plan, from_json
from inbox.oncall.shifts import Change, Closing, Roster, Segment, Shift

_INSTANT = timedelta(microseconds=1)
_CLOSING = timedelta(days=42)


def who_is_on(session: Session, rotation_id: int, at: datetime) -> tuple[int, ...]:
    """Return the members who are on at a moment, in the plan's order; () for nobody, or for no such rotation.

    Members who were deactivated by then are not among them. What was once true stays: plans and overrides hold from
    when they were made. Only for one who was let back in the time away counts as if they had been here.
    """
    rotation = session.get(Rotation, rotation_id)
    if rotation is None:
        return ()
    return load_roster(session, rotation, at, at + _INSTANT).on_at(at)


def shifts_between(session: Session, rotation_id: int, start: datetime, end: datetime) -> list[Shift]:
    """Return who is on from `start` until `end`, cut to that, by beginning; [] for no such rotation."""
    rotation = session.get(Rotation, rotation_id)
    return [] if rotation is None else load_roster(session, rotation, start, end).shifts(start, end)


def find_closing(session: Session, rotation_id: int, at: datetime) -> Closing | None:
    """Return when the day's last staffed shift after a moment ends and the next begins; None where it never closes."""
    rotation = session.get(Rotation, rotation_id)
    if rotation is None:
        return None
    return load_roster(session, rotation, at - _CLOSING, at + _CLOSING).closing(at, rotation.time_zone)


def get_rotation(session: Session, rotation_id: int) -> Rotation:
    """Return a rotation that is in use; raises NotFound."""
    rotation = session.get(Rotation, rotation_id)
    if rotation is None or rotation.removed_at is not None:
        raise NotFound("rotation_not_found")
    return rotation


def list_rotations(session: Session) -> list[Rotation]:
    """List the rotations in use, those on call first, by name."""
    order = (Rotation.kind == RotationKind.DESK, Rotation.name, Rotation.id)
    return list(session.scalars(select(Rotation).where(Rotation.removed_at.is_(None)).order_by(*order)))


def get_plan(session: Session, rotation: Rotation) -> Plan:
    """Return the plan in force."""
    found = RotationVersion.rotation_id == rotation.id, RotationVersion.version == rotation.version
    return from_json(session.scalars(select(RotationVersion.plan).where(*found)).one())


def list_versions(session: Session, rotation_id: int, limit: int) -> list[RotationVersion]:
    """List the plans that a rotation had last, the newest first."""
    query = select(RotationVersion).where(RotationVersion.rotation_id == rotation_id)
    return list(session.scalars(query.order_by(RotationVersion.version.desc()).limit(limit)))


def list_made_overrides(session: Session, rotation_id: int, limit: int) -> list[RotationOverride]:
    """List the overrides that were made last, those that are over or were removed too, the newest first."""
    query = select(RotationOverride).where(RotationOverride.rotation_id == rotation_id)
    return list(session.scalars(query.order_by(RotationOverride.id.desc()).limit(limit)))


def list_overrides(session: Session, rotation_id: int, start: datetime) -> list[RotationOverride]:
    """List the overrides that end after a moment and were not removed, by beginning."""
    query = select(RotationOverride).where(
        RotationOverride.rotation_id == rotation_id,
        RotationOverride.until_at > start,
        RotationOverride.removed_at.is_(None),
    )
    return list(session.scalars(query.order_by(RotationOverride.from_at, RotationOverride.id)))


def load_roster(session: Session, rotation: Rotation, start: datetime, end: datetime) -> Roster:
    """Load all that decides who is on between two moments."""
    segments = _segments(session, rotation, start, end)
    changes = _changes(session, rotation, start, end)
    planned = [number for one in segments for number in one.plan.member_ids]
    left_at = _left(session, {*planned, *(one.member_id for one in changes)})
    return Roster(rotation.kind == RotationKind.DESK, tuple(segments), tuple(changes), left_at)


def _segments(session: Session, rotation: Rotation, start: datetime, end: datetime) -> list[Segment]:
    query = select(RotationVersion).where(RotationVersion.rotation_id == rotation.id, RotationVersion.from_at < end)
    rows = session.scalars(query.order_by(RotationVersion.version)).all()
    untils: Sequence[datetime | None] = [*(row.from_at for row in rows[1:]), rotation.removed_at]
    return [
        Segment(from_json(row.plan), row.from_at, until_at)
        for row, until_at in zip(rows, untils, strict=False)
        if until_at is None or until_at > start
    ]


def _changes(session: Session, rotation: Rotation, start: datetime, end: datetime) -> list[Change]:
    query = select(RotationOverride).where(
        RotationOverride.rotation_id == rotation.id,
        RotationOverride.until_at > start,
        RotationOverride.from_at < end,
    )
    found = []
    for row in session.scalars(query.order_by(RotationOverride.id)):
        until_at = min(row.until_at, row.removed_at or row.until_at, rotation.removed_at or row.until_at)
        if row.from_at < until_at:
            found.append(Change(row.id, row.member_id, row.from_at, until_at, row.is_off))
    return found


def _left(session: Session, member_ids: Iterable[int]) -> dict[int, datetime]:
    query = select(Member.id, Member.deactivated_at).where(
        Member.id.in_(sorted(member_ids)), Member.deactivated_at.is_not(None)
    )
    return {number: at.astimezone(UTC) for number, at in session.execute(query) if at is not None}
