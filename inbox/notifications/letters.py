"""From notices to one letter: whole links, what went along, and the few words around them, in the member's language."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import force_locale

from inbox.languages import gettext as _
from inbox.languages import ngettext
from inbox.notifications.contract import Letter
from inbox.notifications.models import Notification
from inbox.notifications.notices import Notice, thaw
from inbox.settings import Settings

MOST_NAMED = 5  # of those that went along; the rest are counted


@dataclass(frozen=True)
class Riding:
    """A notification with its notice."""

    row: Notification
    notice: Notice


def open_notice(row: Notification) -> Riding:
    """Return a notification with its notice; one whose words are gone says its subject."""
    notice = thaw(row.sealed) if row.sealed is not None else Notice(row.kind, row.subject, (), "/")
    return Riding(row, notice)


def compose(settings: Settings, carrier: Riding, others: Sequence[Riding], *, is_resent: bool, now: datetime) -> Letter:
    """Return the letter that carries a notice and whatever was held meanwhile; needs an application context."""
    with force_locale(carrier.row.language):
        return _compose(settings, carrier, others, is_resent, now)


def _compose(settings: Settings, carrier: Riding, others: Sequence[Riding], is_resent: bool, now: datetime) -> Letter:
    notice = carrier.notice
    subject, lines = notice.subject, list(notice.lines)
    if others:
        more = ngettext("and %(num)d more", "and %(num)d more", len(others))
        subject = f"{subject} ({more})"
        lines += _named(settings, others)
    if is_resent:
        lines.append(_("This may have reached you before: the first answer was lost."))
    return Letter(
        key=f"{carrier.row.round_key}.{carrier.row.place}",
        kind=notice.kind,
        subject=subject,
        lines=tuple(lines),
        url=whole(settings, notice.path),
        acknowledge_url=whole(settings, notice.acknowledge_path) if notice.acknowledge_path else None,
        is_alert=carrier.row.is_alert,
        is_resent=is_resent,
        language=carrier.row.language,
        at=now,
        open_word=_("Open"),
        acknowledge_word=_("Acknowledge"),
        code=notice.code,
        also=tuple(one.notice.subject for one in others[:MOST_NAMED]),
        own_line_count=len(notice.lines),
    )


def _named(settings: Settings, others: Sequence[Riding]) -> list[str]:
    """Return a line for each of the first few that went along, with its own link, and how many there are besides."""
    lines = [
        f"+ {one.notice.subject}: {whole(settings, one.notice.acknowledge_path or one.notice.path)}"
        for one in others[:MOST_NAMED]
    ]
    left = len(others) - MOST_NAMED
    if left > 0:
        lines.append("+ " + ngettext("%(num)d more", "%(num)d more", left))
    return lines


def whole(settings: Settings, path: str) -> str:
    """Return a path of ours with the address under which members open it."""
    root = settings.public_url or f"http://{settings.host}:{settings.port}"
    return f"{root.rstrip('/')}/{path.lstrip('/')}"
