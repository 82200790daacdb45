"""Recomputes what is kept beside the messages and names what differs (RULES A2)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class WrongWaiting:
    """A conversation whose stored wait is not the one of its messages."""

    conversation_id: int
    stored: datetime | None
    computed: datetime | None


def list_wrong_waiting(session: Session, limit: int = 100) -> list[WrongWaiting]:
    """Return conversations whose waiting_since or queue_at is not what their messages say."""
    raise NotImplementedError
