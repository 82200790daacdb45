"""Channels, their credentials, the streams they are read by, their posts and request budgets."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from inbox.database import Base, BigId, WithId


class ChannelState(StrEnum):
    """Whether a channel delivers; `needs_you` means that a person must mend it."""

    ACTIVE = "active"
    PAUSED = "paused"
    NEEDS_YOU = "needs_you"
    DISCONNECTED = "disconnected"


class Channel(WithId, Base):
    """One connected account of ours on a platform; unique by platform, scope and the account's id (RULES A4)."""

    __tablename__ = "channel"
    __table_args__ = (
        UniqueConstraint("platform", "scope", "external_id"),
        Index("ix_channel_push_key", "push_key", unique=True),
        CheckConstraint("state IN ('active', 'paused', 'needs_you', 'disconnected')", name="state"),
    )

    platform: Mapped[str]
    scope: Mapped[str] = mapped_column(default="")
    external_id: Mapped[str]
    handle: Mapped[str]
    display_name: Mapped[str] = mapped_column(default="")
    avatar_url: Mapped[str | None]
    service_url: Mapped[str]
    host: Mapped[str]
    state: Mapped[str] = mapped_column(default=ChannelState.ACTIVE)
    # why the state is what it is: a PlatformError's code, or 'by_member'; and the platform's own words
    state_reason: Mapped[str | None]
    state_detail: Mapped[str | None]
    state_since_at: Mapped[datetime]
    is_sandbox: Mapped[bool] = mapped_column(default=False)
    # per channel: {"awaits_replies_to_others": false, ...}, see conversations/awaits.py
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # what the connector said at verify: limits and abilities by mode, see platforms/contract.py Limits
    limits: Mapped[dict[str, Any]] = mapped_column(default=dict)
    permissions: Mapped[list[Any]] = mapped_column(default=list)
    # what it may not although our work here needs it, by the platform's own names
    missing_permissions: Mapped[list[Any] | None]
    api_version: Mapped[str | None]
    token_expires_at: Mapped[datetime | None]
    # how many of the warnings before its token ends were given (Pace.token_warned_seconds)
    token_warned_count: Mapped[int | None]
    connected_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
    created_at: Mapped[datetime]
    connected_at: Mapped[datetime]
    disconnected_at: Mapped[datetime | None]
    # C6: the first import, or the one after a gap
    import_since_at: Mapped[datetime | None]
    import_began_at: Mapped[datetime | None]
    import_done_at: Mapped[datetime | None]
    import_waiting_count: Mapped[int] = mapped_column(default=0)
    import_late_count: Mapped[int] = mapped_column(default=0)
    # it was away between these two, and no lead has said yet from when clocks count
    gap_from_at: Mapped[datetime | None]
    gap_until_at: Mapped[datetime | None]
    # a lead said so, and what that changes is being written (intake/counting.py)
    recount_due_at: Mapped[datetime | None]
    last_message_at: Mapped[datetime | None]
    # its habit: the longest silence between two messages, fading; beyond three times that it is oddly quiet
    usual_gap_seconds: Mapped[float | None]
    last_verified_at: Mapped[datetime | None]
    verify_due_at: Mapped[datetime | None]
    skew_seconds: Mapped[float] = mapped_column(default=0.0)
    quiet_since_at: Mapped[datetime | None]
    failing_since_at: Mapped[datetime | None]
    # the last part of the address to which its platform pushes (channels/pushing.py); None: it does not
    push_key: Mapped[str | None]

    streams: Mapped[list["ChannelStream"]] = relationship(back_populates="channel")


