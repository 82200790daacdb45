"""The summary of an import waits for its end: what is read page by page is told of once (RULES C6, F)."""

from datetime import datetime, timedelta

from inbox.channels.models import Channel, ChannelState
from inbox.escalation.turn import Turn


def waits(turn: Turn) -> bool:
    """Put the turn of an import's summary off while more is to come; True where it was.

    An import that does not come to an end keeps nobody in the dark: what is known is told each quarter of an hour.
    """
    alert, channel = turn.alert, turn.session.get(Channel, turn.alert.channel_id or 0)
    if channel is None or channel.state != ChannelState.ACTIVE:
        return False
    longest = timedelta(seconds=turn.pace.alert_again_seconds)
    if turn.now >= (alert.told_at or alert.raised_at) + longest or _is_whole(turn, channel.import_done_at):
        return False
    alert.next_at = turn.after(turn.pace.alert_check_seconds)
    return True


def _is_whole(turn: Turn, done_at: datetime | None) -> bool:
    """Tell whether the sweep has had the time to come to the last page, too."""
    return done_at is not None and turn.now >= done_at + timedelta(seconds=turn.pace.import_settles_seconds)
