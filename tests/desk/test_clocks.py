"""What a conversation's page tells of its clock: how it stands, how earlier waits ended, what moved it."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.channels.models import Channel
from inbox.conversations.finish import excuse
from inbox.conversations.models import Conversation
from inbox.conversations.rows import Entry, LineView
from inbox.conversations.settle import answer
from inbox.conversations.snooze import snooze
from inbox.conversations.threads import lock_conversation
from inbox.desk.clock_words import Wait, ended_words, length_words, mark_words
from inbox.desk.clocks import MOST_EARLIER
from inbox.desk.entries import show_entries
from inbox.desk.lines import line_sentence
from inbox.members.models import Member
from tests.factories.basics import make_channel, make_contact, make_responder
from tests.factories.conversations import answer_there, conversation_of, make_thread, say, write_ours
from tests.factories.members import sign_in_as
from tests.factories.sla import make_policy
from tests.fixtures.app import START, MovingClock

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WAIT = Wait(
    number=1,
    started_at=START,
    due_at=START + DAY,
    is_paused=False,
    pauses=(),
    is_late_arrival=False,
    is_imported=False,
    unchecked_since_at=None,
    ended_at=START + HOUR,
    outcome="met",
    response_seconds=3600,
    policy_name="Standard 24 h",
    target_seconds=86400,
    answered_by=None,
)


@pytest.fixture
def words(app: Flask) -> Any:
    with app.test_request_context("/"):
        yield


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "less than a minute"),
        (59.9, "less than a minute"),
        (60, "1 min"),
        (3 * 3600 + 12 * 60, "3 h 12 min"),
        (5 * 3600, "5 h"),
        (47.9 * 3600, "47 h 54 min"),
        (48 * 3600, "2 d"),
        (52 * 3600, "2 d 4 h"),
    ],
)
def test_lengths(words: None, seconds: float, said: str) -> None:
    assert length_words(seconds) == said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "1 h, in time"),
        ({"due_at": None}, "1 h"),
        ({"ended_at": START + DAY}, "1 h, in time"),
        ({"ended_at": START + DAY + timedelta(minutes=20)}, "late by 20 min"),
        ({"outcome": "excused"}, "no answer needed"),
        ({"outcome": "excused", "ended_at": START + 2 * DAY}, "no answer needed, said after the deadline"),
        ({"outcome": "withdrawn"}, "taken back by its author"),
    ],
)
def test_how_a_wait_ended(words: None, given: dict[str, Any], said: str) -> None:
    assert ended_words(WAIT._replace(**given)) == said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, []),
        ({"is_late_arrival": True}, ["reached us late"]),
        ({"is_imported": True}, ["from before this channel was connected"]),
        ({"pauses": [["a", "b"]]}, ["was paused meanwhile"]),
        ({"pauses": [["a", None]], "is_paused": True}, []),
    ],
)
def test_what_else_is_to_be_known(words: None, given: dict[str, Any], said: list[str]) -> None:
    assert mark_words(WAIT._replace(**given)) == said


def line(kind: str, before: dict[str, Any] | None = None, *, number: int = 1, **after: Any) -> LineView:
    return LineView(number, START, kind, None, None, None, before or {}, after, {})


DUE = "2026-11-21T18:31:00+00:00"
SAID_DUE = "11/21/26, 6:31\u202fPM"


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (line(kinds.TIMER_MOVED, started_at=DUE, due_at=DUE), f"The clock now counts from {SAID_DUE}; due {SAID_DUE}"),
        (line(kinds.TIMER_MOVED, started_at=DUE, due_at=None), f"The clock now counts from {SAID_DUE}"),
        (line(kinds.TIMER_PAUSED, due_at=None), "The clock was paused"),
        (line(kinds.TIMER_RESUMED, due_at=DUE), f"The clock goes on; due {SAID_DUE}"),
        (line(kinds.TIMER_POLICY, policy="VIP 2 h", due_at=DUE), f"The promise is “VIP 2 h” now; due {SAID_DUE}"),
        (line(kinds.TIMER_POLICY, policy=None, due_at=None), "No promise fits any more: nothing is due"),
        (line(kinds.TIMER_WARNED, due_at=DUE), f"A warning was given: due {SAID_DUE}"),
        (line(kinds.TIMER_BREACHED, due_at=DUE), f"The deadline passed: due {SAID_DUE}"),
        (
            line(kinds.TIMER_REOPENED, {"outcome": "met"}, due_at=DUE),
            f"The answer no longer stands: the clock goes on as before; due {SAID_DUE}",
        ),
        (
            line(kinds.TIMER_REOPENED, {"outcome": "excused"}, due_at=DUE),
            f"This waits for an answer again: the clock goes on as before; due {SAID_DUE}",
        ),
        (
            line(kinds.BREACH_WITHDRAWN, {"breached_at": DUE}, due_at=DUE),
            "Not overdue after all: the answer came in time",
        ),
        (
            line(kinds.BREACH_WITHDRAWN, {"breached_at": "2026-11-20T00:00:00+00:00"}, due_at=DUE),
            f"No longer overdue: due {SAID_DUE}",
        ),
        (
            line(kinds.BREACH_WITHDRAWN, {"breached_at": DUE}, due_at=None),
            "No longer overdue: nothing is due now",
        ),
    ],
)
def test_lines_about_the_clock(words: None, shown: LineView, said: str) -> None:
    assert line_sentence(shown) == said


def test_every_kind_has_its_words(words: None) -> None:
    assert all(line_sentence(line(kind, due_at=DUE, started_at=DUE)) for kind in kinds.OF_TIMERS)


def test_several_in_a_row_are_one_line_that_says_how_it_stands(words: None) -> None:
    moved: list[Entry] = [
        line(kinds.TIMER_MOVED, number=number, started_at=f"2026-11-{number}T10:00:00+00:00", due_at=None)
        for number in (11, 12, 13)
    ]
    shown = show_entries([*moved, line(kinds.TIMER_PAUSED, number=14), *moved[:1]])
    assert [(one.dom_id, one.sentence) for one in shown] == [
        ("a11", "The clock now counts from 11/13/26, 10:00\u202fAM (3 times)"),
        ("a14", "The clock was paused"),
        ("a11", "The clock now counts from 11/11/26, 10:00\u202fAM"),
    ]


@pytest.fixture
def channel(session: Session, moving_clock: MovingClock) -> Channel:
    make_policy(session)
    return make_channel(session)


@pytest.fixture
def eva(session: Session, channel: Channel) -> Member:
    return make_responder(session, channel)


@pytest.fixture
def desk(app: Flask, session: Session, eva: Member) -> FlaskClient:
    return sign_in_as(app, session, eva)


def waiting(session: Session, channel: Channel, hours: float) -> Conversation:
    return conversation_of(
        session, say(session, make_thread(session, channel), make_contact(session), at=START - hours * HOUR)
    )


def clock_of(desk: FlaskClient, number: int) -> str:
    """Return what the page says of its clock, in words."""
    page = desk.get(f"/c/{number}").text
    part = page.partition('id="side-clock"')[2].partition('id="side-labels"')[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", part.partition(">")[2])).split())


def head_of(desk: FlaskClient, number: int) -> str:
    return desk.get(f"/c/{number}").text.partition('id="thread-head"')[2].partition("</header>")[0]


def test_why_it_runs_and_how_it_stands(session: Session, channel: Channel, desk: FlaskClient) -> None:
    number = waiting(session, channel, 20).id
    told = clock_of(desk, number)
    assert told.startswith(
        "Clock due 11/20/26, 4:00 PM First reply Standard 24 h , since 11/19/26, 4:00 PM , due 11/20"
    )
    assert 'class="wait due soon"' in head_of(desk, number)
    assert 'stroke-dasharray="17 100"' in desk.get(f"/c/{number}").text


def test_a_clock_that_is_paused_says_until_when(
    session: Session, channel: Channel, eva: Member, desk: FlaskClient
) -> None:
    make_policy(session, name="Sleeps", is_paused_by_snooze=True).policy.position = 0
    session.flush()
    asleep = waiting(session, channel, 2)
    snooze(session, asleep, eva.id, START + 5 * HOUR)
    assert "paused First reply Sleeps , since" in clock_of(desk, asleep.id)
    assert "It goes on when the conversation wakes." in clock_of(desk, asleep.id)
    head = head_of(desk, asleep.id)
    assert 'class="wait due paused"' in head
    assert 'data-form="until"' in head


def test_without_a_promise_it_only_waits(app: Flask, session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session)
    member = make_responder(session, channel)
    number = waiting(session, channel, 2).id
    desk = sign_in_as(app, session, member)
    assert "No promise fits, so nothing is due. Since 11/20/26" in clock_of(desk, number)
    assert 'data-form="wait"' in head_of(desk, number)


def test_earlier_waits_with_who_answered(
    session: Session, channel: Channel, eva: Member, desk: FlaskClient, moving_clock: MovingClock
) -> None:
    thread, person = make_thread(session, channel), make_contact(session)
    asked = say(session, thread, person)
    moving_clock.move(hours=3, minutes=12)
    answer_there(session, thread, parent_external_id=asked.external_id)
    again = say(session, thread, person, "And in red?")
    moving_clock.move(hours=24, minutes=20)
    ours = write_ours(session, thread, member_id=eva.id)
    answer(session, ours, conversation_of(session, again), again.seq or 0)
    third = say(session, thread, person, "And in green?")
    found = lock_conversation(session, third.conversation_id or 0)
    excuse(session, found, eva.id, seen_seq=found.last_seq)
    told = clock_of(desk, found.id)
    assert "Earlier waits Next reply: no answer needed" in told
    assert f"Next reply: late by 20 min {eva.name} ·" in told
    assert "First reply: 3 h 12 min, in time on the platform ·" in told
    assert "The deadline passed: due" in html.unescape(desk.get(f"/c/{found.id}").text)


def test_only_the_latest_waits_are_told(session: Session, channel: Channel, desk: FlaskClient) -> None:
    thread, person = make_thread(session, channel), make_contact(session)
    for turn in range(MOST_EARLIER + 3):
        at = START - timedelta(minutes=60 - turn)
        asked = say(session, thread, person, at=at)
        answer_there(session, thread, parent_external_id=asked.external_id, at=at + timedelta(seconds=30))
    page = desk.get(f"/c/{asked.conversation_id}").text
    assert page.partition('class="waits"')[2].partition("</ul>")[0].count("<li") == MOST_EARLIER + 1
    assert "and earlier ones" in page


def test_a_promises_name_is_text(session: Session, channel: Channel, desk: FlaskClient) -> None:
    make_policy(session, name="<b>VIP</b> 100 %").policy.position = 0
    session.flush()
    found = waiting(session, channel, 2)
    before, after = {"policy": None}, {"policy": "<i>VIP</i> 100 %", "due_at": None, "started_at": None}
    record(session, kinds.TIMER_POLICY, conversation_id=found.id, channel_id=channel.id, before=before, after=after)
    page = desk.get(f"/c/{found.id}").text
    assert "&lt;b&gt;VIP&lt;/b&gt; 100 %" in page
    assert "“&lt;i&gt;VIP&lt;/i&gt; 100 %”" in page


def test_lists_and_counts_of_the_rail(session: Session, channel: Channel, eva: Member, desk: FlaskClient) -> None:
    late, soon = waiting(session, channel, 30).id, waiting(session, channel, 20).id
    assert clock.now() == datetime(2026, 11, 20, 12, tzinfo=UTC)
    overdue, today = (desk.get(f"/queue?view={view}").text for view in ("overdue", "due_today"))
    assert (f'id="row-{late}"' in overdue, f'id="row-{soon}"' in overdue) == (True, False)
    assert (f'id="row-{late}"' in today, f'id="row-{soon}"' in today) == (False, True)
    assert 'class="n late" data-count="1">1<' in today
    assert 'data-day-ends="2026-11-21T00:00:00+00:00"' in today
    assert 'class="wait due late"' in overdue
