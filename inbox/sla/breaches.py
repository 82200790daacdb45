"""What comes of time alone: warnings and missed deadlines, with the alerts that tell of them (RULES C3, F)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session, selectinload

from inbox import bulk, clock
from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.alerts.models import AlertKind
from inbox.alerts.raising import Waiting, raise_for
from inbox.channels.models import Channel, ChannelState, ChannelStream
from inbox.live.announce import look_after_commit
from inbox.nudges import POLL, after_commit
from inbox.settings import Pace
from inbox.sla import deadlines, policies, timers
from inbox.sla.models import Timer

# A stream whose next turn is further away than this shows nothing new: the comments of an old post.
_IN_USE = 2.0
_LOOK_AGAIN = timedelta(seconds=3)
_AT_ONCE = 10_000


@dataclass(frozen=True)
class Happened:
    """What came of a timer: by which alert it is told, and the activity that says so, None: it was said before."""

    timer: Timer
    kind: AlertKind
    line: str | None


def find_next_at(session: Session) -> datetime | None:
    """Return when the next timer wants to be looked at; reads one entry of an index."""
    return session.scalar(select(Timer.next_at).where(Timer.next_at.is_not(None)).order_by(Timer.next_at).limit(1))


def list_due(session: Session, now: datetime, limit: int) -> Sequence[int]:
    """Return the conversations whose timers have something to tell.

    Those that waited longest for it come first; of what comes at once, channel by channel: one alert tells of many.
    """
    columns = (Timer.conversation_id, Timer.channel_id, Timer.next_at)
    first = select(*columns).where(Timer.next_at <= now).order_by(Timer.next_at, Timer.id).limit(_AT_ONCE).subquery()
    by_channel = select(first.c.conversation_id).order_by(first.c.channel_id, first.c.next_at, first.c.conversation_id)
    return session.scalars(by_channel.limit(limit)).all()


def list_running(session: Session, conversation_ids: Sequence[int]) -> Sequence[Timer]:
    """Return the open timers of locked conversations, as they are now, with their policies."""
    running = select(Timer).where(Timer.conversation_id.in_(conversation_ids), Timer.ended_at.is_(None))
    loaded = running.options(selectinload(Timer.policy_version)).order_by(Timer.conversation_id)
    return session.scalars(loaded.execution_options(populate_existing=True)).all()


def come_due(session: Session, timer: Timer, now: datetime, fresh: "Freshness") -> "Happened | None":
    """Warn, or write down that the deadline was missed; the conversation is locked. `tell` writes what happened.

    Before that the channel is read up to the deadline: an answer may have been given there. Where it can't be, the
    breach says since when nobody looked.
    """
    if timer.next_at is None or timer.next_at > now or timer.policy_version is None or timer.due_at is None:
        return None
    promise = policies.promise_of(session, timer.policy_version)
    pauses = deadlines.read_pauses(timer.pauses)
    is_missed, is_known = timer.due_at <= now and timer.told_at is None, timer.breached_at is not None
    if is_missed and not fresh.up_to(timer.channel_id, timer.due_at):
        timer.next_at = now + _LOOK_AGAIN
        return None
    warnings = deadlines.list_warnings(timer.started_at, timer.due_at, promise, pauses)
    warned_at = max((at for at in warnings if at <= now), default=None)
    is_warning = warned_at is not None and warned_at > (timer.warned_at or timer.opened_at)
    if is_warning:
        timer.warned_at = warned_at
    if is_missed:
        timer.told_at = now
        timer.unchecked_since_at = fresh.unchecked_since(timer.channel_id, timer.due_at)
    if is_missed and not is_known:
        timers.mark(timer)
    timers.plan(timer, promise, pauses)
    if is_missed:
        return Happened(timer, _alert_of(timer), None if is_known else kinds.TIMER_BREACHED)
    return Happened(timer, _alert_of(timer), kinds.TIMER_WARNED) if is_warning else None


def _alert_of(timer: Timer) -> AlertKind:
    """Say by which alert it is told; what was late before we knew of it wakes nobody."""
    if timer.breached_at is None:
        return AlertKind.WARNING
    is_late_already = timer.due_at is not None and timer.due_at <= timer.opened_at
    if timer.is_imported and is_late_already:
        return AlertKind.IMPORT
    return AlertKind.LATE_ARRIVALS if timer.is_late_arrival and is_late_already else AlertKind.BREACH


def tell(session: Session, happened: Sequence[Happened], now: datetime) -> None:
    """Write down what happened, and raise one alert a kind, channel and escalation policy for all of it."""
    session.flush()
    lines = [(one.line, timers.line_of(one.timer, {})) for one in happened if one.line is not None]
    columns = {"at": now, "member_id": None, "message_id": None, "undone_by_id": None}
    bulk.insert_all(session, Activity, [columns | {"kind": kind} | line for kind, line in lines])
    if lines:
        look_after_commit(session)
    _alert(session, happened, now)


def _alert(session: Session, happened: Iterable[Happened], now: datetime) -> None:
    groups: dict[tuple[AlertKind, int, int | None], list[Timer]] = {}
    for one in happened:
        policy = one.timer.policy_version
        key = (one.kind, one.timer.channel_id, policy.escalation_policy_id if policy else None)
        groups.setdefault(key, []).append(one.timer)
    for (kind, channel_id, escalation_policy_id), of_it in sorted(groups.items(), key=str):
        raise_for(
            session,
            kind=kind.value,
            channel_id=channel_id,
            escalation_policy_id=escalation_policy_id,
            waiting=[_waiting(timer) for timer in of_it],
            is_urgent=any(timer.priority == timers.URGENT for timer in of_it),
            now=now,
        )


def _waiting(timer: Timer) -> Waiting:
    return Waiting(
        timer.id,
        timer.due_at,
        timer.conversation_id,
        timer.team_id,
        timer.assignee_id,
        is_urgent=timer.priority == timers.URGENT,
    )


class Freshness:
    """Whether channels were read up to a moment, and that they are read soon where not; one sweep long."""

    def __init__(self, session: Session, pace: Pace, now: datetime) -> None:
        self.session, self.pace, self.now = session, pace, now
        self._read: dict[int, tuple[datetime | None, bool]] = {}

    def up_to(self, channel_id: int, at: datetime) -> bool:
        """Tell whether a channel was read since then, or can't be waited for any longer."""
        since, can_be_read = self._state(channel_id)
        if since is None or since >= at or not can_be_read:
            return True
        if self.now >= at + timedelta(seconds=self.pace.check_before_breach_seconds):
            return True
        self._read_now(channel_id, at)
        return False

    def unchecked_since(self, channel_id: int, at: datetime) -> datetime | None:
        """Return since when a channel has not been read, if that is before `at`."""
        since, _ = self._state(channel_id)
        return since if since is not None and since < at else None

    def _state(self, channel_id: int) -> tuple[datetime | None, bool]:
        """Return when the oldest of its streams' last complete walks began, and whether it can be read now."""
        if channel_id not in self._read:
            soon = self.now + timedelta(seconds=self.pace.poll_longest_seconds * _IN_USE)
            used = select(ChannelStream.complete_started_at, ChannelStream.failure_code).where(
                ChannelStream.channel_id == channel_id, ChannelStream.is_off.is_(False), ChannelStream.due_at <= soon
            )
            rows = self.session.execute(used).all()
            channel = self.session.get_one(Channel, channel_id)
            times = [row.complete_started_at for row in rows if row.complete_started_at is not None]
            is_any_good = any(row.failure_code is None for row in rows)
            can_be_read = channel.state == ChannelState.ACTIVE and is_any_good
            self._read[channel_id] = (min(times, default=None), can_be_read)
        return self._read[channel_id]

    def _read_now(self, channel_id: int, at: datetime) -> None:
        soon = self.now + timedelta(seconds=self.pace.poll_longest_seconds * _IN_USE)
        stale = update(ChannelStream).where(
            ChannelStream.channel_id == channel_id,
            ChannelStream.is_off.is_(False),
            ChannelStream.due_at > clock.now(),
            ChannelStream.due_at <= soon,
            ChannelStream.lease_token.is_(None),
            ChannelStream.complete_started_at < at,
        )
        done = self.session.execute(stale.values(due_at=self.now).execution_options(synchronize_session=False))
        if done.rowcount:  # type: ignore[attr-defined]  # a CursorResult, as every update gives
            after_commit(self.session, POLL)
