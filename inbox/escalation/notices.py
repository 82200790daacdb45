"""What an alert says to whom it is told: counts, channel, due times and links; no text and no names of fans."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_datetime
from sqlalchemy.orm import Session

from inbox.alerts.models import TOLD_ONCE, Alert, AlertKind
from inbox.channels.models import Channel
from inbox.channels.troubles import find_trouble, word_failure
from inbox.languages import words_in
from inbox.notifications.notices import Notice
from inbox.platforms.names import channel_name, platform_name

Make = Callable[[str], Notice]


@dataclass(frozen=True)
class Share:
    """What of an alert concerns one member: how many, and the first time that is due."""

    count: int
    first_due_at: datetime | None


@dataclass(frozen=True)
class Facts:
    """What there is to say about an alert, apart from the language."""

    alert_id: int
    kind: str
    channel: str
    count: int
    first_due_at: datetime | None
    is_urgent: bool
    is_reminder: bool
    was_taken: bool = False
    trouble: str = ""  # the code of what keeps a channel from delivering
    platform: str | None = None  # where `channel` is not named together with it yet
    about: str | None = None
    raised_at: datetime | None = None


def count_waiting(alert: Alert) -> int:
    """Return of how many an open alert is now."""
    return alert.timer_count + alert.untimed_count


def read_facts(session: Session, alert: Alert, *, share: Share | None = None) -> Facts:
    """Return what an alert says; `share` where it concerns somebody with fewer than it gathers."""
    channel = session.get(Channel, alert.channel_id) if alert.channel_id is not None else None
    return Facts(
        alert_id=alert.id,
        kind=alert.kind,
        channel=(channel.display_name or channel.handle) if channel else "",
        count=(count_waiting(alert) or alert.gathered_count) if share is None else share.count,
        first_due_at=alert.first_due_at if share is None else share.first_due_at,
        is_urgent=alert.is_urgent,
        is_reminder=alert.step_count > 0 and alert.kind not in TOLD_ONCE,
        was_taken=alert.acknowledged_at is not None,
        trouble=find_trouble(session, channel) if channel is not None and alert.kind == AlertKind.CHANNEL else "",
        platform=channel.platform if channel else None,
        about=alert.about,
        raised_at=alert.raised_at,
    )


def maker(facts: Facts, zone: str, token: str | None) -> Make:
    """Return what words the notice in a language; times are shown in this zone, `token` is of the acknowledge link."""

    def make(language: str) -> Notice:
        return Notice(
            kind="warning" if facts.kind in TOLD_ONCE else "alert",
            subject=subject(facts, language),
            lines=tuple(_lines(facts, zone, language)),
            path=f"/alerts/{facts.alert_id}",
            acknowledge_path=f"/a/{token}" if token else None,
        )

    return make


def maker_of_end(facts: Facts, *, is_over: bool) -> Make:
    """Return what words that somebody took the alert, or that it is over."""

    def make(language: str) -> Notice:
        _ = words_in(language).ugettext
        said = (_("Over: %(what)s") if is_over else _("Taken: %(what)s")) % {"what": subject(facts, language)}
        return Notice("summary", said, (), f"/alerts/{facts.alert_id}")

    return make


def subject(facts: Facts, language: str) -> str:
    """Say in one line what an alert is about."""
    words = words_in(language)
    _, ngettext = words.ugettext, words.ungettext
    values = {"num": facts.count, "channel": _channel(facts, language)}
    sentences = {
        AlertKind.WARNING: ngettext(
            "%(num)s answer falls due soon on %(channel)s", "%(num)s answers fall due soon on %(channel)s", facts.count
        ),
        AlertKind.BREACH: ngettext(
            "%(num)s person waits too long on %(channel)s", "%(num)s people wait too long on %(channel)s", facts.count
        ),
        AlertKind.LATE_ARRIVALS: ngettext(
            "%(num)s message reached %(channel)s late", "%(num)s messages reached %(channel)s late", facts.count
        ),
        AlertKind.IMPORT: ngettext(
            "%(num)s person has waited on %(channel)s since before it was connected",
            "%(num)s people have waited on %(channel)s since before it was connected",
            facts.count,
        ),
        AlertKind.CHANNEL: _("%(channel)s needs somebody"),
        AlertKind.ENGINE: _engine(facts.about, language),
        AlertKind.SIGN_IN_ENDS: _("The sign-in of %(channel)s ends soon"),
        AlertKind.QUIET: _("%(channel)s is oddly quiet"),
    }
    said: str = sentences[AlertKind(facts.kind)] % values
    return str(_("Urgent: %(what)s") % {"what": said}) if facts.is_urgent else said


def _engine(part: str | None, language: str) -> str:
    """Say which part stands still; the watch's words for them are the same."""
    _ = words_in(language).ugettext
    sentences = {
        "everything": _("Relevo stands still: no channel is read, and nothing leaves"),
        "sending": _("Relevo stands still in part: no reply and no alert leaves"),
        "reading": _("Relevo stands still in part: no channel is read"),
    }
    return str(sentences.get(part or "", _("A part of Relevo stands still")))


def _channel(facts: Facts, language: str) -> str:
    return channel_name(platform_name(facts.platform, language), facts.channel) if facts.platform else facts.channel


def _lines(facts: Facts, zone: str, language: str) -> list[str]:
    _ = words_in(language).ugettext
    lines = []
    if facts.trouble:
        lines.append(f"{_channel(facts, language)} {word_failure(facts.trouble, _)}")
    if facts.kind == AlertKind.QUIET:
        lines.append(_("It brought nothing for much longer than its own habit. Look whether it still works there."))
    if facts.kind in (AlertKind.ENGINE, AlertKind.CHANNEL) and facts.raised_at is not None:
        at = format_datetime(facts.raised_at, "d MMM HH:mm", tzinfo=_zone(zone), locale=language)
        lines.append(_("Noticed at %(time)s. The link says what to do.") % {"time": at})
    if facts.first_due_at is not None:
        at = format_datetime(facts.first_due_at, "d MMM HH:mm", tzinfo=_zone(zone), locale=language)
        lines.append(_when(facts.kind, language) % {"time": at})
    if facts.was_taken:
        lines.append(_("Somebody took this, and it is still there."))
    elif facts.is_reminder:
        lines.append(_("Nobody has taken this yet."))
    return lines


def _when(kind: str, language: str) -> str:
    _ = words_in(language).ugettext
    if kind == AlertKind.SIGN_IN_ENDS:
        return str(_("It ends at %(time)s. Reconnect it before: nothing is lost by that."))
    is_over = kind == AlertKind.BREACH
    return str(_("The first was due at %(time)s.") if is_over else _("The first is due at %(time)s."))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
