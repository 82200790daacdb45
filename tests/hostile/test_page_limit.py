"""SQLite's own full disk: its file may not grow, so it refuses whatever needs a page, and other writes go through.

Pages of 512 bytes: nearly each row that is written needs a new one, so the limit is met at nearly each statement.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from inbox import disk
from inbox.conversations.models import Conversation, Message, Note
from inbox.database import db, set_read_only
from inbox.disk import is_full
from inbox.doctor import examine
from inbox.outbox.models import Delivery
from inbox.platforms.outgoing import Outgoing, Sent
from tests.access.calls import digests
from tests.factories.basics import make_member
from tests.factories.fake_platform import FakePlatform
from tests.factories.members import sign_in_as
from tests.factories.replies import make_scene
from tests.fixtures.app import MovingClock, empty_tables, open_app
from tests.fixtures.replies import Bench
from tests.hostile.full_disk import limited
from tests.hostile.work import PACE, Click, Intake, Reply, Work

MOST_PAGES = 120
LONG = "We open at nine. " * 16  # more than half a page, so that two never share one


@pytest.fixture(scope="module")
def small_app(fast_folder: Path) -> Iterator[Flask]:
    """An application whose SQLite file has the smallest pages."""
    folder = fast_folder / "small"
    folder.mkdir()
    raw = sqlite3.connect(folder / "test.sqlite")
    raw.execute("PRAGMA page_size=512")
    raw.execute("VACUUM")
    raw.close()
    with open_app(f"sqlite:///{folder / 'test.sqlite'}", folder) as app:
        yield app


@pytest.fixture
def app(small_app: Flask) -> Iterator[Flask]:
    """The same with empty tables, in the stead of the one that all other tests share."""
    set_read_only(False)
    yield small_app
    set_read_only(False)
    disk.note_of(small_app.config["RELEVO"]).unlink()
    with small_app.app_context():
        empty_tables()


Fill = Callable[[], object]
Begin = Callable[[Fill], None]


def at_once(fill: Fill) -> None:
    """Let the disk be full before anything is done."""
    fill()


def drive(
    session: Session, make: Callable[[], Work], *, may_change: bool = False, begin: Begin = at_once
) -> Counter[str]:
    """Leave room for ever more pages until all is written; counts what SQLite refused, by its first words.

    `begin` says when the disk fills up.
    """
    refused: Counter[str] = Counter()
    for spare in range(MOST_PAGES):
        work = make()
        before = digests(session)
        met: list[str] = []
        with ExitStack() as stack:
            begin(partial(stack.enter_context, limited(db.engine, spare, met)))
            is_refused = act(work)
            session.rollback()
            assert not is_refused or may_change or digests(session) == before, f"half written at {spare} pages"
        work.again()
        work.check()
        if not met:
            return refused
        refused.update(" ".join(one.split()[:3]) for one in met)
    raise AssertionError("it does not end")


def act(work: Work) -> bool:
    """Do it; tells whether it was refused, in words or by an error."""
    try:
        return work.act()
    except OperationalError as error:
        assert is_full(error), error  # noqa: PT017
        return True


def test_a_page_is_taken_in_whole_or_not_at_all(session: Session, app: Flask, moving_clock: MovingClock) -> None:
    refused = drive(session, lambda: Intake(session, moving_clock))
    assert {f"INSERT INTO {table}" for table in ("message", "raw_payload", "activity")} <= refused.keys()


@dataclass
class WholeReply(Reply):
    """Send is pressed, the hold passes, the reply is claimed, sent and settled."""

    bench: Bench
    text = LONG.strip()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.bench.platform.has_own_ids, self.bench.platform.looks = True, "sure"
        self.sends_before = self.bench.platform.sends

    def act(self) -> bool:
        is_refused = super().act()
        self.leave()
        return is_refused

    def again(self) -> None:
        super().again()  # the same key: pressed again, it is the same reply
        delivery = self.session.scalars(select(Delivery).where(Delivery.conversation_id == self.number)).one()
        for _ in range(3):
            if self.bench.state(delivery) == "sent":
                return
            self.leave()
            self.bench.clock.move(PACE.send_lease_seconds + 1)
            self.bench.sweep()
            self.bench.look_until_decided(delivery)

    def leave(self) -> None:
        """Let the hold pass and a worker send."""
        self.bench.clock.move(PACE.hold_seconds + 1)
        self.bench.send()

    def check(self) -> None:
        self.session.rollback()
        ours = Message.conversation_id == self.number, Message.direction == "outbound"
        states = select(Delivery.state).where(Delivery.conversation_id == self.number)
        assert self.session.scalars(states).all() == ["sent"]
        assert self.session.scalars(select(Message.text).where(*ours)).all() == [self.text]
        assert self.bench.platform.sends == self.sends_before + 1, "said twice, or not at all"
        assert self.session.scalar(select(Conversation.waiting_since).where(Conversation.id == self.number)) is None
        self.session.rollback()


@pytest.mark.usefixtures("connected", "as_in_production")
@pytest.mark.parametrize("moment", ["pressed", "accepted"])
def test_a_reply_leaves_once_whenever_the_disk_fills_up(app: Flask, bench: Bench, moment: str) -> None:
    def once_accepted(fill: Fill) -> None:
        """Let the disk fill up between the platform's yes and its writing down."""

        def accept(platform: FakePlatform, outgoing: Outgoing) -> Sent:
            fill()
            return platform.accept(outgoing)

        bench.platform.steps = [accept]

    session = bench.session
    begin = at_once if moment == "pressed" else once_accepted
    refused = drive(session, lambda: WholeReply(app, session, make_scene(session), bench), may_change=True, begin=begin)
    wanted = {"pressed": ("INSERT INTO delivery", "UPDATE delivery SET"), "accepted": ("UPDATE message SET",)}
    assert refused.keys() >= {*wanted[moment]}


