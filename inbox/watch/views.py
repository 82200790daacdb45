"""The page on which admins see what Relevo does by itself, and who was told when it did not."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, current_app, render_template

from inbox import clock
from inbox.database import db
from inbox.languages import gettext as _
from inbox.languages import ngettext
from inbox.members import doors
from inbox.settings import Settings
from inbox.watch.judging import Finding, Sweep
from inbox.watch.models import WatchLease
from inbox.watch.queries import find_watch
from inbox.watch.shown import sweep_word, title_of
from inbox.watch.watch import current_watch

blueprint = Blueprint("watch", __name__)


@dataclass(frozen=True)
class Row:
    """A sweep as the page shows it."""

    word: str
    done_at: datetime | None
    ago: str
    limit: str
    is_stopped: bool


@blueprint.get("/watch")
@doors.admins
def index() -> str:
    """Show every sweep, when it was done last, and what the last resort was told."""
    settings: Settings = current_app.config["RELEVO"]
    found = current_watch().look(db.session())
    return render_template(
        "watch/index.html",
        title=None if found.is_well else title_of(found),
        rows=_rows(found),
        told=_told(find_watch(db.session())),
        has_last_resort=bool(settings.last_resort_url),
        has_heartbeat=bool(settings.heartbeat_url),
    )


def _rows(found: Finding) -> list[Row]:
    stopped = {one.name for one in found.stopped}
    rows = [_row(one, found.at, is_stopped=one.name in stopped) for one in found.sweeps]
    return sorted(rows, key=lambda row: (not row.is_stopped, row.word))


def _row(one: Sweep, now: datetime, *, is_stopped: bool) -> Row:
    done_at = one.at if one.is_done else None
    ago = length(one.age(now)) if one.is_done else _("not yet")
    return Row(sweep_word(one.name), done_at, ago, length(one.limit_seconds), is_stopped)


def length(seconds: float) -> str:
    """Say a length of time shortly: seconds, minutes, hours, days."""
    if seconds < 90:
        return _("%(number)d s", number=round(seconds))
    if seconds < 5400:
        return _("%(number)d min", number=round(seconds / 60))
    if seconds < 2 * 86400:
        return _("%(number)d h", number=round(seconds / 3600))
    days = round(seconds / 86400)
    return ngettext("%(number)d day", "%(number)d days", days, number=days)


@dataclass(frozen=True)
class ToldShown:
    """What the last resort was told of what stands still; `is_watched` False: no process watches now."""

    is_watched: bool
    told_at: datetime | None
    failure: str | None


def _told(row: WatchLease | None) -> ToldShown:
    if row is None:
        return ToldShown(False, None, None)
    return ToldShown(row.until_at > clock.now(), row.told_at, row.failure)
