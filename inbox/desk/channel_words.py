"""A channel's health in words: what it reads, what fails, what is left of its budget."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from inbox.channels.health import Health, StreamHealth
from inbox.channels.models import ChannelState
from inbox.desk.telegram_words import what_it_sees
from inbox.desk.troubles import failure_sentence, trouble_sentence
from inbox.intake import borders
from inbox.intake.models import Quarantined
from inbox.platforms.shallow import load

LONGEST_RAW = 20_000


@dataclass(frozen=True)
class StreamShown:
    """One stream in words."""

    word: str
    state: str
    last_complete_at: datetime | None
    due_at: datetime | None
    deep_due_at: datetime | None
    failing_since_at: datetime | None
    detail: str
    last_item_at: datetime | None
    lag: str


@dataclass(frozen=True)
class ChannelShown:
    """A channel with its health in words."""

    id: int
    platform: str
    name: str
    handle: str
    service_url: str
    state: str
    state_word: str
    trouble: str
    detail: str
    is_sandbox: bool
    connected_at: datetime
    last_message_at: datetime | None
    last_complete_at: datetime | None
    delay_words: str
    is_delayed: bool
    streams: Sequence[StreamShown]
    failures: Sequence[str]
    budget_limit: int | None
    budget_remaining: int | None
    budget_resets_at: datetime | None
    budget_paused_until_at: datetime | None
    token_expires_at: datetime | None
    skew_seconds: int | None
    import_words: str
    off_words: Sequence[str]
    sees: Sequence[str]
    backdated_words: str


@dataclass(frozen=True)
class QuarantinedShown:
    """What could not be read, as it came."""

    id: int
    stream: str
    reason: str
    detail: str
    is_private: bool
    first_seen_at: datetime
    last_seen_at: datetime
    seen_count: int
    raw: str


def show_channel(health: Health) -> ChannelShown:
    """Word a channel's health."""
    channel = health.channel
    streams = [_show_stream(stream) for stream in health.streams]
    return ChannelShown(
        id=channel.id,
        platform=channel.platform,
        name=channel.display_name or channel.handle,
        handle=channel.handle,
        service_url=channel.service_url,
        state=channel.state,
        state_word=_state_word(health),
        trouble=trouble_sentence(channel),
        detail=channel.state_detail or "",
        is_sandbox=channel.is_sandbox,
        connected_at=channel.connected_at,
        last_message_at=channel.last_message_at,
        last_complete_at=health.last_complete_at,
        delay_words=_delay(health.delay_seconds),
        is_delayed=health.is_delayed,
        streams=streams,
        failures=[_failure(stream) for stream in health.failures],
        budget_limit=health.budget_limit,
        budget_remaining=health.budget_remaining,
        budget_resets_at=health.budget_resets_at,
        budget_paused_until_at=health.budget_paused_until_at,
        token_expires_at=channel.token_expires_at,
        skew_seconds=round(channel.skew_seconds) if health.is_skew_shown else None,
        import_words=_import(health),
        sees=what_it_sees(channel.permissions) if channel.platform == "telegram" else [],
        off_words=[_off(stream) for stream in health.streams if stream.is_off],
        backdated_words=""
        if channel.platform == "telegram"
        else str(_("A mention that was dated back is found at the latest by the deep walk that runs each night.")),
    )


def stream_word(name: str, count: int = 1) -> str:
    """Name a stream."""
    if name.startswith("comments"):
        return str(ngettext("comments of %(num)s post", "comments of %(num)s posts", count))
    words = {"mentions": _("mentions and replies"), "own_posts": _("our own posts"), "direct": _("private messages")}
    words |= {"updates": _("everything the bot is shown"), "push": _("what was pushed")}
    return str(words.get(name, name))


def show_quarantined(row: Quarantined) -> QuarantinedShown:
    """Show what could not be read, at most its first 20,000 characters."""
    return QuarantinedShown(
        id=row.id,
        stream=stream_word(row.stream_name),
        reason=_reason(row.reason_code),
        detail=row.reason_detail,
        is_private=row.is_private,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        seen_count=row.seen_count,
        raw=_readable(borders.unpack(row.compressed)),
    )