class Credential(Base):
    """A channel's secret, sealed; `version` rises with each refresh, the lease lets one refresher in."""

    __tablename__ = "credential"

    channel_id: Mapped[int] = mapped_column(BigId, ForeignKey("channel.id"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(default=1)
    expires_at: Mapped[datetime | None]
    refresh_token: Mapped[str | None]  # the lease of the one refresher, not a platform's token
    refresh_lease_until_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class ChannelStream(WithId, Base):
    """One list that a platform shows us, read from its own cursor under a lease (RULES E1)."""

    __tablename__ = "channel_stream"
    __table_args__ = (UniqueConstraint("channel_id", "name"), Index("ix_channel_stream_due_at", "due_at"))

    channel_id: Mapped[int] = mapped_column(BigId, ForeignKey("channel.id"))
    # mentions, own_posts, direct, comments:<post external id>
    name: Mapped[str]
    cursor: Mapped[dict[str, Any] | None]
    # None: not read (switched off, finished, or its channel is paused)
    due_at: Mapped[datetime | None]
    is_off: Mapped[bool] = mapped_column(default=False)
    off_reason: Mapped[str | None]
    lease_token: Mapped[str | None]
    lease_until_at: Mapped[datetime | None]
    lost_count: Mapped[int] = mapped_column(default=0)
    is_walking: Mapped[bool] = mapped_column(default=False)  # in the middle of a walk: pages are left to read
    walk_started_at: Mapped[datetime | None]
    followed_from_at: Mapped[datetime | None]  # a comments stream: when its post appeared
    last_polled_at: Mapped[datetime | None]
    last_complete_at: Mapped[datetime | None]
    complete_started_at: Mapped[datetime | None]  # when the last complete walk began: what it shows was there (C1)
    last_item_at: Mapped[datetime | None]
    last_comment_at: Mapped[datetime | None]
    # how long the newest message took from the platform's server to us, as of the last poll that brought one
    lag_seconds: Mapped[float | None]
    deep_due_at: Mapped[datetime | None]
    is_deep: Mapped[bool] = mapped_column(default=False)
    interval_seconds: Mapped[float] = mapped_column(default=60.0)
    failure_count: Mapped[int] = mapped_column(default=0)
    failure_code: Mapped[str | None]
    failure_detail: Mapped[str | None]
    failing_since_at: Mapped[datetime | None]
    bad_page_count: Mapped[int] = mapped_column(default=0)
    page_digest: Mapped[str | None]
    page_repeat_count: Mapped[int] = mapped_column(default=0)

    channel: Mapped[Channel] = relationship(back_populates="streams")


class Post(WithId, Base):
    """A post that conversations hang on, ours or another's, kept for display."""

    __tablename__ = "post"
    __table_args__ = (UniqueConstraint("channel_id", "external_id"),)

    channel_id: Mapped[int] = mapped_column(BigId, ForeignKey("channel.id"))
    external_id: Mapped[str]
    is_ours: Mapped[bool] = mapped_column(default=True)
    author_name: Mapped[str] = mapped_column(default="")
    author_handle: Mapped[str] = mapped_column(default="")
    text: Mapped[str] = mapped_column(default="")
    permalink: Mapped[str | None]
    authored_at: Mapped[datetime | None]
    like_count: Mapped[int | None]
    comment_count: Mapped[int | None]
    gone_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Budget(Base):
    """What a platform lets a credential or an app ask for, as its own headers say."""

    __tablename__ = "budget"

    key: Mapped[str] = mapped_column(primary_key=True)  # channel:<id>, app:<name>, host:<name>
    limit_count: Mapped[int | None]
    remaining_count: Mapped[int | None]
    resets_at: Mapped[datetime | None]
    paused_until_at: Mapped[datetime | None]
    # when the platform ends what we ask it by (the Sunset header, RFC 8594)
    sunset_at: Mapped[datetime | None]
    # of a host: how often on end it did not answer in time
    silent_count: Mapped[int | None]
    updated_at: Mapped[datetime]


class ChannelHour(Base):
    """How many messages a channel brought within one hour; eight weeks of them are its habit (channels/habits.py)."""

    __tablename__ = "channel_hour"
    __table_args__ = (Index("ix_channel_hour_hour_at", "hour_at"),)

    channel_id: Mapped[int] = mapped_column(BigId, ForeignKey("channel.id"), primary_key=True)
    hour_at: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)


class PlatformApp(WithId, Base):
    """Relevo as a server knows it, for signing in there: one a server and address of ours, its secret sealed."""

    __tablename__ = "platform_app"
    __table_args__ = (UniqueConstraint("platform", "service_url", "redirect_uri"),)

    platform: Mapped[str]
    service_url: Mapped[str]
    redirect_uri: Mapped[str]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
