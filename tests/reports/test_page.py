"""Every number of the SLA page, its rows and its file, against timers whose ends are known."""

import csv
import re
from collections import Counter
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox.database import db
from inbox.desk.queues import list_teams
from inbox.reports import days, export, months
from inbox.reports.models import SlaDay
from inbox.reports.page import Asked, Page, Staffed, make_page
from inbox.reports.rows import NOBODY
from inbox.reports.scope import Filters, find_scope
from inbox.reports.spans import RANGES, last_days, last_weeks, next_hours
from inbox.sla.days import day_of, mark
from tests.factories.basics import make_channel, make_grant, make_member, make_responder
from tests.factories.members import sign_in_as
from tests.factories.timers import make_bare_conversation, make_timer
from tests.fixtures.app import MovingClock
from tests.reports.truth import DAY, Known, Truth, kinds_of, make_truth, minutes_at
from workers import upkeep

KINDS = ("in_time", "late", "overdue", "excused", "withdrawn", "late_arrival", "imported")
IN_RATE = KINDS[:3]
MADRID = ZoneInfo("Europe/Madrid")


@pytest.fixture
def truth(session: Session, moving_clock: MovingClock) -> Truth:
    return make_truth(session, moving_clock.at)


@pytest.fixture
def lucia(app: Flask, session: Session, truth: Truth) -> FlaskClient:
    return sign_in_as(app, session, truth.lead)


def read(session: Session, app: Flask, truth: Truth, range_days: int, now: datetime, **given: Any) -> Page:
    with app.test_request_context("/sla"):
        scope = find_scope(session, truth.lead.id, Filters(**given))
        return make_page(session, Asked(range_days, scope, MADRID, now), list_teams(session, truth.lead))


def count_all(session: Session, now: datetime) -> None:
    for day in days.list_uncounted(session, now):
        days.count_day(session, day)
    for month in months.list_unsummed(session):
        months.sum_month(session, month)
    session.commit()


def check(page: Page, truth: Truth, now: datetime) -> None:
    """Compare all of a page with what is known."""
    window = last_days(page.asked.days, now, MADRID)
    due = truth.due(window.from_at, now)
    whole, kinds = page.whole, kinds_of(due)
    assert {kind: whole.counts[kind] for kind in KINDS} == {kind: kinds[kind] for kind in KINDS}
    assert whole.counts["paused"] == sum(one.was_paused for one in due)
    assert (whole.percentile(50), whole.percentile(90)) == (minutes_at(due, 50), minutes_at(due, 90))
    took = [one.took_seconds or 0 for one in due if one.kind in ("in_time", "late")]
    assert whole.within_day == (sum(one <= DAY for one in took) / len(took) if took else None)
    heat: Counter[tuple[int, int]] = Counter()
    for one in due:
        local = one.since_at.astimezone(MADRID)
        heat[local.weekday(), local.hour] += one.kind != "imported"
    assert page.heat == [[heat[day, hour] for hour in range(24)] for day in range(7)]
    for lines, name in ((page.by_channel, "channel"), (page.by_team, "team"), (page.by_priority, "priority")):
        check_lines(lines, due, name)
    for line in page.replies:
        check_tally(line.tally, [one for one in due if (one.number == 1) == (line.args["reply"] == "first")])


def check_lines(lines: Any, due: list[Known], name: str) -> None:
    column = {"channel": "channel_id", "team": "team_id", "priority": "priority"}[name]
    for line in lines:
        check_tally(line.tally, [one for one in due if getattr(one, column) == line.args.get(name)])
    assert sum(line.tally.due for line in lines) == sum(one.kind in ("in_time", "late", "overdue") for one in due)


def check_tally(tally: Any, due: list[Known]) -> None:
    kinds = kinds_of(due)
    assert {kind: tally.counts[kind] for kind in KINDS} == {kind: kinds[kind] for kind in KINDS}
    assert (tally.percentile(50), tally.percentile(90)) == (minutes_at(due, 50), minutes_at(due, 90))


def check_now(page: Page, truth: Truth, now: datetime) -> None:
    """Compare what the page says of those who wait now."""
    is_open = [one for one in truth.seen if one.is_open]
    overdue = sorted(one.due_at for one in is_open if one.due_at and one.due_at < now)
    assert (page.waiting, page.overdue_now) == (len(is_open), len(overdue))
    assert page.unheld == sum(one.assignee_id is None for one in is_open)
    assert page.paused_now == sum(one.is_paused for one in is_open)
    assert [row.due_at for row in page.overdue] == overdue[:10]
    hours = next_hours(24, now, MADRID)
    falling = [
        sum(one.due_at is not None and hour.from_at <= one.due_at < hour.until_at for one in is_open) for hour in hours
    ]
    assert [hour.count for hour in page.hours] == falling
    assert sum(falling) > 0
    assert [one.name for one in page.carriers] == ["Diego", "Lucía", "Nobody"]
    for carrier in page.carriers:
        held = None if carrier.assignee == NOBODY else carrier.assignee
        theirs = [one for one in is_open if one.assignee_id == held]
        due = [one.due_at for one in theirs if one.due_at is not None]
        soon = sum(now <= at < now + timedelta(hours=4) for at in due)
        assert (carrier.waiting, carrier.due_soon) == (len(theirs), soon)
        assert carrier.overdue == sum(at < now for at in due)


