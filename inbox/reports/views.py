"""The SLA page, the rows behind its numbers, and the same rows as a file."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Blueprint, Response, render_template, request, url_for

from inbox import clock
from inbox.conversations.keys import read_key
from inbox.conversations.models import Priority
from inbox.database import db
from inbox.desk.queues import list_teams
from inbox.errors import Invalid
from inbox.members import doors
from inbox.members.access import sets_policies
from inbox.reports import export, words
from inbox.reports.desk_plan import read_plan
from inbox.reports.page import Asked, make_page
from inbox.reports.row_lines import show_line
from inbox.reports.rows import NOBODY, NOW, ROWS_A_PAGE, What, each_row, list_rows, place_of
from inbox.reports.rows import Asked as AskedRows
from inbox.reports.scope import Filters, Scope, find_scope, read_filters, read_id
from inbox.reports.spans import RANGES, Window, last_days
from inbox.reports.week_hours import WeekHour, quarters_of

blueprint = Blueprint("reports", __name__)
blueprint.add_app_template_global(words.number_word, "number_word")
_REPLIES = {"": None, "first": True, "next": False}
_USUAL_DAYS = 7
# What a page itself links to is a year at most; more would be a long walk for one address.
LONGEST_WINDOW = timedelta(days=400)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# What an address of rows may carry.
_NAMES = (
    "what",
    "range",
    "channel",
    "team",
    "platform",
    "priority",
    "assignee",
    "reply",
    "from",
    "until",
    "day",
    "hour",
)


@blueprint.get("/sla")
@doors.members
def sla() -> str:
    """Show how the promise was kept, of what the member sees."""
    member, asked = doors.current_member(), _asked()
    teams = list_teams(db.session(), member)
    page = make_page(db.session(), asked, teams, read_plan(db.session(), asked.now))
    return render_template(
        "reports/sla.html",
        page=page,
        asked=asked,
        team_choices=[(team.id, team.name) for team in teams],
        priorities=[priority.value for priority in Priority],
        ranges=RANGES,
        weekdays=words.weekday_words(),
        lines=[show_line(row, asked.now) for row in page.overdue],
        is_past=True,
        sets_policies=sets_policies(db.session(), member),
        words=words,
        What=What,
    )


@blueprint.get("/sla/rows")
@doors.members
def rows() -> str:
    """Show the timers behind a number, some at a time."""
    asked, rows_asked = _asked(), _asked_rows()
    after = read_key(request.args["after"]) if request.args.get("after") else None
    found = list_rows(db.session(), asked.scope, rows_asked, asked.now, after=after, limit=ROWS_A_PAGE + 1)
    shown = found[:ROWS_A_PAGE]
    args: dict[str, Any] = {name: request.args[name] for name in _NAMES if request.args.get(name)}
    more = {**args, "after": str(place_of(shown[-1], rows_asked))} if len(found) > ROWS_A_PAGE else None
    return render_template(
        "reports/rows.html",
        asked=asked,
        what=rows_asked.what,
        window=None if rows_asked.what in NOW else rows_asked.window,
        chosen=[*_chosen(asked.scope.filters, asked.scope), *_hour_chosen(rows_asked)],
        lines=[show_line(row, asked.now) for row in shown],
        more_url=url_for("reports.rows", **more) if more else None,
        file_url=url_for("reports.rows_file", **args),
        words=words,
    )


@blueprint.get("/sla/rows.csv")
@doors.members
def rows_file() -> Response:
    """Hand over the same rows as a file, as they are read."""
    asked, rows_asked = _asked(), _asked_rows()
    lines = export.lines(each_row(db.engine, asked.scope, rows_asked, asked.now), asked.now)
    name = f"relevo-sla-{rows_asked.what.value}-{asked.now.astimezone(asked.zone):%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(lines, mimetype="text/csv", headers=headers)


def _asked() -> Asked:
    """Read what the address asks for; raises Invalid."""
    member = doors.current_member()
    scope = find_scope(db.session(), member.id, read_filters())
    days = read_id("range") or _USUAL_DAYS
    if days not in RANGES:
        raise Invalid("filter_unknown")
    return Asked(days, scope, _zone(member.time_zone), clock.now())


def _asked_rows() -> AskedRows:
    try:
        what = What(request.args.get("what") or What.DUE.value)
        is_first = _REPLIES[request.args.get("reply", "")]
    except (ValueError, KeyError) as error:
        raise Invalid("filter_unknown") from error
    assignee = NOBODY if request.args.get("assignee") == NOBODY else read_id("assignee")
    return AskedRows(what, _window(what), assignee, is_first, _quarters(_window(what)))


def _quarters(window: Window) -> tuple[int, ...] | None:
    """Return the quarters of the hour of the week that the address names, by the member's clock; None for none."""
    day, hour = read_id("day"), read_id("hour")
    if day is None and hour is None:
        return None
    if day is None or hour is None or day > 6 or hour > 23:
        raise Invalid("filter_unknown")
    return tuple(quarters_of(WeekHour(day, hour), window, _zone(doors.current_member().time_zone)))


def _window(what: What) -> Window:
    """Return the window of the range, or the one that the address names; nothing to come is over yet."""
    asked = _asked()
    found = last_days(asked.days, asked.now, asked.zone)
    if request.args.get("from") or request.args.get("until"):
        found = Window(_moment("from"), _moment("until"))
        if found.until_at - found.from_at > LONGEST_WINDOW or found.from_at < EARLIEST:
            raise Invalid("filter_unknown")
    if what is What.COMING:
        return found
    return Window(found.from_at, min(found.until_at, asked.now))


def _moment(name: str) -> datetime:
    try:
        at = datetime.fromisoformat(request.args.get(name, ""))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("filter_unknown") from error


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _hour_chosen(rows_asked: AskedRows) -> list[str]:
    if rows_asked.quarters is None:
        return []
    return [f"{words.weekday_words()[read_id('day') or 0]} {read_id('hour') or 0:02}:00"]


def _chosen(filters: Filters, scope: Scope) -> list[str]:
    """Name what the rows are narrowed to."""
    channels = [channel.name for channel in scope.choices if channel.id == filters.channel]
    teams = [team.name for team in list_teams(db.session(), doors.current_member()) if team.id == filters.team]
    return [*channels, *teams]