def _show_stream(stream: StreamHealth) -> StreamShown:
    state = str(_("read"))
    if stream.is_off:
        state = str(_("not read"))
    elif stream.failure_code:
        state = failure_sentence(stream.failure_code)
    elif stream.last_complete_at is None:
        state = str(_("being read for the first time"))
    return StreamShown(
        word=stream_word(stream.name, stream.count),
        state=state,
        last_complete_at=stream.last_complete_at,
        due_at=None if stream.is_off else stream.due_at,
        deep_due_at=stream.deep_due_at,
        failing_since_at=stream.failing_since_at,
        detail=stream.failure_detail or "",
        last_item_at=stream.last_item_at,
        lag=length_words(stream.lag_seconds) if stream.lag_seconds is not None else "",
    )


def length_words(seconds: float) -> str:
    """Say a length in its largest unit."""
    if seconds < 90:
        return str(ngettext("%(num)s second", "%(num)s seconds", round(seconds)))
    if seconds < 90 * 60:
        return str(ngettext("%(num)s minute", "%(num)s minutes", round(seconds / 60)))
    if seconds < 36 * 3600:
        return str(ngettext("%(num)s hour", "%(num)s hours", round(seconds / 3600)))
    return str(ngettext("%(num)s day", "%(num)s days", round(seconds / 86400)))


def _state_word(health: Health) -> str:
    if health.channel.state == ChannelState.ACTIVE and health.needs_somebody:
        return str(_("Runs, with trouble"))
    words = {
        ChannelState.ACTIVE: _("Runs"),
        ChannelState.PAUSED: _("Paused"),
        ChannelState.NEEDS_YOU: _("Needs you"),
        ChannelState.DISCONNECTED: _("Disconnected"),
    }
    return str(words[ChannelState(health.channel.state)])


def _failure(stream: StreamHealth) -> str:
    return f"{stream_word(stream.name, stream.count)}: {failure_sentence(stream.failure_code)}"


def _delay(seconds: float | None) -> str:
    if seconds is None:
        return str(_("not read to its end yet"))
    if seconds < 90:
        return str(ngettext("%(num)s second behind", "%(num)s seconds behind", round(seconds)))
    return str(ngettext("%(num)s minute behind", "%(num)s minutes behind", round(seconds / 60)))


def _off(stream: StreamHealth) -> str:
    words = {
        "permission_missing_direct": _("the app password does not allow them"),
        "direct_not_offered": _("the server does not have them"),
        "public_only": _("the channel was connected for public replies only"),
    }
    why = str(words.get(stream.off_reason or "", stream.off_reason or _("switched off")))
    return str(
        _("%(stream)s are not read: %(why)s.", stream=stream_word(stream.name, stream.count), why=why)
    ).capitalize()


def _import(health: Health) -> str:
    channel = health.channel
    if channel.import_since_at is None:
        return ""
    if channel.import_done_at is None:
        return str(_("What was said before is being read; until then the list may be incomplete."))
    late = channel.import_late_count
    if not channel.import_waiting_count and not late:
        return str(_("Nothing that was said before it was connected waits for an answer."))
    said = ngettext(
        "Of what was said before it was connected, %(num)s message waits for an answer",
        "Of what was said before it was connected, %(num)s messages wait for an answer",
        channel.import_waiting_count,
    )
    if late:
        said = f"{said}; " + ngettext("%(num)s was already late", "%(num)s were already late", late)
    return f"{said}."


def _reason(code: str) -> str:
    """Word why intake kept something back (inbox/intake/borders.py, sorting.py, singly.py)."""
    if code.endswith("id_too_long") or code == "author_scope_too_long":
        return str(_("Its id is longer than 1,000 characters."))
    words = {
        "text_too_long": _("It is too large."),
        "unreadable_page": _("The whole page could not be read."),
        "push_unreadable": _("What was pushed could not be read."),
        "item_not_received": _("It could not be taken in."),
    }
    return str(words.get(code, _("It is not built as the platform documents it.")))


def _readable(raw: bytes) -> str:
    try:
        text = json.dumps(load(raw), indent=2, ensure_ascii=False)
    except ValueError:
        text = raw.decode("utf-8", "replace")
    text = borders.clean_text(text)  # escaped in JSON, lone surrogates come this far; no page can carry them
    return text if len(text) <= LONGEST_RAW else text[:LONGEST_RAW] + "\n…"