def test_every_number_of_the_page(session: Session, app: Flask, truth: Truth, moving_clock: MovingClock) -> None:
    now = moving_clock.at
    for range_days in RANGES:
        check(read(session, app, truth, range_days, now), truth, now)
    count_all(session, now)
    assert session.scalar(select(func.count()).select_from(SlaDay))
    for range_days in RANGES:
        check(read(session, app, truth, range_days, now), truth, now)
    check_now(read(session, app, truth, 7, now), truth, now)


def test_the_weeks_are_those_of_the_zone(session: Session, app: Flask, truth: Truth, moving_clock: MovingClock) -> None:
    count_all(session, moving_clock.at)
    page = read(session, app, truth, 7, moving_clock.at)
    for week, window in zip(page.weeks, last_weeks(12, moving_clock.at, MADRID), strict=True):
        kinds = kinds_of(truth.due(window.from_at, window.until_at))
        assert {kind: week.tally.counts[kind] for kind in IN_RATE} == {kind: kinds[kind] for kind in IN_RATE}
    assert page.weeks[-1].tally.rate == page.whole.rate


def test_filters_narrow_everything(session: Session, app: Flask, truth: Truth, moving_clock: MovingClock) -> None:
    now = moving_clock.at
    window = last_days(90, now, MADRID)
    channel, team = truth.channels[1], truth.teams[0]
    for _ in range(2):
        page = read(session, app, truth, 90, now, channel=channel.id, team=team.id, priority="high")
        due = truth.due(window.from_at, now, channel_id=channel.id, team_id=team.id, priority="high")
        check_tally(page.whole, due)
        assert page.whole.due
        assert not read(session, app, truth, 90, now, channel=truth.channels[2].id).whole.counts.total()
        assert not read(session, app, truth, 90, now, platform="sandbox_feed").whole.counts.total()
        count_all(session, now)


def test_rows_and_file_hold_what_the_numbers_count(lucia: FlaskClient, truth: Truth, moving_clock: MovingClock) -> None:
    now = moving_clock.at
    window = last_days(28, now, MADRID)
    due = truth.due(window.from_at, now)
    is_open = [one for one in truth.seen if one.is_open]
    wanted = {kind: count for kind, count in kinds_of(due).items() if kind in KINDS} | {
        "all": len(due),
        "due": sum(one.kind in ("in_time", "late", "overdue") for one in due),
        "answered": sum(one.kind in ("in_time", "late") for one in due),
        "was_paused": sum(one.was_paused for one in due),
        "waiting": len(is_open),
        "paused": sum(one.is_paused for one in is_open),
        "overdue_now": sum(one.due_at is not None and one.due_at < now for one in is_open),
    }
    for what, count in wanted.items():
        assert len(read_file(lucia, f"what={what}&range=28")) == count, what
        assert walk(lucia, f"/sla/rows?what={what}&range=28") == count, what


def test_squares_and_bars_lead_to_their_rows(lucia: FlaskClient, truth: Truth, moving_clock: MovingClock) -> None:
    due = truth.due(last_days(90, moving_clock.at, MADRID).from_at, moving_clock.at)
    began = [one.since_at.astimezone(MADRID) for one in due if one.kind != "imported"]
    cells = Counter((at.weekday(), at.hour) for at in began)
    page = lucia.get("/sla?range=90").text
    for (day, hour), count in cells.most_common(3):
        query = f"what=began&range=90&day={day}&hour={hour}"
        assert f"/sla/rows?{query.replace('&', '&amp;')}" in page
        assert len(read_file(lucia, query)) == count
        assert walk(lucia, f"/sla/rows?{query}") == count
    empty = next((day, hour) for day in range(7) for hour in range(24) if not cells[day, hour])
    assert read_file(lucia, "what=began&range=90&day={}&hour={}".format(*empty)) == []
    assert len(read_file(lucia, "what=began&range=90")) == len(began)
    for wrong in ("day=7&hour=1", "day=1", "hour=1", "day=1&hour=24", "day=x&hour=1"):
        assert lucia.get(f"/sla/rows?what=began&{wrong}").status_code == 400
    bars = re.findall(r'<a href="([^"]+)" tabindex="-1"><rect class="(?:plain|soon|calm)"', page)
    assert len(bars) > len(cells), "the squares, the weeks and the hours"
    assert all(walk(lucia, bar.replace("&amp;", "&")) for bar in (bars[0], bars[-1]))


