"""Escalation policies: ordered steps, each edit a new version that stays as it is."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from inbox.database import Base, BigId, WithId


class Wakes(StrEnum):
    """For what somebody may be woken at night who is not on call."""

    NOTHING = "nothing"
    URGENT = "urgent"
    EVERYTHING = "everything"


class EscalationPolicy(WithId, Base):
    """Whom alerts are told to; of one team, or (team None) of the whole house, which only admins change."""

    __tablename__ = "escalation_policy"
    __table_args__ = (Index("ix_escalation_policy_team_id", "team_id"),)

    name: Mapped[str] = mapped_column(unique=True)
    team_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("team.id"))
    # what alerts without a policy follow
    is_default: Mapped[bool] = mapped_column(default=False)
    number: Mapped[int] = mapped_column(default=1)  # of the version in force
    created_at: Mapped[datetime]


class EscalationVersion(WithId, Base):
    """A policy's steps as somebody saved them; never changed afterwards."""

    __tablename__ = "escalation_version"
    __table_args__ = (
        UniqueConstraint("policy_id", "number"),
        CheckConstraint("wakes IN ('nothing', 'urgent', 'everything')", name="wakes"),
        CheckConstraint("repeat_count BETWEEN 0 AND 20", name="repeat_count"),
    )

    policy_id: Mapped[int] = mapped_column(BigId, ForeignKey("escalation_policy.id"))
    number: Mapped[int]
    # escalation/steps.py reads and writes them
    steps: Mapped[list[Any]]
    repeat_count: Mapped[int] = mapped_column(default=3)
    wakes: Mapped[str] = mapped_column(default=Wakes.URGENT.value)
    created_at: Mapped[datetime]
    member_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
