"""How a channel is doing, in facts that a page can word: nothing here fails in silence (DESIGN, promise 3)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, exists, func, literal_column, or_, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts.models import Alert, LastCall
from inbox.bulk import table_of, written_out
from inbox.channels.budgets import app_key
from inbox.channels.intervals import is_comment_stream
from inbox.channels.models import Budget, Channel, ChannelState, ChannelStream
from inbox.channels.streams import list_streams
from inbox.database import UtcDateTime
from inbox.members.access import list_seen_channels, sees_channel
from inbox.settings import Pace

# What every page asks stands ready (decision 0012).
_CHANNEL = table_of(Channel).c
_MEMBER: ColumnElement[int] = bindparam("member_id", type_=BigInteger)
_NEEDS_YOU = and_(
    _CHANNEL.state.in_(written_out((ChannelState.ACTIVE.value, ChannelState.NEEDS_YOU.value))),
    or_(
        _CHANNEL.state == ChannelState.NEEDS_YOU,
        _CHANNEL.failing_since_at.is_not(None),
        _CHANNEL.quiet_since_at.is_not(None),
    ),
)
_SEEN = _CHANNEL.id.in_(list_seen_channels(_MEMBER))
_NAMES = (
    select(_CHANNEL.id, _CHANNEL.platform, func.coalesce(func.nullif(_CHANNEL.display_name, ""), _CHANNEL.handle))
    .where(_SEEN)
    .order_by(_CHANNEL.is_sandbox, _CHANNEL.display_name, _CHANNEL.id)
)
_IS_PLAYED = and_(_CHANNEL.is_sandbox, _CHANNEL.state != ChannelState.DISCONNECTED)
_ALERT, _LAST_CALL = table_of(Alert).c, table_of(LastCall).c
_IS_CALLED = and_(
    _LAST_CALL.member_id == _MEMBER,
    _LAST_CALL.ends_at > bindparam("now", type_=UtcDateTime),
    _LAST_CALL.dismissed_at.is_(None),
)
_WARNINGS = select(
    exists(select(_CHANNEL.id).where(_NEEDS_YOU, sees_channel(_MEMBER, _CHANNEL.id))),
    exists(select(_CHANNEL.id).where(_IS_PLAYED, sees_channel(_MEMBER, _CHANNEL.id))),
    exists(select(_ALERT.id).where(_ALERT.state != literal_column("'closed'"))),  # as its index says it
    exists(select(_LAST_CALL.id).where(_IS_CALLED)),
)
_NEEDING_YOU = select(Channel).where(_NEEDS_YOU, sees_channel(_MEMBER, _CHANNEL.id)).order_by(_CHANNEL.id).limit(20)


@dataclass(frozen=True)
class StreamHealth:
    """One stream as its channel's page shows it; comment streams are counted together."""

    name: str
    last_polled_at: datetime | None
    last_complete_at: datetime | None
    due_at: datetime | None
    is_off: bool
    off_reason: str | None
    failure_code: str | None
    failure_detail: str | None
    failing_since_at: datetime | None
    interval_seconds: float
    deep_due_at: datetime | None
    last_item_at: datetime | None = None
    lag_seconds: float | None = None
    count: int = 1


class ChannelName(NamedTuple):
    """A channel to choose."""

    id: int
    platform: str
    name: str


class Warnings(NamedTuple):
    """What every page asks of all channels that a member sees.

    `needs_you`: one stands still or fails; `is_played`: one is the sandbox's, which is still connected. And whether
    any alert is open, whoever may know of it: most pages then need not ask for alerts. `has_last_call`: the member was
    told what falls due after their desk closes, and has not put it away.
    """

    needs_you: bool
    is_played: bool
    has_alerts: bool
    has_last_call: bool


@dataclass(frozen=True)
class Health:
    """A channel with what stands for and against it. `delay_seconds`: age of the oldest last complete poll."""

    channel: Channel
    streams: Sequence[StreamHealth]
    last_complete_at: datetime | None
    delay_seconds: float | None
    is_delayed: bool
    budget_limit: int | None
    budget_remaining: int | None
    budget_resets_at: datetime | None
    budget_paused_until_at: datetime | None
    is_skew_shown: bool

    @property
    def failures(self) -> list[StreamHealth]:
        """The streams that fail now."""
        return [stream for stream in self.streams if stream.failure_code]

    @property
    def needs_somebody(self) -> bool:
        """Whether a person must do something, or should at least know."""
        return self.channel.state == ChannelState.NEEDS_YOU or bool(self.failures) or self.is_delayed


