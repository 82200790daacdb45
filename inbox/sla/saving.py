"""SLA policies made, changed, put in order and archived; each edit is a version of its own (RULES C4).

Timers that run keep the version that they follow, unless replanning.begin is asked to bring them along.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.record import record
from inbox.errors import Conflict, Invalid
from inbox.sla.calendars import check_countable
from inbox.sla.deadlines import AFTER, BEFORE, PERCENT
from inbox.sla.models import SlaPolicy, SlaPolicyVersion
from inbox.sla.policies import fits_everything, get_version, list_current

PRIORITIES = ("low", "normal", "high", "urgent")
SHORTEST_SECONDS, LONGEST_SECONDS = 60, 365 * 86400
MOST_WARNINGS, MOST_NAMED, MOST_POLICIES, LONGEST_NAME = 20, 200, 100, 80
_KEPT = (
    "name",
    "target_seconds",
    "calendar_version_id",
    "warnings",
    "channel_ids",
    "team_ids",
    "priorities",
    "label_ids",
    "is_paused_by_snooze",
    "escalation_policy_id",
)


@dataclass(frozen=True)
class Wanted:
    """What somebody wants a policy to be; `seen_version` is the one that they saw (0: a new policy)."""

    name: str
    target_seconds: int
    calendar_version_id: int | None = None
    warnings: tuple[Mapping[str, float], ...] = ()
    channel_ids: tuple[int, ...] = ()
    team_ids: tuple[int, ...] = ()
    priorities: tuple[str, ...] = ()
    label_ids: tuple[int, ...] = ()
    is_paused_by_snooze: bool = False
    escalation_policy_id: int | None = None
    seen_version: int = 0


def check(wanted: Wanted) -> None:
    """Check what a policy is to be; raises Invalid saying what to mend."""
    if not wanted.name.strip() or len(wanted.name) > LONGEST_NAME:
        raise Invalid("name_malformed")
    if not SHORTEST_SECONDS <= wanted.target_seconds <= LONGEST_SECONDS:
        raise Invalid("target_out_of_range")
    if not set(wanted.priorities) <= set(PRIORITIES):
        raise Invalid("priority_unknown")
    if any(len(ids) > MOST_NAMED for ids in (wanted.channel_ids, wanted.team_ids, wanted.label_ids)):
        raise Invalid("named_too_many", most=MOST_NAMED)
    if len(wanted.warnings) > MOST_WARNINGS:
        raise Invalid("warnings_too_many", most=MOST_WARNINGS)
    for one in wanted.warnings:
        _check_warning(one, wanted)


def as_version(wanted: Wanted, policy_id: int = 0, number: int = 0) -> SlaPolicyVersion:
    """Return the version that would be saved; the session does not know of it."""
    kept = {name: getattr(wanted, name) for name in _KEPT}
    lists = {name: list(value) for name, value in kept.items() if isinstance(value, tuple)}
    lists["warnings"] = [dict(one) for one in wanted.warnings]
    return SlaPolicyVersion(policy_id=policy_id, number=number, **(kept | lists | {"name": wanted.name.strip()}))


def in_place(versions: Sequence[SlaPolicyVersion], new: SlaPolicyVersion) -> list[SlaPolicyVersion]:
    """Return the policies in order with another version of one of them, or a new one in its place.

    A new one that asks for something stands before those that fit everything: behind them it would never be reached.
    """
    if any(one.policy_id == new.policy_id for one in versions):
        return [new if one.policy_id == new.policy_id else one for one in versions]
    catching = (place for place, one in enumerate(versions) if fits_everything(one))
    place = len(versions) if fits_everything(new) else next(catching, len(versions))
    return [*versions[:place], new, *versions[place:]]


def make_policy(session: Session, wanted: Wanted, *, by_member_id: int, now: datetime) -> SlaPolicyVersion:
    """Add a policy; raises Invalid for what can't be used, Conflict for a name in use."""
    check(wanted)
    check_countable(session, wanted.calendar_version_id)
    order = _lock_order(session)
    if len(order) >= MOST_POLICIES:
        raise Invalid("sla_policies_too_many", most=MOST_POLICIES)
    name = _free_name(session, wanted.name, None)
    policy = SlaPolicy(name=name, position=0, version=1, is_archived=False, created_at=now)
    session.add(policy)
    session.flush()
    version = _add_version(session, policy, wanted, by_member_id, now)
    by_id = {one.id: one for one in (*order, policy)}
    before = [one for one in list_current(session) if one.policy_id != policy.id]
    _number([by_id[one.policy_id] for one in in_place(before, version)])
    _record(session, kinds.SLA_POLICY_SAVED, policy, by_member_id, {})
    return version


def save_policy(
    session: Session, policy: SlaPolicy, wanted: Wanted, *, by_member_id: int, now: datetime
) -> SlaPolicyVersion:
    """Save another version, if it says anything else; timers that begin from now on follow it.

    Raises Invalid for what can't be used, Conflict where the name is in use or somebody was first.
    """
    check(wanted)
    check_countable(session, wanted.calendar_version_id)
    policy = _lock(session, policy.id, wanted.seen_version)
    was = get_version(session, policy.id, policy.version)
    if _says(was) == _says(as_version(wanted)):
        return was
    before = {"name": policy.name, "version": policy.version}
    policy.name = _free_name(session, wanted.name, policy.id)
    policy.version += 1
    version = _add_version(session, policy, wanted, by_member_id, now)
    _record(session, kinds.SLA_POLICY_SAVED, policy, by_member_id, before)
    return version


