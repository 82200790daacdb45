"""Rotations, the plans they had and have, and what replaces a plan for a while."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from inbox.database import Base, BigId, WithId, partial_index


class RotationKind(StrEnum):
    """Whether one is on call in turn, or many sit at the desk by a plan of the week."""

    ON_CALL = "on_call"
    DESK = "desk"


class Rotation(WithId, Base):
    """Who is on, by a plan; `version` is that of the plan in force, `time_zone` its clock.

    A removed one stays, so that who was on remains known; its name is free again.
    """

    __tablename__ = "rotation"
    __table_args__ = (
        CheckConstraint("kind IN ('on_call', 'desk')", name="kind"),
        partial_index("ix_rotation_name", "name", where="removed_at IS NULL", is_unique=True),
    )

    kind: Mapped[str]
    name: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    time_zone: Mapped[str]
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    removed_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))


class RotationVersion(WithId, Base):
    """A plan as it was saved (oncall/plans.py); in force from `from_at` until the next one is. Never changed."""

    __tablename__ = "rotation_version"
    __table_args__ = (UniqueConstraint("rotation_id", "version"),)

    rotation_id: Mapped[int] = mapped_column(BigId, ForeignKey("rotation.id"))
    version: Mapped[int]
    from_at: Mapped[datetime]
    plan: Mapped[dict[str, Any]]
    created_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))


class RotationOverride(WithId, Base):
    """A member who is on instead of the plan, or besides it at the desk; or (`is_off`) one who is not at the desk.

    It counts until `removed_at`, so that who was on remains known.
    """

    __tablename__ = "rotation_override"
    __table_args__ = (
        CheckConstraint("from_at < until_at", name="order"),
        Index("ix_rotation_override_rotation_id", "rotation_id", "until_at"),
    )

    rotation_id: Mapped[int] = mapped_column(BigId, ForeignKey("rotation.id"))
    member_id: Mapped[int] = mapped_column(BigId, ForeignKey("member.id"))
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    is_off: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
    removed_at: Mapped[datetime | None]
    removed_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
