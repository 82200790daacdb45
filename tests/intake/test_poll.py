"""One stream read to its end: pages, cursors, leases, and what may go wrong on the way (RULES C6, E1, E3)."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels import streams
from inbox.channels.models import Channel, ChannelState, ChannelStream
from inbox.conversations.models import Message
from inbox.database import db
from inbox.intake import landing, poll
from inbox.intake.models import Quarantined
from inbox.intake.poll import Reader, read_stream
from inbox.intake.store import Fresh
from inbox.platforms.contract import Connection, Malformed, Unavailable
from inbox.platforms.items import Cursor, Page, Skew
from inbox.settings import Pace
from tests.factories.basics import make_channel
from tests.factories.items import make_stream, message, page, us
from tests.fixtures.app import MovingClock

PACE = Pace()
Step = Page | Exception | Callable[[], Page]


@dataclass
class Platform:
    """The edge: gives pages as scripted, and notes the cursors that it was asked with."""

    steps: list[Step] = field(default_factory=list)
    asked: list[tuple[str, Cursor | None]] = field(default_factory=list)

    def fetch(self, stream: str, cursor: Cursor | None, *, is_deep: bool = False) -> Page:
        self.asked.append((stream, cursor))
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step if isinstance(step, Page) else step()


@dataclass
class Desk:
    """A channel with a stream, and a reader of it."""

    session: Session
    reader: Reader
    platform: Platform
    channel_id: int
    stream_id: int

    def read(self) -> int:
        """Claim the stream and read it, as a worker does."""
        with self.reader.make_session() as session, session.begin():
            (claim,) = streams.claim_due(session, PACE, 1)
        return read_stream(self.reader, claim)

    @property
    def stream(self) -> ChannelStream:
        self.session.rollback()
        return self.session.get_one(ChannelStream, self.stream_id)

    def count(self, model: Any = Message) -> int:
        self.session.rollback()
        found = self.session.scalar(select(func.count()).select_from(model)) or 0
        self.session.rollback()
        return found


@pytest.fixture
def desk(app: Flask, session: Session, moving_clock: MovingClock) -> Desk:
    platform = Platform()
    engine = db.engine
    reader = Reader(lambda: Session(engine), lambda _channel: cast(Connection, platform), PACE)
    channel = make_channel(session, import_done_at=clock.now())
    stream = make_stream(session, channel, due_at=clock.now())
    ids = channel.id, stream.id
    session.commit()
    return Desk(session, reader, platform, *ids)


def part(*names: str, mark: int, is_complete: bool = False) -> Page:
    return page(
        *(message(name, by=f"fan-{name}") for name in names), cursor_after={"mark": mark}, is_complete=is_complete
    )


def test_e1_the_cursor_is_committed_with_the_messages_page_by_page(desk: Desk) -> None:
    desk.platform.steps = [part("a", "b", mark=1), Unavailable("502")]
    desk.read()
    assert (desk.stream.cursor, desk.stream.is_walking, desk.count()) == ({"mark": 1}, True, 2)
    desk.session.rollback()
    cast(MovingClock, clock._source).move(60)
    desk.platform.steps = [part("b", "c", mark=2, is_complete=True)]
    assert desk.read() == 1
    assert desk.platform.asked[-1] == ("mentions", {"mark": 1})
    assert (desk.stream.cursor, desk.stream.lease_token, desk.count()) == ({"mark": 2}, None, 3)
    assert desk.stream.complete_started_at is not None


def test_e4_an_empty_answer_where_there_was_something_asks_whose_account_it_is(desk: Desk) -> None:
    """A dead account may answer 200 with an empty list; asked once a minute at most."""

    def verify_due_at(*, verified_seconds_ago: float) -> datetime | None:
        with desk.reader.make_session() as session, session.begin():
            channel = session.get_one(Channel, desk.channel_id)
            channel.last_verified_at = clock.now() - timedelta(seconds=verified_seconds_ago)
            channel.verify_due_at = None
        desk.platform.steps = [part(mark=2, is_complete=True)]
        desk.read()
        found = desk.session.get_one(Channel, desk.channel_id, populate_existing=True).verify_due_at
        desk.session.rollback()
        cast(MovingClock, clock._source).move(600)
        return found

    assert verify_due_at(verified_seconds_ago=3600) is None  # nothing was ever there: empty is no surprise
    desk.platform.steps = [part("a", mark=1, is_complete=True)]
    desk.read()
    cast(MovingClock, clock._source).move(600)
    asked_at = clock.now()
    assert verify_due_at(verified_seconds_ago=PACE.poll_idle_seconds + 1) == asked_at
    assert verify_due_at(verified_seconds_ago=PACE.poll_idle_seconds - 1) is None


def test_e1_a_reader_that_lost_its_lease_writes_nothing(desk: Desk) -> None:
    def late() -> Page:
        cast(MovingClock, clock._source).move(PACE.stream_lease_seconds + 1)
        with desk.reader.make_session() as session, session.begin():
            assert len(streams.claim_due(session, PACE, 1)) == 1
        return part("a", mark=1, is_complete=True)

    desk.platform.steps = [late]
    assert desk.read() == 0
    assert (desk.stream.cursor, desk.count()) == (None, 0)


def test_e3_an_unreadable_page_leaves_the_cursor_and_needs_you_after_three_tries(desk: Desk) -> None:
    for tries in (1, 2, 3):
        desk.platform.steps = [Malformed("not JSON", b"<html>")]
        desk.read()
        state = desk.session.get_one(Channel, desk.channel_id).state
        assert state == (ChannelState.NEEDS_YOU if tries == 3 else ChannelState.ACTIVE)
        desk.session.rollback()
        cast(MovingClock, clock._source).move(600)
    assert desk.stream.cursor is None
    kept = desk.session.scalars(select(Quarantined)).one()
    assert (kept.reason_code, kept.seen_count, kept.is_private) == ("unreadable_page", 3, True)


def test_e3_a_page_that_repeats_stops_after_three_and_says_so(desk: Desk) -> None:
    desk.platform.steps = [part("a", mark=1)] * 10
    desk.read()
    assert len(desk.platform.asked) == 3
    assert desk.stream.failure_code is not None
    assert desk.count() == 1


def test_e3_an_item_that_can_not_be_written_is_quarantined_and_the_rest_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    land = landing.Landing.land

    def choke(self: landing.Landing, fresh: list[Fresh], *rest: Any) -> landing.Landed:
        if any(one.message.external_id == "bad" for one in fresh):
            raise ValueError("a bug of ours")
        return land(self, fresh, *rest)

    monkeypatch.setattr(landing.Landing, "land", choke)
    desk.platform.steps = [part("a", "bad", "b", mark=1, is_complete=True)]
    assert desk.read() == 2
    assert (desk.stream.cursor, desk.count()) == ({"mark": 1}, 2)
    kept = desk.session.scalars(select(Quarantined)).one()
    assert (kept.reason_code, kept.reason_detail, kept.is_private) == ("item_not_received", "ValueError", False)


def test_e3_a_database_that_is_away_quarantines_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(landing.Landing, "land", away)
    desk.platform.steps = [part("a", mark=1, is_complete=True)]
    with pytest.raises(Exception, match="gone"):
        desk.read()
    assert (desk.stream.cursor, desk.count(), desk.count(Quarantined)) == (None, 0, 0)


def test_c1_the_skew_of_the_platforms_clock_is_kept_for_showing(desk: Desk) -> None:
    desk.platform.steps = [replace(part("a", mark=1, is_complete=True), skew=Skew(300.0, 300.9))]
    desk.read()
    assert desk.session.get_one(Channel, desk.channel_id).skew_seconds == 300.0


@pytest.mark.parametrize(
    ("told", "left"),
    [
        (Skew(593.0, 601.0), 6),  # an answer that took seconds says little, and contradicts nothing
        (Skew(590.0, 595.0), 0),
        (Skew(604.0, 609.0), 10),
        (Skew(-3.0, 2.0), 0),  # the platform's clock was set right: what is told lies ahead of us
        (None, 6),
    ],
)
def test_c1_a_slow_answer_makes_a_known_skew_no_less_exact(desk: Desk, told: Skew | None, left: int) -> None:
    """Found by chaos: the clocks of a page that came slowly began those seconds too late."""
    six_seconds_before = clock.now() + timedelta(seconds=54)
    wrote_at = six_seconds_before + timedelta(seconds=600)
    quick = replace(part("a", mark=1, is_complete=True), skew=Skew(600.0, 600.0))
    slow = page(message("b", by="fan-b", authored_at=wrote_at), cursor_after={"mark": 2}, skew=told)
    desk.platform.steps = [quick, slow]
    desk.read()
    desk.session.rollback()
    cast(MovingClock, clock._source).move(60)
    desk.read()
    began_at = desk.session.scalars(select(Message.clock_at).where(Message.external_id == "b")).one()
    assert clock.now() - began_at == timedelta(seconds=left)


def test_c6_own_posts_are_read_before_inbound_streams_and_the_import_then_ends(desk: Desk) -> None:
    session = desk.session
    channel = session.get_one(Channel, desk.channel_id)
    now = clock.now()
    channel.import_done_at, channel.import_since_at = None, now - timedelta(hours=24)
    own = us(channel)
    inbound = session.get_one(ChannelStream, desk.stream_id)
    inbound.due_at = None
    make_stream(session, channel, "own_posts", due_at=now)
    session.commit()
    asked = message("q", authored_at=now - timedelta(hours=3))
    reply = message("r", by=own, parent_id="q", authored_at=now - timedelta(hours=2))
    waits = message("w", by="omar", authored_at=now - timedelta(hours=5))
    late = message("l", by="ines", authored_at=now - timedelta(hours=30))
    desk.platform.steps = [page(reply), page(asked, waits, late)]
    desk.read()
    assert session.get_one(Channel, desk.channel_id).import_done_at is None
    session.rollback()
    desk.read()
    assert [name for name, _ in desk.platform.asked] == ["own_posts", "mentions"]
    channel = session.get_one(Channel, desk.channel_id)
    assert (channel.import_done_at, channel.import_waiting_count, channel.import_late_count) == (now, 1, 1)


def test_the_walk_goes_on_later_when_it_is_long(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll, "PAGES_AT_ONCE", 2)
    desk.platform.steps = [part("m0", mark=0), part("m1", mark=1), part("m2", mark=2, is_complete=True)]
    assert desk.read() == 2
    assert desk.stream.lease_token is None
    desk.session.rollback()
    assert desk.read() == 1
    assert desk.platform.asked[-1][1] == {"mark": 1}
