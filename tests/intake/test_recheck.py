"""Second looks (RULES A6, E2): when, in which batches, and what they may conclude."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel
from inbox.conversations.models import Conversation, Message
from inbox.database import db
from inbox.intake import recheck
from inbox.intake.looks import apply
from inbox.platforms.contract import Connection, PlatformError, RateLimited, Unavailable
from inbox.platforms.items import Edited, IsGone, Look, NotVisible, Present, Unknown
from inbox.settings import Pace
from tests.factories.basics import make_channel, make_responder
from tests.factories.items import message, take_in, us
from tests.factories.members import post, sign_in_as
from tests.fixtures.app import MovingClock

PACE = Pace()
MakeSession = Callable[[], Session]


@dataclass
class Platform:
    """The edge: answers looks as it is told, and notes what it was asked."""

    looks: dict[str, Look] = field(default_factory=dict)
    asked: list[set[str]] = field(default_factory=list)
    failure: PlatformError | None = None

    def recheck(self, refs: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Look]:
        self.asked.append(set(refs))
        if self.failure is not None:
            raise self.failure
        return {name: self.looks.get(name, Present(None)) for name in refs}

    def open(self, _channel: Channel) -> Connection:
        return cast(Connection, self)


@pytest.fixture
def make_session(app: Flask) -> MakeSession:
    with app.app_context():
        engine = db.engine
    return lambda: Session(engine)


def row(session: Session, name: str) -> Message:
    session.rollback()
    return session.scalars(select(Message).where(Message.external_id == name)).one()


def landed(session: Session, *names: str) -> Channel:
    channel = make_channel(session)
    take_in(session, channel, *(message(name, by=f"fan-{name}", version="v1", ref={"at": name}) for name in names))
    session.commit()
    return channel


def test_awaiting_messages_are_looked_at_every_fifteen_minutes(
    session: Session, make_session: MakeSession, moving_clock: MovingClock
) -> None:
    landed(session, "a", "b")
    session.rollback()
    platform = Platform()
    assert recheck.run(make_session, platform.open, PACE) == 0
    moving_clock.move(minutes=15)
    assert recheck.run(make_session, platform.open, PACE) == 2
    assert platform.asked == [{"a", "b"}]
    assert recheck.run(make_session, platform.open, PACE) == 0
    assert row(session, "a").rechecked_at == clock.now()
    assert row(session, "a").recheck_due_at == clock.now() + timedelta(minutes=15)


def test_answered_ones_are_looked_at_after_an_hour_a_day_and_a_week(
    session: Session, make_session: MakeSession, moving_clock: MovingClock
) -> None:
    channel = landed(session, "a")
    began = moving_clock.move(60)
    take_in(session, channel, message("r", by=us(channel), parent_id="a", authored_at=began))
    session.commit()
    looked = []
    platform = Platform()
    for _ in range(24 * 8):
        moving_clock.move(hours=1)
        if recheck.run(make_session, platform.open, PACE) and "a" in platform.asked[-1]:
            looked.append(clock.now() - began)
    assert looked[0] == timedelta(hours=1)
    assert looked[1:] == [timedelta(hours=24), timedelta(days=7)]
    assert row(session, "a").recheck_due_at is None


def test_what_needs_no_answer_is_left_alone_until_it_is_opened(
    session: Session, make_session: MakeSession, moving_clock: MovingClock
) -> None:
    channel = make_channel(session)
    take_in(session, channel, message("heart", text="❤️"))
    session.commit()
    moving_clock.move(days=1)
    assert recheck.run(make_session, Platform().open, PACE) == 0
    conversation = session.scalars(select(Conversation)).one()
    assert recheck.on_opening(session, conversation, pace=PACE) == 1
    session.commit()
    platform = Platform()
    assert recheck.run(make_session, platform.open, PACE) == 1
    session.refresh(conversation)
    assert recheck.on_opening(session, conversation, pace=PACE) == 0


def test_gone_counts_after_two_looks_sixty_seconds_apart(
    session: Session, make_session: MakeSession, moving_clock: MovingClock
) -> None:
    landed(session, "a")
    platform = Platform({"a": IsGone()})
    moving_clock.move(minutes=15)
    recheck.run(make_session, platform.open, PACE)
    assert (row(session, "a").awaits, row(session, "a").gone_at) == (True, None)
    session.rollback()
    moving_clock.move(59)
    assert recheck.run(make_session, platform.open, PACE) == 0
    moving_clock.move(1)
    assert recheck.run(make_session, platform.open, PACE) == 1
    gone = row(session, "a")
    assert (gone.awaits, gone.settled, gone.gone_at, gone.gone_reason) == (False, "withdrawn", clock.now(), "author")


def test_one_look_that_finds_it_again_begins_the_count_anew(
    session: Session, make_session: MakeSession, moving_clock: MovingClock
) -> None:
    landed(session, "a")
    platform = Platform({"a": IsGone()})
    moving_clock.move(minutes=15)
    recheck.run(make_session, platform.open, PACE)
    platform.looks["a"] = Present("v1")
    moving_clock.move(60)
    recheck.run(make_session, platform.open, PACE)
    platform.looks["a"] = IsGone()
    moving_clock.move(minutes=15)
    recheck.run(make_session, platform.open, PACE)
    assert row(session, "a").awaits


def test_a_gone_message_that_is_found_again_awaits_again(
    session: Session, make_session: MakeSession, moving_clock: MovingClock
) -> None:
    landed(session, "a")
    platform = Platform({"a": IsGone()})
    for seconds in (900, 60):
        moving_clock.move(seconds)
        recheck.run(make_session, platform.open, PACE)
    assert row(session, "a").gone_at is not None
    session.rollback()
    platform.looks["a"] = Present("v1")
    moving_clock.move(hours=1)
    assert recheck.run(make_session, platform.open, PACE) == 1
    assert (row(session, "a").gone_at, row(session, "a").awaits) == (None, True)


@pytest.mark.parametrize("look", [NotVisible("blocked"), Unknown()])
def test_not_visible_and_unknown_never_excuse_anybody(
    session: Session, make_session: MakeSession, moving_clock: MovingClock, look: Look
) -> None:
    landed(session, "a")
    platform = Platform({"a": look})
    for _ in range(5):
        moving_clock.move(minutes=15)
        assert recheck.run(make_session, platform.open, PACE) == 1
    assert (row(session, "a").awaits, row(session, "a").gone_at) == (True, None)
    assert row(session, "a").is_not_visible == isinstance(look, NotVisible)


def test_a_failed_look_tells_nothing_and_comes_again(
    session: Session, make_session: MakeSession, moving_clock: MovingClock
) -> None:
    landed(session, "a")
    platform = Platform(failure=Unavailable("502"))
    moving_clock.move(minutes=15)
    assert recheck.run(make_session, platform.open, PACE) == 1
    assert (row(session, "a").awaits, row(session, "a").rechecked_at) == (True, None)
    session.rollback()
    platform.failure = RateLimited(clock.now() + timedelta(minutes=20))
    moving_clock.move(PACE.stream_lease_seconds)
    assert recheck.run(make_session, platform.open, PACE) == 1
    moving_clock.move(minutes=17)
    assert recheck.run(make_session, platform.open, PACE) == 0
    platform.failure = None
    moving_clock.move(minutes=1)
    assert recheck.run(make_session, platform.open, PACE) == 1


def test_a_look_brings_an_edit(session: Session, make_session: MakeSession, moving_clock: MovingClock) -> None:
    landed(session, "a")
    began = row(session, "a").clock_at
    session.rollback()
    new = message("a", by="fan-a", version="v2", text="¿Y los lunes?")
    moving_clock.move(minutes=15)
    recheck.run(make_session, Platform({"a": Edited(new)}).open, PACE)
    edited = row(session, "a")
    assert (edited.text, edited.platform_version, edited.clock_at, edited.awaits) == (
        "¿Y los lunes?",
        "v2",
        began,
        True,
    )
    assert [v.text for v in edited.versions] == ["¿Cuándo abren la tienda?"]
    session.rollback()
    back = Edited(replace(new, version="v1", text="¿Cuándo abren la tienda?"))
    moving_clock.move(minutes=15)
    recheck.run(make_session, Platform({"a": back}).open, PACE)
    assert row(session, "a").text == "¿Cuándo abren la tienda?"


def test_a_native_answer_of_ours_that_vanishes_within_a_day_lets_its_messages_wait_again(
    session: Session, moving_clock: MovingClock
) -> None:
    channel = landed(session, "a")
    moving_clock.move(60)
    take_in(session, channel, message("r", by=us(channel), parent_id="a", authored_at=clock.now()))
    assert row_now(session, "a").settled == "answered"
    assert row_now(session, "r").recheck_due_at == clock.now() + timedelta(hours=1)
    for seconds in (3600, 60):
        moving_clock.move(seconds)
        apply(session, channel, ["r"], {"r": IsGone()}, pace=PACE)
    assert row_now(session, "r").gone_reason == "deleted"
    assert (row_now(session, "a").awaits, row_now(session, "a").settled) == (True, None)


def row_now(session: Session, name: str) -> Message:
    session.flush()
    session.expire_all()
    return session.scalars(select(Message).where(Message.external_id == name)).one()


def test_paused_channels_are_not_looked_at(
    session: Session, make_session: MakeSession, moving_clock: MovingClock
) -> None:
    channel = landed(session, "a")
    channel.state = "paused"
    session.commit()
    moving_clock.move(minutes=15)
    assert recheck.run(make_session, Platform().open, PACE) == 0


def test_two_workers_never_look_at_the_same_messages(
    session: Session, make_session: MakeSession, moving_clock: MovingClock
) -> None:
    landed(session, "a", "b", "c")
    session.rollback()
    moving_clock.move(minutes=15)
    with make_session() as one, one.begin():
        first = recheck.claim_due(one, pace=PACE, limit=2)
    with make_session() as two, two.begin():
        second = recheck.claim_due(two, pace=PACE, limit=2)
    assert first is not None
    assert second is not None
    assert len(first.refs) == 2
    assert not set(first.refs) & set(second.refs)


def test_e2_opening_a_conversation_in_the_browser_looks_at_it_again(
    app: Flask, session: Session, moving_clock: MovingClock
) -> None:
    channel = landed(session, "a")
    member = make_responder(session, channel)
    conversation = session.scalars(select(Conversation)).one()
    path = f"/c/{conversation.id}/read"
    session.commit()
    client = sign_in_as(app, session, member)
    moving_clock.move(minutes=2)
    assert post(client, path, seen_seq="1").status_code == 204
    assert row(session, "a").recheck_due_at == clock.now()


def test_a_look_that_shows_everything_as_it_was_costs_a_few_statements(
    session: Session, moving_clock: MovingClock
) -> None:
    channel = make_channel(session)
    page = [message(f"m{n}", by=f"fan{n}", version="v1") for n in range(50)]
    take_in(session, channel, *page)
    session.flush()
    session.expire_all()
    count = 0

    def listen(*_: object) -> None:
        nonlocal count
        count += 1

    moving_clock.move(minutes=15)
    bind = session.get_bind()
    event.listen(bind, "before_cursor_execute", listen)
    apply(session, channel, [m.external_id for m in page], {m.external_id: Edited(m) for m in page}, pace=PACE)
    event.remove(bind, "before_cursor_execute", listen)
    assert count < 10
    assert row_now(session, "m7").recheck_due_at == clock.now() + timedelta(minutes=15)
