"""When a message began to wait: the one time that its clock starts from (RULES C1); pure."""

from datetime import datetime, timedelta

from inbox.settings import Pace


def clock_at(
    authored_at: datetime | None,
    arrived_at: datetime | None,
    received_at: datetime,
    *,
    last_poll_at: datetime | None,
    skew: timedelta,
    pace: Pace,
) -> datetime:
    """Return when the clock of a message starts, never after we received it.

    `last_poll_at`: the start of the stream's last complete poll, None in an import and before the first
    one. A message that declares only its author's time, from before that poll, was not there then.
    """
    told = arrived_at if arrived_at is not None else authored_at
    if told is None:
        return received_at
    told -= skew
    if arrived_at is None and last_poll_at is not None and _is_backdated(told, last_poll_at, pace):
        told = last_poll_at
    return min(told, received_at)


def _is_backdated(told: datetime, last_poll_at: datetime, pace: Pace) -> bool:
    return told < last_poll_at - timedelta(seconds=pace.late_clock_margin_seconds)
