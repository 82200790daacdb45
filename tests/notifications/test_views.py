"""The page where members say how they are reached: added, proved, tried, ordered, removed, each their own alone."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.members.models import Member
from inbox.notifications import letters, methods
from inbox.notifications.models import Notification, NotificationMethod, QuietHours
from inbox.outbox.models import Delivery
from tests.factories.members import make_member_with_password, post, sign_in_as
from tests.factories.notifications import add_method
from tests.fixtures.app import MovingClock

TOPIC = "a-long-topic-that-is-secret"
PAGE = "/me/reach"


@pytest.fixture
def member(session: Session, moving_clock: MovingClock) -> Member:
    return make_member_with_password(session)


@pytest.fixture
def browser(app: Flask, session: Session, member: Member) -> FlaskClient:
    return sign_in_as(app, session, member)


def send(browser: FlaskClient, path: str, **fields: Any) -> Any:
    return post(browser, f"{PAGE}{path}", **fields)


def add_ntfy(browser: FlaskClient, **fields: Any) -> Any:
    return send(browser, "/new", kind="ntfy", topic=TOPIC, server="", token="", **fields)


def last_code(session: Session) -> str:
    """Read the newest code as its receiver would."""
    session.expire_all()
    query = select(Notification).where(Notification.kind == "verification").order_by(Notification.id.desc())
    code = letters.open_notice(session.scalars(query).all()[0]).notice.code
    assert code is not None
    return code


def only(session: Session) -> NotificationMethod:
    session.expire_all()
    return session.scalars(select(NotificationMethod)).one()


def test_a_method_is_added_sealed_and_proved_by_its_code(session: Session, browser: FlaskClient) -> None:
    answer = add_ntfy(browser, label="Phone")
    method = only(session)
    assert answer.status_code == 303
    assert answer.location.endswith(f"/me/reach#method-{method.id}")
    assert method.sealed is not None
    assert TOPIC.encode() not in method.sealed
    code = last_code(session)
    assert re.fullmatch(r"[0-9]{6}", code)
    assert code not in (method.code_hash or "")
    assert code not in session.scalars(select(Notification.subject)).one()
    page = browser.get(PAGE).text
    assert "No alert can reach you yet" in page
    assert TOPIC not in page
    assert "ntfy.sh …cret" in page
    answer = send(browser, f"/{method.id}/verify", code=f"{code[:3]} {code[3:]}")
    assert answer.status_code == 303
    assert only(session).state == "verified"
    assert "An alert goes to all of them" in browser.get(PAGE).text


def test_a_code_is_good_for_five_tries(session: Session, browser: FlaskClient) -> None:
    add_ntfy(browser)
    method, code = only(session), last_code(session)
    wrong = "000000" if code != "000000" else "000001"
    for left in (4, 3, 2, 1, 0):
        answer = send(browser, f"/{method.id}/verify", code=wrong)
        assert answer.status_code == 400
        assert f"Tries left: {left}." in answer.text
    answer = send(browser, f"/{method.id}/verify", code=code)
    assert answer.status_code == 400
    assert "Too many wrong codes" in answer.text
    assert only(session).state == "unverified"
    send(browser, f"/{method.id}/code")
    assert send(browser, f"/{method.id}/verify", code=last_code(session)).status_code == 303


def test_a_code_is_good_for_fifteen_minutes_and_once(
    session: Session, browser: FlaskClient, moving_clock: MovingClock
) -> None:
    add_ntfy(browser)
    method, code = only(session), last_code(session)
    moving_clock.move(900)
    assert "no longer good" in send(browser, f"/{method.id}/verify", code=code).text
    send(browser, f"/{method.id}/code")
    assert send(browser, f"/{method.id}/verify", code=last_code(session)).status_code == 303
    assert send(browser, f"/{method.id}/verify", code=last_code(session)).status_code == 400


def test_codes_and_tests_are_sent_five_times_an_hour(
    session: Session, browser: FlaskClient, moving_clock: MovingClock
) -> None:
    add_ntfy(browser)
    method = only(session)
    for _ in range(4):
        assert send(browser, f"/{method.id}/code").status_code == 303
    assert send(browser, f"/{method.id}/code").status_code == 409
    assert add_ntfy(browser).status_code == 409
    assert only(session).id == method.id
    moving_clock.move(3600)
    assert send(browser, f"/{method.id}/code").status_code == 303


@pytest.mark.parametrize(
    ("path", "fields"),
    [("code", {}), ("verify", {"code": "1"}), ("test", {}), ("change", {}), ("move", {"to": "up"}), ("remove", {})],
)
def test_nobody_touches_the_methods_of_others(
    session: Session, browser: FlaskClient, path: str, fields: dict[str, str]
) -> None:
    other = make_member_with_password(session)
    method = add_method(session, other, "ntfy", hint="their.example")
    assert send(browser, f"/{method.id}/{path}", **fields).status_code == 404
    assert "their.example" not in browser.get(PAGE).text
    assert only(session).removed_at is None
    assert session.scalars(select(Delivery)).all() == []


def test_a_test_goes_to_a_verified_method_alone(session: Session, browser: FlaskClient, member: Member) -> None:
    verified = add_method(session, member, "ntfy")
    unverified = add_method(session, member, "ntfy", state="unverified", verified_at=None)
    assert send(browser, f"/{verified.id}/test").status_code == 303
    assert send(browser, f"/{unverified.id}/test").status_code == 400
    assert session.scalars(select(Notification.kind)).all() == ["test"]
    assert "A test from Relevo" in browser.get(PAGE).text


def test_the_order_is_the_members(session: Session, browser: FlaskClient, member: Member) -> None:
    ids = [add_method(session, member, "ntfy", place=place).id for place in (1, 2, 3)]
    send(browser, f"/{ids[2]}/move", to="up")
    send(browser, f"/{ids[0]}/move", to="up")
    send(browser, f"/{ids[1]}/move", to="down")
    session.expire_all()
    assert [one.id for one in methods.list_methods(session, member.id)] == [ids[0], ids[2], ids[1]]


def test_what_is_removed_is_forgotten(session: Session, browser: FlaskClient, member: Member) -> None:
    method = add_method(session, member, "ntfy", hint="gone.example")
    send(browser, f"/{method.id}/change", urgent_only="1")
    assert only(session).is_urgent_only
    send(browser, f"/{method.id}/remove")
    assert (only(session).sealed, only(session).code_hash) == (None, None)
    assert "gone.example" not in browser.get(PAGE).text


def test_quiet_hours_are_kept_changed_and_given_up(session: Session, browser: FlaskClient, member: Member) -> None:
    def kept() -> list[tuple[int, int]]:
        session.expire_all()
        return [(row.from_minute, row.until_minute) for row in session.scalars(select(QuietHours))]

    send(browser, "/quiet", **{"is_on": "1", "from": "22:30", "until": "07:00"})
    assert kept() == [(1350, 420)]
    assert 'value="22:30"' in browser.get(PAGE).text
    for since, until in (("22:00", "22:00"), ("24:00", "07:00"), ("٢٢:٣٠", "07:00"), ("", "07:00"), ("1:00", "x")):
        assert send(browser, "/quiet", **{"is_on": "1", "from": since, "until": until}).status_code == 400
    assert kept() == [(1350, 420)]
    send(browser, "/quiet", **{"from": "22:30", "until": "07:00"})
    assert kept() == []


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("ntfy", {"topic": ""}),
        ("ntfy", {"topic": "with space"}),
        ("ntfy", {"topic": "x\r\ny"}),
        ("ntfy", {"topic": "x", "server": "https://name:word@ntfy.example"}),
        ("ntfy", {"topic": "x", "server": "ftp://ntfy.example"}),
        ("webhook", {"url": "https://hook.example", "secret": "too-brief-one"}),
        ("webhook", {"url": "javascript:alert(1)", "secret": "x" * 16}),
        ("webhook", {"url": "https://[::1", "secret": "x" * 16}),
        ("webhook", {"url": "https://" + "x" * 600, "secret": "y" * 16}),
        ("telegram", {"token": "12345:short", "chat": "1"}),
        ("telegram", {"token": f"12345:{'x' * 35}/../x", "chat": "1"}),
        ("slack", {"url": "hooks.slack.com"}),
        ("pagerduty", {"key": "x" * 31}),
        ("apprise", {"url": "json://169.254.169.254/latest"}),
        ("apprise", {"url": "discord://"}),
    ],
)
def test_what_can_t_be_an_address_is_refused_with_a_sentence(
    session: Session, browser: FlaskClient, kind: str, fields: dict[str, str]
) -> None:
    answer = send(browser, "/new", kind=kind, **fields)
    assert answer.status_code == 400
    assert 'id="wrong"' in answer.text
    assert fields.get("secret", "no secret") not in answer.text
    assert session.scalars(select(NotificationMethod)).all() == []


@pytest.mark.parametrize("kind", ["email", "sms", "voice", "pigeon"])
def test_a_kind_that_is_not_set_up_is_not_offered(browser: FlaskClient, kind: str) -> None:
    assert browser.get(f"{PAGE}/new?kind={kind}").status_code == 404
    assert send(browser, "/new", kind=kind, email="a@b.example", number="+34600111222").status_code == 404
    assert f"/new?kind={kind}" not in browser.get(PAGE).text


def test_a_member_has_at_most_a_dozen(session: Session, browser: FlaskClient, member: Member) -> None:
    for _ in range(methods.MOST_METHODS):
        add_method(session, member, "ntfy")
    assert add_ntfy(browser).status_code == 409


def test_every_failed_method_says_why(session: Session, browser: FlaskClient, member: Member) -> None:
    add_method(session, member, "ntfy", state="failing", error_code="http_404")
    add_method(session, member, "slack", state="failing", error_code="http_418")
    page = browser.get(PAGE).text
    assert "does not exist" in page
    assert "the provider refused it (http_418)" in page


def test_the_page_is_in_spanish_for_whom_speaks_it(
    app: Flask, session: Session, member: Member, browser: FlaskClient
) -> None:
    member.locale = "es"
    assert "No alert can reach you" not in browser.get(PAGE).text