def read_health(session: Session, channel: Channel, pace: Pace) -> Health:
    """Gather a channel's health in two queries."""
    now = clock.now()
    streams = _summed(list_streams(session, channel.id))
    read = [stream.last_complete_at for stream in streams if not stream.is_off]
    oldest = min((at for at in read if at is not None), default=None) if None not in read else None
    delay = (now - oldest).total_seconds() if oldest else None
    own, of_app = (session.get(Budget, key) for key in (f"channel:{channel.id}", app_key(channel.platform)))
    budget = own if own is not None and own.limit_count is not None else of_app or own
    return Health(
        channel=channel,
        streams=streams,
        last_complete_at=oldest,
        delay_seconds=delay,
        is_delayed=_is_delayed(channel, delay, now, pace),
        budget_limit=budget.limit_count if budget else None,
        budget_remaining=budget.remaining_count if budget else None,
        budget_resets_at=budget.resets_at if budget else None,
        budget_paused_until_at=budget.paused_until_at if budget else None,
        is_skew_shown=abs(channel.skew_seconds) > pace.skew_shown_seconds,
    )


def _is_delayed(channel: Channel, delay: float | None, now: datetime, pace: Pace) -> bool:
    """Tell whether an active channel has not been read to its end for three of the longest intervals."""
    if channel.state != ChannelState.ACTIVE:
        return False
    longest = timedelta(seconds=3 * pace.poll_longest_seconds)
    if delay is None:
        return now - channel.connected_at > longest
    return delay > longest.total_seconds()


def _summed(rows: Sequence[ChannelStream]) -> list[StreamHealth]:
    plain = [_of_row(row) for row in rows if not is_comment_stream(row.name)]
    comments = [row for row in rows if is_comment_stream(row.name)]
    return plain + ([_of_comments(comments)] if comments else [])


def _of_row(row: ChannelStream, count: int = 1, name: str | None = None) -> StreamHealth:
    return StreamHealth(
        name=name or row.name,
        last_polled_at=row.last_polled_at,
        last_complete_at=row.last_complete_at,
        due_at=row.due_at,
        is_off=row.is_off,
        off_reason=row.off_reason,
        failure_code=row.failure_code,
        failure_detail=row.failure_detail,
        failing_since_at=row.failing_since_at,
        interval_seconds=row.interval_seconds,
        deep_due_at=row.deep_due_at,
        last_item_at=row.last_item_at,
        lag_seconds=row.lag_seconds,
        count=count,
    )


def _of_comments(rows: Sequence[ChannelStream]) -> StreamHealth:
    """Show many comment streams as the one that is worst off among those read often."""
    failing = [row for row in rows if row.failure_code]
    never = [row for row in rows if row.last_complete_at is None]
    newest = max(rows, key=lambda row: (row.last_complete_at is not None, row.last_complete_at or row.id))
    shown = _of_row((failing or never or [newest])[0], count=len(rows), name="comments")
    spoken = max(rows, key=lambda row: (row.last_item_at is not None, row.last_item_at or row.id))
    return replace(shown, last_item_at=spoken.last_item_at, lag_seconds=spoken.lag_seconds)


def list_visible(session: Session, member_id: int, *, is_admin: bool) -> list[Channel]:
    """List the channels that a member may know of: by grant, or all of them for who manages them."""
    query = select(Channel).order_by(Channel.is_sandbox, Channel.display_name, Channel.id)
    if not is_admin:
        query = query.where(sees_channel(member_id, Channel.id))
    return list(session.scalars(query))


def list_names(session: Session, member_id: int) -> list[ChannelName]:
    """List the channels whose conversations a member may see, to choose from."""
    return [ChannelName(*row) for row in session.execute(_NAMES, {"member_id": member_id})]


def find_warnings(session: Session, member_id: int) -> Warnings:
    """Tell what banners a member gets."""
    return Warnings(*session.execute(_WARNINGS, {"member_id": member_id, "now": clock.now()}).one())


def list_needing_you(session: Session, member_id: int) -> list[Channel]:
    """List the channels that stand still or fail, for the banner of everyone who may see them."""
    return list(session.scalars(_NEEDING_YOU, {"member_id": member_id}))