def test_the_file_says_of_each_row_what_is_known(lucia: FlaskClient, truth: Truth, moving_clock: MovingClock) -> None:
    window = last_days(90, moving_clock.at, MADRID)
    known = sorted(
        (one.due_at.isoformat(timespec="seconds"), one.kind, str(int(one.took_seconds)) if one.took_seconds else "")
        for one in truth.due(window.from_at, moving_clock.at)
        if one.due_at is not None
    )
    rows = read_file(lucia, "what=all&range=90")
    assert sorted((row["due"], row["became"], row["response_seconds"]) for row in rows) == known
    assert {row["reply"] for row in rows} == {"first", "next"}


def read_file(browser: FlaskClient, query: str) -> list[dict[str, str]]:
    answer = browser.get(f"/sla/rows.csv?{query}")
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    return list(csv.DictReader(StringIO(answer.get_data().decode("utf-8-sig"))))


def walk(browser: FlaskClient, path: str) -> int:
    """Go through all pages of rows and count them."""
    count = 0
    while path:
        page = browser.get(path).text
        count += len(re.findall(r'<td><a href="/c/\d+"', page))
        found = re.search(r'href="(/sla/rows\?[^"]*after=[^"]*)"', page)
        path = found[1].replace("&amp;", "&") if found else ""
    return count


def test_the_sentence_counts_and_leads_to_its_rows(lucia: FlaskClient, truth: Truth, moving_clock: MovingClock) -> None:
    window = last_days(28, moving_clock.at, MADRID)
    kinds = kinds_of(truth.due(window.from_at, moving_clock.at))
    total = kinds["in_time"] + kinds["late"] + kinds["overdue"]
    page = lucia.get("/sla?range=28").text
    said = re.sub(r"<[^>]+>", "", re.search(r'<p class="say">(.*?)</p>', page, re.DOTALL)[1])  # type: ignore[index]
    assert said.startswith(f"Of {total} people whose answer was due in the last 28 days, {kinds['in_time']} got it")
    for what in ("due", "in_time", "late", "overdue"):
        assert f'href="/sla/rows?what={what}&amp;range=28"' in page
    spanish = lucia.get("/sla?range=28", headers={"Accept-Language": "es"}).text
    assert f'De <a href="/sla/rows?what=due&amp;range=28">{total}</a> personas' in spanish


def test_what_changed_is_counted_anew(session: Session, app: Flask, truth: Truth, moving_clock: MovingClock) -> None:
    now = moving_clock.at
    count_all(session, now)
    channel = truth.channels[0]
    before = read(session, app, truth, 28, now).whole
    timer = make_timer(session, make_bare_conversation(session, channel), now - timedelta(days=10))
    session.commit()
    came = read(session, app, truth, 28, now).whole
    assert (came.overdue, came.late) == (before.overdue + 1, before.late)
    count_all(session, now)
    timer.outcome, timer.ended_at, timer.closed_at, timer.response_seconds = "met", now, now, 11 * 86400.0
    session.commit()
    answered = read(session, app, truth, 28, now).whole
    assert (answered.overdue, answered.late) == (before.overdue, before.late + 1)
    timer.due_at = now - timedelta(days=9)
    session.commit()
    session.expire_all()
    timer.due_at = now - timedelta(days=40)  # written over without having been read
    session.commit()
    assert read(session, app, truth, 28, now).whole.counts == before.counts
    count_all(session, now)
    assert read(session, app, truth, 28, now).whole.counts == before.counts
    session.delete(timer)
    session.commit()
    assert days.list_uncounted(session, now) == [
        (now - timedelta(days=40) - datetime(1970, 1, 1, tzinfo=now.tzinfo)).days
    ]


def test_what_nobody_counts_by_marks_nothing(session: Session, truth: Truth, moving_clock: MovingClock) -> None:
    now = moving_clock.at
    timer = make_timer(session, make_bare_conversation(session, truth.channels[0]), now - timedelta(days=10))
    count_all(session, now)
    timer.next_at = timer.warned_at = now
    session.commit()
    assert days.list_marked(session) == frozenset()
    fresh = make_timer(session, make_bare_conversation(session, truth.channels[0]), now)
    fresh.priority = "high"
    session.commit()
    assert days.list_marked(session) == frozenset()