class LongNote(Click):
    """A note that needs pages of its own, and is written first."""

    text = (LONG * 4).strip()

    def act(self) -> bool:
        return self.told(self.post("note", text=self.text))

    def again(self) -> None:
        if not self._count():
            assert self.post("note", text=self.text).status_code == 303

    def check(self) -> None:
        assert self._count() == 1

    def _count(self) -> int:
        self.session.rollback()
        found = self.session.scalar(select(func.count()).where(Note.conversation_id == self.number))
        self.session.rollback()
        return found or 0


@pytest.mark.parametrize("kind", [Reply, LongNote])
@pytest.mark.usefixtures("connected", "as_in_production")
def test_a_form_is_refused_in_words_and_nothing_is_changed(
    app: Flask, session: Session, kind: type[Reply] | type[LongNote]
) -> None:
    refused = drive(session, lambda: kind(app, session, make_scene(session)))
    assert refused


def test_what_a_worker_finds_no_room_for_is_said_on_every_page_until_there_is(
    app: Flask, session: Session, moving_clock: MovingClock
) -> None:
    browser = sign_in_as(app, session, make_member(session))  # of no team, and no admin

    def said() -> list[bool]:
        findings = examine(session, app.config["RELEVO"])
        session.rollback()
        return [
            "The disk is full." in browser.get("/queue").text,
            "The disk is full." in browser.get("/banners").text,
            browser.get("/healthz").get_json()["disk"] == "full",
            any("no room on its disk" in finding for finding in findings),
        ]

    work = Intake(session, moving_clock)
    assert said() == [False] * 4
    with limited(db.engine, 0, []):
        assert act(work)
        assert said() == [True] * 4
        moving_clock.move(PACE.stream_lease_seconds + 60)  # it has been tried again, in vain
        with suppress(OperationalError):
            work.again()
        moving_clock.move(PACE.poll_longest_seconds)
        assert said() == [True] * 4
    work.again()
    work.check()
    moving_clock.move(PACE.poll_longest_seconds)
    assert said() == [False] * 4
