"""Five thousand conversations with known truth: every number of the SLA page, the rows behind it, and the file."""

import csv
from io import StringIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from inbox.sla.models import Timer
from tests.factories.members import sign_in_as
from tests.fixtures.app import MovingClock
from tests.reports.known.expected import Expected
from tests.reports.known.reading import PageRead, query_of
from tests.reports.known.run import count_all, live_through
from tests.reports.known.saying import Saying
from tests.reports.known.stories import COUNT
from tests.reports.known.waits import Wait
from tests.reports.known.world import NOW

RANGES = (1, 7, 28, 90, 365)
# These lists of rows are compared cell by cell; of the others it is compared who stands in them.
WHOLE = ("what=all&range=365", "what=waiting", "what=overdue_now", "what=paused", "what=within_day&range=90")
pytestmark = pytest.mark.timeout(480)


def test_every_number(app: Flask, session: Session, moving_clock: MovingClock) -> None:
    world, waits = live_through(session, moving_clock)
    check_it_is_a_world(waits)
    check_timers(session, waits)
    lucia, diego = (sign_in_as(app, session, member) for member in (world.lucia, world.diego))
    hers = Expected(world, world.lucia, waits, Saying("en"))
    his = Expected(world, world.diego, waits, Saying("es"))
    # first with days that changed since they were counted, then with all of them counted and added up
    check_pages(lucia, hers, RANGES)
    check_pages(diego, his, (7, 365))
    count_all(session, NOW)
    session.commit()
    check_pages(lucia, hers.speaking("es"), RANGES)
    check_pages(diego, his.speaking("en"), RANGES)
    check_links(lucia, hers)
    check_files(lucia, hers)
    check_files(diego, his)
    check_rows_pages(lucia, hers)


def check_it_is_a_world(waits: list[Wait]) -> None:
    """Make sure that nothing is missing of what should be told apart."""
    assert len({wait.conversation_id for wait in waits}) == COUNT
    assert len(waits) > COUNT
    for kind in ("in_time", "late", "overdue", "excused", "withdrawn", "late_arrival", "imported"):
        assert sum(wait.became == kind for wait in waits) > 100, kind
    for said in ("paused", "waiting"):
        assert sum(wait.said == said for wait in waits) > 20, said
    assert {wait.promise and wait.promise.version.name for wait in waits} == {
        "Urgent 2 h",
        "+VIP 4 h",
        "Ventas 8 h",
        "Standard 24 h",
        "Standard 12 h",
        None,
    }
    assert sum(bool(wait.pauses) for wait in waits) > 300
    assert sum(wait.gone_at is not None for wait in waits) > 100
    assert sum(learnt_late(wait) for wait in waits) > 40


def learnt_late(wait: Wait) -> bool:
    """Tell whether a deadline seemed missed until an answer was learnt of that had been in time."""
    end, due_at = wait.end, wait.due_at
    return end is not None and due_at is not None and end.at <= due_at < end.known_at


def check_timers(session: Session, waits: list[Wait]) -> None:
    """Compare what each timer says with what is known."""
    rows = {timer.id: timer for timer in session.query(Timer)}
    assert len(rows) == len(waits)
    for wait in waits:
        timer = rows[wait.timer_id]
        ended_at = wait.end.at if wait.end is not None else None
        assert (timer.due_at, timer.ended_at, timer.is_paused) == (wait.due_at, ended_at, wait.is_paused), wait
        assert timer.response_seconds == (wait.took if wait.took is None else pytest.approx(wait.took, abs=1e-6))


def check_pages(browser: FlaskClient, known: Expected, ranges: tuple[int, ...]) -> None:
    """Compare every number of the page."""
    for days in ranges:
        page = PageRead(browser.get(f"/sla?range={days}", headers={"Accept-Language": known.say.language}).text)
        check_page(page, known, days)


def check_page(page: PageRead, known: Expected, days: int) -> None:
    due = known.due(known.range(days))
    said = [sum(wait.became == kind for wait in due) for kind in ("in_time", "late", "overdue")]
    assert page.sentence == known.say.sentence(days, sum(said), *said)
    tiles, wanted = page.tiles, known.tiles(due)
    assert tiles[:3] == wanted[:3]
    assert tiles[3][:1] == wanted[3]
    assert page.meanings == known.meanings(due)
    assert page.table("channels") == known.channels(due)
    for name, table in known.groups(due).items():
        assert page.table(name) == table, name
    weeks = known.weeks()
    assert [row[1:] for row in page.table("weeks")] == weeks
    assert page.week_bars == [row[-1].removesuffix(" %") for row in weeks]
    assert page.table("heat") == known.heat(due)
    assert page.table("hours") == known.hours()
    assert page.table("carriers") == known.carriers()
    for address, number in page.links.items():
        assert number == known.say.number(len(known.behind(query_of(address), known.range(days)))), address


def check_links(browser: FlaskClient, known: Expected) -> None:
    """Compare who stands behind every number of a page."""
    page = PageRead(browser.get("/sla?range=28").text)
    assert len(page.links) > 100
    for address in page.links:
        behind = known.behind(query_of(address), known.range(28))
        rows = read_file(browser, address.partition("?")[2])
        assert [row["timer"] for row in rows] == [str(wait.timer_id) for wait in behind], address


def check_files(browser: FlaskClient, known: Expected) -> None:
    """Compare some lists row by row and cell by cell."""
    for query in WHOLE:
        asked = query_of(f"?{query}")
        behind = known.behind(asked, known.range(int(asked.get("range", 7))))
        assert read_file(browser, query) == [known.row(wait) for wait in behind]
    assert read_file(browser, "what=all&range=28", "es") == read_file(browser, "what=all&range=28")


def read_file(browser: FlaskClient, query: str, language: str = "en") -> list[dict[str, str]]:
    answer = browser.get(f"/sla/rows.csv?{query}", headers={"Accept-Language": language})
    assert answer.status_code == 200, query
    return list(csv.DictReader(StringIO(answer.get_data().decode("utf-8-sig"), newline="")))


def check_rows_pages(browser: FlaskClient, known: Expected) -> None:
    """Walk through a list of rows page by page, and find everybody once, in order."""
    behind = known.behind({"what": "late"}, known.range(90))
    found, path = [], "/sla/rows?what=late&range=90"
    while path:
        html = browser.get(path).text
        found += PageRead.conversations(html)
        path = PageRead.next_rows(html)
    assert len(behind) > 100
    assert found == [wait.conversation_id for wait in behind]