def test_a_desk_plan_stands_beside_the_hours(
    session: Session, app: Flask, truth: Truth, moving_clock: MovingClock
) -> None:
    now = moving_clock.at
    with app.test_request_context("/sla"):
        asked = Asked(7, find_scope(session, truth.lead.id, Filters()), MADRID, now)
        plan = [
            Staffed(now, now + timedelta(hours=2), 3),
            Staffed(now + timedelta(hours=1), now + timedelta(hours=4), 1),
        ]
        page = make_page(session, asked, (), plan)
    assert [hour.staffed for hour in page.hours[:5]] == [3, 4, 1, 1, 0]
    assert page.staff_line.startswith("M0 ")


def test_invented_people_stand_outside_unless_they_are_all(
    session: Session, app: Flask, moving_clock: MovingClock
) -> None:
    played = make_channel(session, is_sandbox=True)
    member = make_responder(session, played)
    make_timer(session, make_bare_conversation(session, played), moving_clock.at - timedelta(hours=1))
    session.commit()
    browser = sign_in_as(app, session, member)
    assert "Of <a" in browser.get("/sla").text
    make_grant(session, member.memberships[0].team, make_channel(session, "bluesky"))
    session.commit()
    assert (
        "Nobody&#39;s answer was due" in browser.get("/sla").text
        or "Nobody's answer was due" in browser.get("/sla").text
    )


def test_who_sees_nothing_is_told_nothing(app: Flask, session: Session, truth: Truth) -> None:
    browser = sign_in_as(app, session, make_member(session, is_admin=True))
    assert "No channel yet" in browser.get("/sla").text
    assert read_file(browser, "what=all&range=365") == []


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx"])
def test_no_cell_is_taken_for_a_formula(value: str) -> None:
    assert export.safe(value) == f"'{value}"


def test_a_name_that_is_a_formula_reaches_the_file_quoted(
    lucia: FlaskClient, session: Session, truth: Truth, moving_clock: MovingClock
) -> None:
    conversation = make_bare_conversation(session, truth.channels[0])
    conversation.contact.display_name = '=HYPERLINK("http://x.example","a,b")'
    timer = make_timer(session, conversation, moving_clock.at - timedelta(hours=1), priority="urgent")
    number = str(timer.id)
    session.commit()
    (row,) = [row for row in read_file(lucia, "what=overdue_now&priority=urgent") if row["timer"] == number]
    assert row["person"] == '\'=HYPERLINK("http://x.example","a,b")'
    assert row["late_seconds"] == "3600"


HOSTILE = (
    "range=8",
    "range=x",
    "range=-7",
    "channel=1e9",
    "channel=%00",
    "team=9999999999999999999999",
    "platform=nowhere",
    "priority=%27%20OR%201=1",
    "what=everything",
    "reply=third",
    "assignee=me",
    "day=1&hour=1&from=0001-01-02&until=2026-11-20",
    "from=1950-01-01&until=1950-02-01",
    "from=2020-01-01&until=2026-11-20",
    "from=yesterday",
    "from=2026-11-20T00:00:00",
    "from=0001-01-01T00:00:00%2B14:00&until=2026-11-20",
    "until=9999-12-31T23:59:59-14:00",
    "after=x",
)


@pytest.mark.parametrize("query", HOSTILE)
def test_what_no_page_offers_is_refused_in_words(app: Flask, session: Session, query: str) -> None:
    browser = sign_in_as(app, session, make_responder(session, make_channel(session)))
    db.session.commit()
    for path in ("/sla/rows", "/sla/rows.csv"):
        answer = browser.get(f"{path}?{query}", headers={"Accept": "application/json"})
        if query != "after=x" or path == "/sla/rows":
            assert answer.status_code == 400, answer.text


def test_parameters_of_others_reach_no_address(lucia: FlaskClient) -> None:
    page = lucia.get("/sla/rows?what=all&range=365&_external=1&_scheme=javascript&_anchor=x&endpoint=y").text
    assert "javascript" not in page
    assert "after=" in page


def test_a_tick_counts_what_is_over_and_then_nothing(
    app: Flask, session: Session, truth: Truth, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.app.flask_app", lambda: app)
    today = day_of(moving_clock.at)
    assert days.list_uncounted(session, moving_clock.at)[0] == today - 1
    session.rollback()
    upkeep.count_days()
    assert days.list_uncounted(session, moving_clock.at) == []
    assert days.list_uncounted(session, moving_clock.move(hours=17, minutes=59)) == []  # its changes may be on the way
    assert days.list_uncounted(session, moving_clock.move(minutes=1)) == [today]


def test_timers_that_come_many_at_a_time_mark_their_days(session: Session, moving_clock: MovingClock) -> None:
    now = moving_clock.at
    mark(
        session, [now, None, now - timedelta(days=3), now - timedelta(days=3, minutes=1), now + timedelta(days=1)], now
    )
    assert days.list_marked(session) == {day_of(now) - 3}