def move_policy(session: Session, policy: SlaPolicy, past_id: int, *, is_up: bool, by_member_id: int) -> None:
    """Let a policy be tried just before (up) or after (down) another one.

    Raises Conflict where the order is not any more as whoever moves it saw it.
    """
    order = _lock_order(session)
    ids = [one.id for one in order]
    if policy.id not in ids or past_id not in ids or policy.id == past_id:
        raise Conflict("sla_policies_reordered")
    if (ids.index(past_id) < ids.index(policy.id)) != is_up:
        raise Conflict("sla_policies_reordered")
    before = {"position": ids.index(policy.id) + 1}
    moved = order.pop(ids.index(policy.id))
    order.insert(order.index(_one(order, past_id)) + (0 if is_up else 1), moved)
    _number(order)
    session.flush()
    _record(session, kinds.SLA_POLICY_MOVED, moved, by_member_id, before)


def archive_policy(session: Session, policy: SlaPolicy, seen_version: int, *, by_member_id: int) -> None:
    """Let a policy fit nothing any more; its versions stay, for timers follow them. Raises Conflict."""
    policy = _lock(session, policy.id, seen_version)
    policy.is_archived = True
    session.flush()
    _record(session, kinds.SLA_POLICY_ARCHIVED, policy, by_member_id, {})


def restore_policy(session: Session, policy: SlaPolicy, *, by_member_id: int) -> None:
    """Let an archived policy fit again, in the place of a new one; one that is in use stays as it is.

    Raises Conflict where its name is another's, its calendar is put away or somebody was first, Invalid where there are
    too many.
    """
    found = select(SlaPolicy.version).where(SlaPolicy.id == policy.id, SlaPolicy.is_archived)
    number = session.scalar(found)
    if number is None:
        return
    version = get_version(session, policy.id, number)
    check_countable(session, version.calendar_version_id)  # the calendar is locked first, as where one is saved
    policy = _held(session, policy.id)
    if not policy.is_archived:
        return
    if policy.version != number:  # restored, saved and archived again meanwhile
        raise Conflict("sla_policy_changed", name=policy.name)
    order = _lock_order(session)
    if len(order) >= MOST_POLICIES:
        raise Invalid("sla_policies_too_many", most=MOST_POLICIES)
    _free_name(session, policy.name, policy.id)
    before = list_current(session)
    policy.is_archived = False
    by_id = {one.id: one for one in (*order, policy)}
    _number([by_id[one.policy_id] for one in in_place(before, version)])
    session.flush()
    _record(session, kinds.SLA_POLICY_ARCHIVED, policy, by_member_id, {"is_archived": True})


def _check_warning(one: Mapping[str, float], wanted: Wanted) -> None:
    ((kind, value),) = one.items()
    if kind == PERCENT:
        if not 1 <= value <= 99:
            raise Invalid("warning_percent")
    elif kind not in (BEFORE, AFTER) or not SHORTEST_SECONDS <= value <= LONGEST_SECONDS:
        raise Invalid("warning_out_of_range")
    elif kind == BEFORE and value >= wanted.target_seconds and wanted.calendar_version_id is None:
        raise Invalid("warning_before_start")


def _lock(session: Session, policy_id: int, seen_version: int) -> SlaPolicy:
    """Return the policy as it is now, held until the transaction ends."""
    policy = _held(session, policy_id)
    if policy.is_archived:
        raise Conflict("sla_policy_archived", name=policy.name)
    if policy.version != seen_version:
        raise Conflict("sla_policy_changed", name=policy.name)
    return policy


def _held(session: Session, policy_id: int) -> SlaPolicy:
    found = select(SlaPolicy).where(SlaPolicy.id == policy_id).with_for_update(key_share=True)
    return session.scalars(found.execution_options(populate_existing=True)).one()


def _lock_order(session: Session) -> list[SlaPolicy]:
    """Return the policies in the order in which they are tried, held until the transaction ends."""
    found = select(SlaPolicy).where(SlaPolicy.is_archived.is_(False)).order_by(SlaPolicy.id)
    rows = session.scalars(found.with_for_update(key_share=True).execution_options(populate_existing=True)).all()
    return sorted(rows, key=lambda one: (one.position, one.id))


def _number(order: Sequence[SlaPolicy]) -> None:
    for place, one in enumerate(order, 1):
        one.position = place


def _one(order: Sequence[SlaPolicy], policy_id: int) -> SlaPolicy:
    return next(one for one in order if one.id == policy_id)


def _add_version(
    session: Session, policy: SlaPolicy, wanted: Wanted, by_member_id: int, now: datetime
) -> SlaPolicyVersion:
    version = as_version(wanted, policy.id, policy.version)
    version.member_id, version.created_at = by_member_id, now
    session.add(version)
    session.flush()
    return version


def _says(version: SlaPolicyVersion) -> dict[str, Any]:
    return {name: getattr(version, name) for name in _KEPT}


def _free_name(session: Session, given: str, policy_id: int | None) -> str:
    name = given.strip()
    found = select(SlaPolicy.id).where(func.lower(SlaPolicy.name) == name.lower(), SlaPolicy.is_archived.is_(False))
    if any(one != policy_id for one in session.scalars(found)):
        raise Conflict("sla_policy_name_taken", name=name)
    return name


def _record(session: Session, kind: str, policy: SlaPolicy, by_member_id: int, before: dict[str, Any]) -> None:
    after = {
        "sla_policy_id": policy.id,
        "name": policy.name,
        "version": policy.version,
        "position": policy.position,
    }
    record(session, kind, member_id=by_member_id, before=before, after=after)
