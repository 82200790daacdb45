"""A channel's trouble in one sentence that says what to do."""

from inbox.channels.models import Channel, ChannelState
from inbox.channels.troubles import word_failure
from inbox.languages import gettext as _


def trouble_sentence(channel: Channel) -> str:
    """Say what is wrong with a channel; empty when nothing is."""
    if channel.state == ChannelState.NEEDS_YOU:
        return failure_sentence(channel.state_reason)
    if channel.failing_since_at is not None:
        return _("can't be read at the moment; Relevo keeps trying.")
    if channel.quiet_since_at is not None:
        return _("is oddly quiet: nothing new for much longer than usual. Look whether it still works there.")
    return ""


def failure_sentence(code: str | None) -> str:
    """Say what a failure's code means, and what to do."""
    return word_failure(code, _)
