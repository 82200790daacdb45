"""Alerts, the timers that each gathers, what happened to it, the links by which it is taken; and last calls."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from inbox.database import Base, BigId, WithId, partial_index


class AlertState(StrEnum):
    """Where an alert stands; unreachable: nobody could be told, or nobody answered."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    UNREACHABLE = "unreachable"
    CLOSED = "closed"


class AlertKind(StrEnum):
    """What an alert is about."""

    WARNING = "warning"
    BREACH = "breach"
    LATE_ARRIVALS = "late_arrivals"
    IMPORT = "import"
    CHANNEL = "channel"
    ENGINE = "engine"
    SIGN_IN_ENDS = "sign_in_ends"
    QUIET = "quiet"


class EventKind(StrEnum):
    """What an alert's log tells."""

    RAISED = "raised"
    JOINED = "joined"
    URGENT = "urgent"
    TOLD = "told"
    REACHED = "reached"
    PASSED = "passed"
    ASLEEP = "asleep"
    HELD = "held"
    LAST_RESORT = "last_resort"
    UNREACHABLE = "unreachable"
    ACKNOWLEDGED = "acknowledged"
    RESUMED = "resumed"
    CLOSED = "closed"


# Told to whom it concerns and then left: no steps, no siren.
TOLD_ONCE = frozenset(
    {AlertKind.WARNING, AlertKind.LATE_ARRIVALS, AlertKind.IMPORT, AlertKind.SIGN_IN_ENDS, AlertKind.QUIET}
)
# Of a channel itself, not of people who wait there: whoever can mend it is told.
OF_CHANNELS = frozenset({AlertKind.CHANNEL, AlertKind.SIGN_IN_ENDS, AlertKind.QUIET})
OPEN = (AlertState.TRIGGERED, AlertState.ACKNOWLEDGED, AlertState.UNREACHABLE)


class Alert(WithId, Base):
    """One thing that somebody must hear of; while it is open, `open_key` lets there be no second one like it.

    The columns from `next_at` on are the engine's: `next_at` is when a sweep looks at it (None: never by itself),
    `step_count` how many steps were taken, `rung` how far down the order of RULES F the present step had to go.
    """

    __tablename__ = "alert"
    __table_args__ = (
        CheckConstraint("state IN ('triggered', 'acknowledged', 'unreachable', 'closed')", name="state"),
        CheckConstraint(
            "kind IN ('warning', 'breach', 'late_arrivals', 'import', 'channel', 'engine', 'sign_in_ends', 'quiet')",
            name="kind",
        ),
        partial_index("ix_alert_next_at", "next_at", "id", where="next_at IS NOT NULL"),
        partial_index("ix_alert_open", "id", where="state <> 'closed'"),
        Index("ix_alert_raised_at", "raised_at", "id"),
    )

    kind: Mapped[str]
    open_key: Mapped[str | None] = mapped_column(unique=True)
    channel_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("channel.id"))
    escalation_policy_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("escalation_policy.id"))
    state: Mapped[str] = mapped_column(default=AlertState.TRIGGERED.value)
    is_urgent: Mapped[bool] = mapped_column(default=False)
    # which part of the engine stands still, which trouble a channel has; None where the kind says all
    about: Mapped[str | None]
    # how many wait now, and how many it ever gathered
    timer_count: Mapped[int] = mapped_column(default=0)
    gathered_count: Mapped[int] = mapped_column(default=0)
    # what it gathered that has no timer: the people of an import, or the one thing that an alert of a channel is about;
    # when that was told last, and to whom of those who are not known to have missed it (as AlertTimer keeps both)
    untimed_count: Mapped[int] = mapped_column(default=0, nullable=True)  # it is never empty
    untimed_told_at: Mapped[datetime | None]
    untimed_told_to: Mapped[str | None]
    first_due_at: Mapped[datetime | None]
    raised_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
    acknowledged_until_at: Mapped[datetime | None]
    unreachable_since_at: Mapped[datetime | None]
    # None, or nobody: nobody could be told; unanswered: every step was taken and nobody took it
    unreachable_why: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    claim_token: Mapped[str | None]
    step_count: Mapped[int] = mapped_column(default=0)
    # the plan by which those steps were taken: its version (None: Relevo's own), and how many steps are a round of it
    escalation_version_id: Mapped[int | None] = mapped_column(BigId)
    round_length: Mapped[int | None]
    rung: Mapped[int] = mapped_column(default=0)
    told_at: Mapped[datetime | None]
    next_step_at: Mapped[datetime | None]
    # how many steps on end told nobody, and when the first of those wakes up whom they found asleep
    asleep_count: Mapped[int] = mapped_column(default=0)
    asleep_until_at: Mapped[datetime | None]
    # members told in this step of whom it is not known yet whether it arrived, and those who can't be reached
    underway: Mapped[list[Any]] = mapped_column(default=list)
    passed: Mapped[list[Any]] = mapped_column(default=list)
    has_arrived: Mapped[bool] = mapped_column(default=False)


