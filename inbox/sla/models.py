"""SLA policies with their versions, and the timers that run by them (RULES C2 to C5)."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from inbox.database import Base, BigId, WithId, partial_index


class Outcome(StrEnum):
    """How a timer closed; whether it was in time is computed from `met_at` and `due_at`, never kept (C3)."""

    MET = "met"
    EXCUSED = "excused"
    WITHDRAWN = "withdrawn"


class SlaPolicy(WithId, Base):
    """A promise by name. The first, by `position`, that fits a conversation counts; archived ones fit nothing."""

    __tablename__ = "sla_policy"
    __table_args__ = (Index("ix_sla_policy_position", "position"),)

    name: Mapped[str]
    position: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)  # the newest version's number; rises with each saved edit
    is_archived: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class SlaPolicyVersion(WithId, Base):
    """What a policy said from a moment on; never changed, timers point here (C4).

    `channel_ids`, `team_ids`, `priorities`, `label_ids`: what a conversation must have one of; empty: whatever.
    `warnings`: [{"before_seconds": 7200}, {"percent": 75}, {"after_seconds": 3600}].
    `calendar_version_id` None: around the clock.
    """

    __tablename__ = "sla_policy_version"
    __table_args__ = (
        UniqueConstraint("policy_id", "number"),
        CheckConstraint("target_seconds > 0", name="target_seconds"),
    )

    policy_id: Mapped[int] = mapped_column(BigId, ForeignKey("sla_policy.id"))
    number: Mapped[int]
    name: Mapped[str]
    target_seconds: Mapped[int]
    calendar_version_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("calendar_version.id"))
    warnings: Mapped[list[Any]] = mapped_column(default=list)
    channel_ids: Mapped[list[Any]] = mapped_column(default=list)
    team_ids: Mapped[list[Any]] = mapped_column(default=list)
    priorities: Mapped[list[Any]] = mapped_column(default=list)
    label_ids: Mapped[list[Any]] = mapped_column(default=list)
    is_paused_by_snooze: Mapped[bool] = mapped_column(default=False)
    escalation_policy_id: Mapped[int | None] = mapped_column(BigId)
    member_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
    created_at: Mapped[datetime]

    policy: Mapped[SlaPolicy] = relationship()


class Timer(WithId, Base):
    """One period in which a person waits: at most one is open per conversation.

    `due_at` None: no policy fits, its hours never come, or it is paused. `next_at`: when the sweep has to look (a
    warning or the deadline); None when nothing is left to happen. `breached_at` is the deadline that was missed, and
    `breach_*` who held it then (nobody included). Facts (channel, side, team, assignee, priority, kind) are copies as
    of now, as of its end once it is closed, so that sweeps and reports join nothing; they point without a foreign key,
    which would have each arrival and each sweep hold on to members and channels.
    """

    __tablename__ = "timer"
    __table_args__ = (
        CheckConstraint("outcome IN ('met', 'excused', 'withdrawn')", name="outcome"),
        CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended"),
        # the sweep: only what will still happen
        partial_index("ix_timer_next_at", "next_at", "id", where="next_at IS NOT NULL"),
        # at most one open per conversation
        partial_index("uq_timer_open", "conversation_id", where="ended_at IS NULL", is_unique=True),
        Index("ix_timer_conversation", "conversation_id", "id"),
        # reports: cohorts by due date, closed or not (C5)
        partial_index("ix_timer_due_at", "due_at", "channel_id", where="due_at IS NOT NULL"),
        partial_index("ix_timer_met_by", "met_by_message_id", where="met_by_message_id IS NOT NULL"),
    )

    conversation_id: Mapped[int] = mapped_column(BigId, ForeignKey("conversation.id"))
    number: Mapped[int] = mapped_column(default=1)  # 1: first reply; above: next replies
    policy_version_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("sla_policy_version.id"))
    since_at: Mapped[datetime]  # the conversation's waiting_since that it follows
    started_at: Mapped[datetime]  # where its clock begins: the same, but for what was answered and asks again
    opened_at: Mapped[datetime]  # when we came to know of it
    due_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]  # the moment of the newest warning that was given
    # when it did not run: [[from, until], …] as ISO times; the last without an end while it is paused
    pauses: Mapped[list[Any]] = mapped_column(default=list)
    is_paused: Mapped[bool] = mapped_column(default=False)
    # received more than 15 min after it was said, outside an import (C2)
    is_late_arrival: Mapped[bool] = mapped_column(default=False)
    is_imported: Mapped[bool] = mapped_column(default=False)
    breached_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]  # when an alert took the breach up; None: the sweep still has to
    breach_assignee_id: Mapped[int | None] = mapped_column(BigId)
    breach_team_id: Mapped[int | None] = mapped_column(BigId)
    # the stream could not be read up to the deadline before it was judged: read last then (C3)
    unchecked_since_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]  # by the clock of what ended it: a met one's is the answer's
    closed_at: Mapped[datetime | None]  # when we came to know of its end
    covers_until_at: Mapped[datetime | None]  # the clock of the newest message that it was about
    outcome: Mapped[str | None]
    met_by_message_id: Mapped[int | None] = mapped_column(BigId)
    met_by_member_id: Mapped[int | None] = mapped_column(BigId)  # None: natively
    response_seconds: Mapped[float | None] = mapped_column(Double)  # open time from start to answer, pauses left out
    channel_id: Mapped[int] = mapped_column(BigId)
    is_private: Mapped[bool] = mapped_column(default=False)
    kind: Mapped[str]
    team_id: Mapped[int | None] = mapped_column(BigId)
    assignee_id: Mapped[int | None] = mapped_column(BigId)
    priority: Mapped[str] = mapped_column(default="normal")
    label_ids: Mapped[list[Any]] = mapped_column(default=list)  # rising

    policy_version: Mapped[SlaPolicyVersion | None] = relationship()


class Replan(WithId, Base):
    """Running timers that are brought to the policies as they stood when somebody said so, some at a time (C4).

    Conversations up to `after_id` are done; what a walk changed brings about another one, for threads may be joined
    meanwhile. Timers that opened later have what was promised then.
    """

    __tablename__ = "replan"
    __table_args__ = (
        Index("ix_replan_policy_id", "policy_id", "id"),
        partial_index("ix_replan_underway", "id", where="finished_at IS NULL"),
    )

    policy_id: Mapped[int] = mapped_column(BigId, ForeignKey("sla_policy.id"))
    version_ids: Mapped[list[Any]]  # the policies as they stood, in order
    member_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    after_id: Mapped[int] = mapped_column(BigId, default=0)
    running_count: Mapped[int]  # how many timers ran when it began
    looked_count: Mapped[int] = mapped_column(default=0)  # of these, in the first walk
    changed_count: Mapped[int] = mapped_column(default=0)
    walk_count: Mapped[int] = mapped_column(default=0)  # changed in this walk
    is_again: Mapped[bool] = mapped_column(default=False)
