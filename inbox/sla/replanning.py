"""What another version of a policy does to timers that run, and the order to bring them along (RULES C4).

Only timers are touched that follow the policy now, or would: what was said of other policies stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.record import record
from inbox.nudges import REPLAN, after_commit
from inbox.sla import deadlines, timers
from inbox.sla.models import Replan, SlaPolicyVersion, Timer
from inbox.sla.policies import Facts, fits, list_current, promise_of

MOST_FINISHED = 5


@dataclass(frozen=True)
class Running:
    """A timer that runs, as far as another policy needs to know it."""

    facts: Facts
    started_at: datetime
    due_at: datetime | None
    pauses: tuple[deadlines.Pause, ...]
    policy_id: int | None
    version_id: int | None
    number: int


@dataclass(frozen=True)
class Fate:
    """What becomes of a timer: the version that it is to follow (None: no policy fits), and the deadline by that."""

    version: SlaPolicyVersion | None
    due_at: datetime | None


@dataclass
class Prospect:
    """The policies as they would be tried, for one of them."""

    session: Session
    versions: Sequence[SlaPolicyVersion]
    policy_id: int
    now: datetime
    _promises: dict[int, deadlines.Promise] = field(default_factory=dict)

    def fate(self, running: Running) -> Fate | None:
        """Return what becomes of a timer; None: it stays as it is.

        One that follows a later version of the policy was promised that meanwhile.
        """
        version = next((one for one in self.versions if fits(one, running.facts)), None)
        is_theirs = running.policy_id == self.policy_id
        if not is_theirs and (version is None or version.policy_id != self.policy_id):
            return None
        if version is None:
            return Fate(None, None)
        if version.id is not None and version.id == running.version_id:
            return None
        if is_theirs and version.policy_id == self.policy_id and 0 < version.number < running.number:
            return None
        return Fate(version, self._due_at(version, running))

    def _due_at(self, version: SlaPolicyVersion, running: Running) -> datetime | None:
        if id(version) not in self._promises:
            self._promises[id(version)] = promise_of(self.session, version)
        pauses = self._pauses(version, running)
        return deadlines.due_at(running.started_at, self._promises[id(version)], pauses)

    def _pauses(self, version: SlaPolicyVersion, running: Running) -> tuple[deadlines.Pause, ...]:
        """Return the pauses as they would be: a sleeping conversation pauses by the version that it follows."""
        is_paused = any(one.until_at is None for one in running.pauses)
        wants_pause = running.facts.is_snoozed and version.is_paused_by_snooze
        if is_paused and not wants_pause:
            return tuple(replace(one, until_at=one.until_at or self.now) for one in running.pauses)
        if wants_pause and not is_paused:
            return (*running.pauses, deadlines.Pause(max(self.now, running.started_at), None))
        return running.pauses


def list_running(after_id: int, limit: int) -> Select[Any]:
    """Return the query for timers that run in conversations above an id, rising; with whose version they follow."""
    read = ("conversation_id", "started_at", "due_at", "pauses", "policy_version_id", "label_ids", *timers.COPIED)
    return (
        select(*(getattr(Timer, name) for name in read), SlaPolicyVersion.policy_id, SlaPolicyVersion.number)
        .outerjoin(SlaPolicyVersion, SlaPolicyVersion.id == Timer.policy_version_id)
        .where(Timer.ended_at.is_(None), Timer.conversation_id > after_id)
        .order_by(Timer.conversation_id)
        .limit(limit)
    )


def as_running(timer: Any, policy_id: int | None, number: int | None, *, is_snoozed: bool) -> Running:
    """Return what a policy needs of a timer, or of a row of `list_running`."""
    facts = Facts(
        conversation_id=timer.conversation_id,
        channel_id=timer.channel_id,
        is_private=timer.is_private,
        kind=timer.kind,
        team_id=timer.team_id,
        assignee_id=timer.assignee_id,
        priority=timer.priority,
        label_ids=tuple(timer.label_ids),
        is_snoozed=is_snoozed,
    )
    pauses = deadlines.read_pauses(timer.pauses)
    return Running(facts, timer.started_at, timer.due_at, pauses, policy_id, timer.policy_version_id, number or 0)


def begin(session: Session, policy_id: int, *, by_member_id: int, now: datetime) -> Replan:
    """Let workers bring running timers to the policies as they stand in this transaction."""
    session.flush()
    running_count = session.scalar(select(func.count(Timer.id)).where(Timer.ended_at.is_(None))) or 0
    made = Replan(
        policy_id=policy_id,
        version_ids=[one.id for one in list_current(session)],
        member_id=by_member_id,
        created_at=now,
        running_count=running_count,
    )
    session.add(made)
    session.flush()
    after_commit(session, REPLAN)
    return made


def is_underway(session: Session) -> bool:
    """Tell whether timers are still to be brought along; reads one entry of an index."""
    return session.scalar(select(Replan.id).where(Replan.finished_at.is_(None)).limit(1)) is not None


def claim(session: Session) -> Replan | None:
    """Return the oldest that is underway, held until the transaction ends; None: none is, or another worker has it."""
    found = select(Replan).where(Replan.finished_at.is_(None)).order_by(Replan.id).limit(1)
    return session.scalars(
        found.with_for_update(key_share=True, skip_locked=True).execution_options(populate_existing=True)
    ).one_or_none()


def prospect_of(session: Session, replan: Replan, now: datetime) -> Prospect:
    """Return the policies as they stood when it was asked for."""
    found = session.scalars(select(SlaPolicyVersion).where(SlaPolicyVersion.id.in_(replan.version_ids)))
    by_id: Mapping[int, SlaPolicyVersion] = {one.id: one for one in found}
    return Prospect(session, [by_id[number] for number in replan.version_ids], replan.policy_id, now)


def go_on(session: Session, replan: Replan, *, after_id: int, looked: int, changed: int, now: datetime) -> None:
    """Note how far it came; `looked` 0: the walk is over, and so is all of it where that changed nothing."""
    if not replan.is_again:
        replan.looked_count += looked
    replan.after_id = after_id
    replan.changed_count += changed
    replan.walk_count += changed
    if looked:
        return
    if replan.walk_count:
        replan.after_id, replan.walk_count, replan.is_again = 0, 0, True
        return
    replan.finished_at = now
    after = {"sla_policy_id": replan.policy_id, "changed_count": replan.changed_count}
    record(session, kinds.SLA_REPLANNED, member_id=replan.member_id, after=after)


def list_replans(session: Session, policy_id: int) -> Sequence[Replan]:
    """List what was and is being done to running timers for a policy, newest first."""
    found = select(Replan).where(Replan.policy_id == policy_id).order_by(Replan.id.desc())
    return session.scalars(found.limit(MOST_FINISHED)).all()
