"""Telling members something: which methods it is queued for, in which words, and what became of it."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.members.models import Member
from inbox.notifications.models import Notification
from inbox.notifications.notices import Notice, thaw
from inbox.notifications.queue import notify, outcome
from inbox.outbox.models import Delivery
from tests.factories.basics import make_member
from tests.factories.notifications import add_method
from tests.fixtures.app import MovingClock


def make(language: str) -> Notice:
    return Notice("alert", f"3 overdue ({language})\r\nBcc: x@y.example", ("on Acme\x00 1",), "/q", "/a/secret-token")


def tell(session: Session, member: Member, *, is_alert: bool = True) -> int:
    return notify(session, member.id, make, alert_id=7, is_alert=is_alert, now=clock.now())


def states(session: Session) -> list[str]:
    return list(session.scalars(select(Delivery.state).order_by(Delivery.id)))


def test_an_alert_is_queued_for_every_verified_method_in_the_members_language(
    session: Session, moving_clock: MovingClock
) -> None:
    member = make_member(session, locale="es")
    add_method(session, member, place=2)
    add_method(session, member, place=1)
    add_method(session, member, state="unverified", verified_at=None)
    add_method(session, member, removed_at=clock.now())
    add_method(session, make_member(session))
    assert tell(session, member) == 2
    assert states(session) == ["queued", "queued"]
    rows = session.scalars(select(Notification)).all()
    assert [row.place for row in rows] == [0, 1]
    assert rows[0].subject == "3 overdue (es) Bcc: x@y.example"
    assert rows[0].sealed is not None
    assert thaw(rows[0].sealed).lines == ("on Acme 1",)
    assert b"secret-token" not in rows[0].sealed


def test_a_warning_is_queued_for_the_first_method_and_held_for_the_rest(session: Session) -> None:
    member = make_member(session)
    add_method(session, member, is_urgent_only=True)
    add_method(session, member, place=1)
    add_method(session, member, place=2)
    assert tell(session, member, is_alert=False) == 2
    assert states(session) == ["queued", "held"]


def test_who_has_no_verified_method_or_has_left_can_t_be_reached(session: Session) -> None:
    nobody, gone = make_member(session), make_member(session, deactivated_at=clock.now())
    add_method(session, nobody, state="unverified", verified_at=None)
    add_method(session, gone)
    assert [tell(session, member) for member in (nobody, gone)] == [0, 0]
    assert notify(session, 999_999, make, alert_id=None, is_alert=True, now=clock.now()) == 0
    assert states(session) == []


@pytest.mark.parametrize(
    ("ended", "word"),
    [
        ((), "none"),
        (("queued", "refused"), "underway"),
        (("unclear", "refused"), "underway"),
        (("sent", "queued"), "sent"),
        (("refused", "refused"), "failed"),
        (("gone", "refused"), "failed"),
        (("cancelled", "cancelled"), "none"),
    ],
)
def test_the_outcome_of_an_alert(
    session: Session, moving_clock: MovingClock, ended: tuple[str, ...], word: str
) -> None:
    member, began = make_member(session), clock.now()
    add_method(session, member)
    add_method(session, member)
    if ended:
        tell(session, member)
    for delivery, state in zip(session.scalars(select(Delivery).order_by(Delivery.id)), ended, strict=False):
        delivery.state = state
    session.flush()
    assert outcome(session, 7, member.id, began) == word
    assert outcome(session, 7, member.id, began + timedelta(seconds=1)) == "none"
    assert outcome(session, 8, member.id, began) == "none"
