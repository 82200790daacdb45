"""What a channel stands on, in words: its sign-in, its permissions, its habit; and how far its import is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import format_percent, ngettext
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.habits import FEWEST_WEEKS, Silence
from inbox.channels.health import Health
from inbox.channels.models import Channel, ChannelState
from inbox.channels.standing import Standing, read_standing
from inbox.channels.troubles import SCOPES
from inbox.intake.imports import began_at, is_importing
from inbox.settings import Pace

LEAST_SHOWN = 0.001


@dataclass(frozen=True)
class StandingShown:
    """What a channel stands on, as its page shows it."""

    whose: str
    menders: str
    warning: str
    token_expires_at: datetime | None
    is_token_over: bool
    is_token_ending: bool
    permissions: Sequence[str]
    missing: Sequence[str]
    silence: str
    api: str
    sunset_at: datetime | None


@dataclass(frozen=True)
class ImportShown:
    """How far reading what was said before has come: streams that are read to their end, of all."""

    done: int
    total: int
    began_at: datetime


def show_standing(session: Session, channel: Channel, health: Health, pace: Pace) -> StandingShown:
    """Word what a channel stands on."""
    standing, now = read_standing(session, channel, pace), clock.now()
    ends_at = channel.token_expires_at if channel.state != ChannelState.DISCONNECTED else None
    left = (ends_at - now).total_seconds() if ends_at else None
    return StandingShown(
        whose=_whose(standing),
        menders=", ".join(standing.menders),
        warning=_warning(standing),
        token_expires_at=ends_at,
        is_token_over=left is not None and left <= 0,
        is_token_ending=left is not None and 0 < left <= max(pace.token_warned_seconds),
        permissions=[str(one) for one in channel.permissions],
        missing=_missing(channel, health),
        silence=_silence(channel, standing.silence),
        api=channel.api_version or "",
        sunset_at=standing.sunset_at,
    )


def show_import(channel: Channel, health: Health) -> ImportShown | None:
    """Say how far an import is; None: none is running."""
    if not is_importing(channel) or channel.import_since_at is None:
        return None
    since = began_at(channel)
    read = [stream for stream in health.streams if not stream.is_off]
    done = [stream for stream in read if stream.last_complete_at is not None and stream.last_complete_at >= since]
    return ImportShown(len(done), len(read), since)


def _whose(standing: Standing) -> str:
    if standing.signed_in_by is None:
        return str(_("nobody’s here: it was connected from the command line"))
    if standing.is_owner_away:
        return str(_("%(name)s, who can’t renew it any more", name=standing.signed_in_by))
    return standing.signed_in_by


def _warning(standing: Standing) -> str:
    if not standing.menders:
        return str(_("Nobody here could reconnect it. Make somebody an admin."))
    if len(standing.menders) == 1:
        name = standing.menders[0]
        return str(_("Only %(name)s could reconnect it. Make somebody else an admin too.", name=name))
    return ""


def _missing(channel: Channel, health: Health) -> list[str]:
    names = [str(one) for one in channel.missing_permissions or ()]
    if any(stream.is_off and stream.off_reason == "permission_missing_direct" for stream in health.streams):
        names.append(str(_("private messages")))
    if channel.state == ChannelState.NEEDS_YOU and (channel.state_reason or "").startswith("permission_missing"):
        known = SCOPES.get(channel.state_reason or "")
        names.append(known or channel.state_detail or str(_("one that the platform does not name")))
    return list(dict.fromkeys(names))


def _silence(channel: Channel, silence: Silence) -> str:
    """Say how usual the present silence is, and how sure that is."""
    if channel.last_message_at is None:
        return str(_("Nothing has come yet, so there is no habit to compare with."))
    if silence.hours <= 0:
        return str(_("Something came within the last hour or two."))
    length = ngettext("%(num)s hour without anything new.", "%(num)s hours without anything new.", silence.hours)
    if not silence.is_known:
        few = ngettext("fewer than %(num)s week is known", "fewer than %(num)s weeks are known", FEWEST_WEEKS)
        return f"{length} {_('Too early to say whether that is odd: %(few)s.', few=few)}"
    fewest, most = min(silence.before), max(silence.before)
    weeks = ngettext("In the same hours of the week before", "In the same hours of %(num)s weeks", len(silence.before))
    brought = (
        ngettext("%(weeks)s: %(num)s message.", "%(weeks)s: %(num)s messages each.", most, weeks=weeks)
        if fewest == most
        else str(_("%(weeks)s: %(fewest)s to %(most)s messages.", weeks=weeks, fewest=fewest, most=most))
    )
    return f"{length} {brought} {_judged(silence)}"


def _judged(silence: Silence) -> str:
    chance = format_percent(max(silence.chance, LEAST_SHOWN), "#,##0.#%")
    if silence.is_odd:
        return str(_("By accident that would happen in less than %(chance)s of all weeks: it is odd.", chance=chance))
    if min(silence.before) == 0:
        return str(_("It has been as silent before: not odd."))
    if silence.chance < LEAST_SHOWN:
        return str(_("It is unusual."))
    return str(_("By accident that happens in about %(chance)s of all weeks: not odd.", chance=chance))
