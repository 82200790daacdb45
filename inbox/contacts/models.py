"""Contacts: people on a platform, known by the platform's id and never by their handle (RULES A4)."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from inbox.database import Base, WithId


class Contact(WithId, Base):
    """A person on a platform; `scope` is the world in which `external_id` is unique, given by the connector."""

    __tablename__ = "contact"
    __table_args__ = (UniqueConstraint("platform", "scope", "external_id"),)

    platform: Mapped[str]
    scope: Mapped[str] = mapped_column(default="")
    external_id: Mapped[str]
    handle: Mapped[str] = mapped_column(default="")
    display_name: Mapped[str] = mapped_column(default="")
    avatar_url: Mapped[str | None]
    profile_url: Mapped[str | None]
    first_seen_at: Mapped[datetime]
    updated_at: Mapped[datetime]