class AlertTimer(WithId, Base):
    """A timer that an alert gathers, with who must act as far as known; its history outlives the timer."""

    __tablename__ = "alert_timer"
    __table_args__ = (
        UniqueConstraint("alert_id", "timer_id"),
        partial_index("ix_alert_timer_open", "timer_id", where="gone_at IS NULL"),
        partial_index("ix_alert_timer_due_at", "alert_id", "due_at", where="gone_at IS NULL"),
    )

    alert_id: Mapped[int] = mapped_column(BigId, ForeignKey("alert.id"))
    timer_id: Mapped[int] = mapped_column(BigId)
    conversation_id: Mapped[int | None] = mapped_column(BigId)
    team_id: Mapped[int | None] = mapped_column(BigId)
    assignee_id: Mapped[int | None] = mapped_column(BigId)
    is_urgent: Mapped[bool] = mapped_column(default=False)
    due_at: Mapped[datetime | None]
    added_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    # the members who were told of it at that moment and are not known to have missed it: ids, each between two spaces
    told_to: Mapped[str | None]
    gone_at: Mapped[datetime | None]


class AlertEvent(WithId, Base):
    """One line of an alert's log: who was told, when, by what, and what came of it."""

    __tablename__ = "alert_event"
    __table_args__ = (
        Index("ix_alert_event_alert_id", "alert_id", "id"),
        partial_index("ix_alert_event_told", "member_id", "alert_id", where="kind = 'told'"),
    )

    alert_id: Mapped[int] = mapped_column(BigId, ForeignKey("alert.id"))
    at: Mapped[datetime]
    kind: Mapped[str]
    member_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
    step: Mapped[int | None]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class AlertLink(WithId, Base):
    """A link by which one member takes one alert, once, within 24 hours; kept as a hash."""

    __tablename__ = "alert_link"
    __table_args__ = (Index("ix_alert_link_alert_id", "alert_id"),)

    alert_id: Mapped[int] = mapped_column(BigId, ForeignKey("alert.id"))
    member_id: Mapped[int] = mapped_column(BigId, ForeignKey("member.id"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class LastCall(WithId, Base):
    """That a member at a desk was told, before it closes, of what falls due until its next shift: once per closing.

    `ends_at`: when the day's last shift ends; `next_begins_at` None: within two weeks no other does. It stands above
    the member's pages until then, or until they have put it away.
    """

    __tablename__ = "last_call"
    __table_args__ = (
        UniqueConstraint("rotation_id", "ends_at", "member_id"),
        Index("ix_last_call_member_id", "member_id", "ends_at"),
    )

    rotation_id: Mapped[int] = mapped_column(BigId, ForeignKey("rotation.id"))
    member_id: Mapped[int] = mapped_column(BigId, ForeignKey("member.id"))
    ends_at: Mapped[datetime]
    next_begins_at: Mapped[datetime | None]
    told_at: Mapped[datetime]
    dismissed_at: Mapped[datetime | None]
