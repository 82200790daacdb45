"""No channel takes all threads: claims pass over those that have enough out, and read only what is due or out."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, text
from sqlalchemy.orm import Session

from inbox import clock
from inbox.outbox import claim
from inbox.outbox.models import Delivery
from inbox.replies.checks import channel_delivers
from inbox.settings import Pace
from tests.factories.basics import make_channel
from tests.factories.replies import Scene, make_delivery, make_scene, make_scene_on
from tests.fixtures.app import MovingClock

PACE = Pace()
pytestmark = pytest.mark.usefixtures("moving_clock")


def beside(session: Session, scene: Scene) -> Scene:
    return make_scene_on(session, scene.channel, scene.member)


def claim_one(session: Session) -> int | None:
    claimed = claim.claim_next(session, PACE, ready=claim.has_room(PACE))
    assert claimed is not None or not claim.has_due(session, ready=claim.has_room(PACE))
    return None if claimed is None else claimed.delivery_id


def claim_all(session: Session) -> list[int]:
    return list(iter(lambda: claim_one(session), None))


def test_a_channel_has_four_out_at_once_and_others_leave_meanwhile(session: Session) -> None:
    busy = make_scene(session)
    replies = [make_delivery(session, busy).id]
    replies += [make_delivery(session, beside(session, busy)).id for _ in range(5)]
    other = make_delivery(session, make_scene(session)).id
    assert claim_all(session) == [*replies[:4], other]


def test_two_that_wait_for_more_than_a_moment_hold_back_the_next(session: Session, moving_clock: MovingClock) -> None:
    slow = make_scene(session)
    for _ in range(2):
        make_delivery(session, beside(session, slow), "sending")
    third = make_delivery(session, slow)
    moving_clock.move(PACE.stuck_seconds - 0.1)
    assert claim.has_due(session, ready=claim.has_room(PACE))
    moving_clock.move(0.1)
    assert claim_one(session) is None
    other = make_delivery(session, make_scene(session))
    assert claim_one(session) == other.id
    session.execute(text("UPDATE delivery SET state = 'sent' WHERE state = 'sending' AND id < :id"), {"id": third.id})
    assert claim_one(session) == third.id


def test_one_that_waits_holds_nobody_back(session: Session, moving_clock: MovingClock) -> None:
    slow = make_scene(session)
    make_delivery(session, beside(session, slow), "sending")
    moving_clock.move(30)
    replies = [make_delivery(session, beside(session, slow)).id for _ in range(4)]
    assert claim_all(session) == replies[:3]


def test_what_a_lost_worker_had_holds_nobody_back_once_no_write_can_begin(
    session: Session, moving_clock: MovingClock
) -> None:
    scene = make_scene(session)
    for _ in range(4):
        make_delivery(session, beside(session, scene), "sending")
    reply = make_delivery(session, scene)
    moving_clock.move(PACE.send_lease_left_seconds - 1)
    assert claim_one(session) is None
    moving_clock.move(1)
    assert claim_one(session) == reply.id


def test_what_is_out_without_a_channel_and_notifications_hold_nobody_back(
    session: Session, moving_clock: MovingClock
) -> None:
    scene = make_scene(session)
    for _ in range(4):
        make_delivery(session, beside(session, scene), "sending", kind="notification", reply_key=None)
        make_delivery(session, make_scene(session), "sending", channel_id=None)
    moving_clock.move(5)
    reply = make_delivery(session, scene)
    assert claim_one(session) == reply.id


def test_a_hold_that_ends_while_its_channel_has_no_room_takes_no_write_lock(session: Session) -> None:
    scene = make_scene(session)
    for _ in range(4):
        make_delivery(session, beside(session, scene), "sending")
    make_delivery(session, scene, "held")
    assert not claim.has_due(session, ready=claim.has_room(PACE))


def test_a_channel_has_two_looks_out_at_once_and_others_are_made_meanwhile(
    session: Session, moving_clock: MovingClock
) -> None:
    silent = make_scene(session)
    replies = [make_delivery(session, beside(session, silent), "unclear").id for _ in range(4)]
    other = make_delivery(session, make_scene(session), "unclear").id
    claimed = [claim.claim_look(session, PACE) for _ in range(4)]
    assert [one and one.delivery_id for one in claimed] == [*replies[:2], other, None]
    assert not claim.has_look_due(session)
    moving_clock.move(PACE.send_lease_left_seconds)  # whoever looked is lost
    assert claim.has_look_due(session)
    assert claim.claim_look(session, PACE) == claim.LookClaim(replies[2], 1)


def test_unclear_ones_that_nobody_looks_for_hold_no_look_back(session: Session) -> None:
    scene = make_scene(session)
    later = clock.now() + timedelta(seconds=30)
    for _ in range(4):
        make_delivery(session, beside(session, scene), "unclear", due_at=later)
    make_delivery(session, scene, "unclear")
    assert claim.claim_look(session, PACE) is not None


@pytest.fixture
def statements(session: Session) -> Iterator[list[tuple[str, Any]]]:
    """What is sent to the database while most deliveries are done with, with its parameters."""
    channel_ids = [make_channel(session).id for _ in range(30)]
    now = clock.now()
    done = {"kind": "reply", "state": "sent", "not_before_at": now, "outgoing": {}, "created_at": now}
    session.execute(insert(Delivery), [done | {"channel_id": channel_ids[number % 30]} for number in range(3000)])
    for channel_id in channel_ids:
        out = done | {"channel_id": channel_id, "state": "sending", "lease_until_at": now + timedelta(seconds=100)}
        session.execute(insert(Delivery), [out | {"due_at": out["lease_until_at"]} for _ in range(2)])
        for state in ("held", "queued", "unclear"):
            session.execute(insert(Delivery), [done | {"channel_id": channel_id, "state": state, "due_at": now}])
    session.execute(text("ANALYZE"))
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        if "delivery" in statement:
            sent.append((statement, parameters))

    event.listen(session.get_bind(), "before_cursor_execute", note)
    yield sent
    event.remove(session.get_bind(), "before_cursor_execute", note)


ASKS: list[Callable[[Session], object]] = [
    lambda session: claim.has_due(session, ready=channel_delivers() & claim.has_room(PACE)),
    lambda session: claim.claim_next(session, PACE, ready=channel_delivers() & claim.has_room(PACE)),
    claim.has_lost,
    claim.has_look_due,
    lambda session: claim.claim_look(session, PACE),
]


@pytest.mark.parametrize("ask", ASKS)
def test_claims_read_only_what_is_due_or_out(
    session: Session, statements: list[tuple[str, Any]], ask: Callable[[Session], object]
) -> None:
    ask(session)
    asked = [one for one in statements if re.search(r"\bdelivery\.due_at <=", one[0])]
    assert asked
    for one in asked:
        plan = explain(session, one)
        assert "ix_delivery_due" in plan, (one, plan)
        assert "ix_delivery_channel" not in plan, (one, plan)  # it would read what is done with, channel by channel
        assert not re.search(r"seq scan on delivery|^scan delivery", plan, re.MULTILINE), (one, plan)


def explain(session: Session, one: tuple[str, Any]) -> str:
    """Return the plan of a statement, in lower case."""
    statement, parameters = one
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        return "\n".join(str(row[3]) for row in rows).lower()
    rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).all()
    return "\n".join(str(row[0]) for row in rows).lower()
