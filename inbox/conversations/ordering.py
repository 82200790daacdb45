"""Where a conversation stands in the queue: longest waiting first, then whose turn it is, newest first (pure)."""

from datetime import UTC, datetime

# Times of conversations in which nobody waits are mirrored here, so that they come after every wait.
MIRROR = datetime(2200, 1, 1, tzinfo=UTC)


def queue_at(waiting_since: datetime | None, last_message_at: datetime) -> datetime:
    """Return the time by which the queue is ordered, ascending (aware UTC).

    Somebody waits: since when. Nobody does: a time after `MIRROR` that falls as `last_message_at` rises.
    """
    if waiting_since is not None:
        return waiting_since
    return MIRROR + (MIRROR - last_message_at)
