"""What the SLA page costs: as many statements for many timers as for few, and none that reads them from end to end."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from inbox.reports.cohort import Counted
from inbox.reports.spans import last_days
from tests.factories.basics import make_channel
from tests.factories.members import sign_in_as
from tests.factories.timers import make_bare_conversation, make_timer
from tests.fixtures.app import MovingClock
from tests.fixtures.plans import find_whole_reads
from tests.reports.known.run import count_all
from tests.reports.truth import make_truth

# who asks, its notices and banners, teams and channels · marks, days, months · who waits, names, hours, desk, overdue
# · the weeks' days and up to thirteen short ends of them · of the range: months, runs of days, two ends
MOST = 5 + 3 + 3 + 7 + 1 + 14 + 5


@pytest.fixture
def sent(session: Session) -> Iterator[list[str]]:
    """The SELECTs sent to the database."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(("SELECT", "WITH")):
            seen.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_a_page_reads_no_timers_from_end_to_end(
    app: Flask, session: Session, moving_clock: MovingClock, sent: list[str], asked: dict[str, Any]
) -> None:
    truth = make_truth(session, moving_clock.at, count=120)
    browser = sign_in_as(app, session, truth.lead)
    counts = {}
    for days in (7, 365):
        count_all(session, moving_clock.at)
        session.commit()
        browser.get(f"/sla?range={days}")  # what is learnt once a process
        sent.clear()
        browser.get(f"/sla?range={days}")
        counts[days] = len(sent)
        assert len(sent) <= MOST, "\n".join(sent)
    for number in range(150):
        conversation = make_bare_conversation(session, truth.channels[number % 2])
        took = {"took_seconds": 60.0 * number} if number % 3 else {}
        make_timer(session, conversation, moving_clock.at - timedelta(hours=50 * number), **took)
    count_all(session, moving_clock.at)
    session.execute(text("ANALYZE"))
    session.commit()
    asked.clear()
    for days, count in counts.items():
        sent.clear()
        for path in (f"/sla?range={days}", f"/sla/rows?what=due&range={days}", "/sla/rows?what=overdue_now"):
            assert browser.get(path).status_code == 200
            if path.startswith("/sla?"):
                assert len(sent) == count
    of_timers = {statement: values for statement, values in asked.items() if "timer" in statement}
    assert len(of_timers) > 5
    assert find_whole_reads(session, of_timers) == {}


@pytest.mark.parametrize("zone", ["UTC", "Europe/Madrid", "America/Los_Angeles"])
def test_a_year_is_a_dozen_months_and_little_else(session: Session, moving_clock: MovingClock, zone: str) -> None:
    now = moving_clock.at
    make_timer(session, make_bare_conversation(session, make_channel(session)), now - timedelta(days=420))
    count_all(session, now)
    window = last_days(365, now, ZoneInfo(zone))
    parts = Counted(session, [window]).split(window)
    assert len(parts.months) == 11
    assert sum(last - first + 1 for first, last in parts.runs) <= 31
    assert sum((rest.length for rest in parts.rest), timedelta()) < timedelta(days=2)
