"""Messages that their author deleted: hidden at once, erased later, restored if found again (RULES A6)."""

from pathlib import Path

from sqlalchemy.orm import Session

from inbox.conversations.models import Message
from inbox.settings import Pace


def look_said_gone(
    session: Session, message: Message, *, pace: Pace, is_event: bool = False, reason: str | None = None
) -> bool:
    """Note that a look (or an explicit event) found the message gone; tells whether it counts as gone now.

    Counts after two looks `pace.gone_confirm_seconds` apart, or at once for an event. The first look sets
    `recheck_due_at` for the second. `reason`: author for inbound, deleted for ours unless given.
    """
    raise NotImplementedError


def look_said_present(session: Session, message: Message) -> bool:
    """Note that a look found the message; tells whether it had counted as gone and is back.

    What awaited before it went awaits again, with the same clock. Erased text does not come back by this:
    hand the wording to `edits.edited`.
    """
    raise NotImplementedError


def look_said_not_visible(session: Session, message: Message) -> None:
    """Note that the message can't be seen; that excuses nobody."""
    raise NotImplementedError


def erase_due(session: Session, *, pace: Pace, media_dir: Path, limit: int = 100) -> int:
    """Erase every copy of up to `limit` messages that have been gone long enough; returns how many.

    Text, marks, mentions, pictures (rows and files), earlier wordings and raw payloads go; ids, times and
    state stay as a tombstone.
    """
    raise NotImplementedError
