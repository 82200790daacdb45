"""Edits of messages: earlier wordings are kept, and some edits wait again (RULES A6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from inbox.conversations.models import Message
from inbox.settings import Pace


@dataclass(frozen=True)
class Wording:
    """How a message reads now; `marks` as stored (JSON), `version` the platform's."""

    text: str
    marks: Sequence[dict[str, Any]] = ()
    mentions: Sequence[str] = ()
    version: str | None = None
    edited_at: datetime | None = None


def edited(session: Session, message: Message, new: Wording, *, pace: Pace) -> bool:
    """Take over a new wording; tells whether the text changed. The same text twice changes nothing.

    The caller replaces media rows and the raw payload itself.
    """
    raise NotImplementedError
