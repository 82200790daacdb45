"""Members, teams, grants, and the sessions by which members are signed in."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from inbox.database import Base, BigId, WithId


class Role(StrEnum):
    """What a member may do at most in a team (RULES G)."""

    VIEWER = "viewer"
    RESPONDER = "responder"
    LEAD = "lead"


class Member(WithId, Base):
    """Somebody who signs in. `email` is kept folded to lower case."""

    __tablename__ = "member"
    __table_args__ = (CheckConstraint("undo_seconds BETWEEN 0 AND 30", name="undo_seconds"),)

    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str | None]
    is_admin: Mapped[bool] = mapped_column(default=False)
    must_change_password: Mapped[bool] = mapped_column(default=False)
    one_time_until_at: Mapped[datetime | None]
    locale: Mapped[str | None]
    time_zone: Mapped[str] = mapped_column(default="UTC")
    theme: Mapped[str] = mapped_column(default="auto")
    undo_seconds: Mapped[int] = mapped_column(default=8)
    are_keys_on: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    last_active_at: Mapped[datetime | None]
    deactivated_at: Mapped[datetime | None]

    memberships: Mapped[list["Membership"]] = relationship(back_populates="member")


class Team(WithId, Base):
    """A group of members who share the work of some channels."""

    __tablename__ = "team"

    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]

    memberships: Mapped[list["Membership"]] = relationship(back_populates="team")
    grants: Mapped[list["Grant"]] = relationship(back_populates="team")


class Membership(WithId, Base):
    """A member's role in a team."""

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("member_id", "team_id"),
        Index("ix_membership_team_id", "team_id"),
        CheckConstraint("role IN ('viewer', 'responder', 'lead')", name="role"),
    )

    member_id: Mapped[int] = mapped_column(BigId, ForeignKey("member.id"))
    team_id: Mapped[int] = mapped_column(BigId, ForeignKey("team.id"))
    role: Mapped[str]

    member: Mapped[Member] = relationship(back_populates="memberships")
    team: Mapped[Team] = relationship(back_populates="memberships")


class Grant(WithId, Base):
    """What a team may do with a channel; a member may the best of their teams' grants, cut by the role there."""

    __tablename__ = "grant"
    __table_args__ = (UniqueConstraint("team_id", "channel_id"), Index("ix_grant_channel_id", "channel_id"))

    team_id: Mapped[int] = mapped_column(BigId, ForeignKey("team.id"))
    channel_id: Mapped[int] = mapped_column(BigId, ForeignKey("channel.id"))
    can_see: Mapped[bool] = mapped_column(default=True)
    can_see_private: Mapped[bool] = mapped_column(default=False)
    can_answer: Mapped[bool] = mapped_column(default=False)
    needs_approval: Mapped[bool] = mapped_column(default=False)

    team: Mapped[Team] = relationship(back_populates="grants")


class MemberSession(WithId, Base):
    """One sign-in on one device; the cookie holds the token, the row its hash."""

    __tablename__ = "member_session"
    __table_args__ = (Index("ix_member_session_member_id", "member_id"),)

    member_id: Mapped[int] = mapped_column(BigId, ForeignKey("member.id"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    device: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    member: Mapped[Member] = relationship()


class Invitation(WithId, Base):
    """A link by which somebody joins, good for 72 hours and one use."""

    __tablename__ = "invitation"

    email: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    is_admin: Mapped[bool] = mapped_column(default=False)
    team_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("team.id"))
    role: Mapped[str | None]
    invited_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("member.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Setup(Base):
    """That an admin answered the first questions or skipped them; the one row is there once somebody has."""

    __tablename__ = "setup"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    member_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
    is_skipped: Mapped[bool]
    answered_at: Mapped[datetime]
