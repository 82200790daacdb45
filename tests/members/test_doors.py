"""The doors: shut unless declared, and what each kind of visitor meets."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from inbox import create_app
from inbox.database import db
from inbox.members import doors
from tests.factories.members import form_token, make_member_with_password, sign_in_as


@pytest.fixture
def with_rooms(app: Flask) -> Iterator[Flask]:
    """The application with some more routes, beside the shared one and on its database."""
    other = create_app(app.config["RELEVO"], busy_seconds=20)
    other.test_client_class = app.test_client_class
    other.register_blueprint(_rooms())
    yield other
    with other.app_context():
        db.engine.dispose()


def _rooms() -> Blueprint:
    rooms = Blueprint("rooms", __name__)

    @rooms.get("/room/undeclared")
    def undeclared() -> str:
        return "nobody should read this"

    @rooms.get("/room/open")
    @doors.everyone
    def open_room() -> str:
        return "open"

    @rooms.route("/room/inner", methods=["GET", "POST"])
    @doors.members
    def inner() -> str:
        return doors.current_member().name

    @rooms.get("/room/office")
    @doors.admins
    def office() -> str:
        return "office"

    @rooms.get("/room/writes")
    @doors.members
    def writes() -> str:
        db.session.execute(text("UPDATE member SET name = 'changed by a GET'"))
        db.session.commit()
        return "written"

    return rooms


def _as(app: Flask, session: Session, **given: Any) -> FlaskClient:
    return sign_in_as(app, session, make_member_with_password(session, **given))


def test_a_route_that_declares_nothing_is_shut(with_rooms: Flask, session: Session) -> None:
    browser = _as(with_rooms, session, is_admin=True)
    answer = browser.get("/room/undeclared")
    assert answer.status_code == 404
    assert "nobody should read this" not in answer.text
    assert doors.declared(with_rooms)["rooms.undeclared"] is None


def test_strangers_are_asked_to_sign_in_and_brought_back(with_rooms: Flask, session: Session) -> None:
    browser = with_rooms.test_client()
    assert browser.get("/room/open").text == "open"
    assert browser.get("/room/inner?a=1").location == "/sign-in?next=%2Froom%2Finner%3Fa%3D1"
    part = browser.get("/room/inner", headers={"HX-Request": "true"})
    assert (part.status_code, part.text, part.headers["HX-Redirect"]) == (200, "", "/sign-in")
    assert browser.post("/room/inner").location == "/sign-in"


def test_members_pass_and_admins_have_their_own_doors(with_rooms: Flask, session: Session) -> None:
    member, admin = _as(with_rooms, session, name="Nerea"), _as(with_rooms, session, is_admin=True)
    assert member.get("/room/inner").text == "Nerea"
    assert member.get("/room/office").status_code == 404
    assert admin.get("/room/office").text == "office"


def test_whoever_must_choose_a_password_does_that_first(with_rooms: Flask, session: Session) -> None:
    browser = _as(with_rooms, session, must_change_password=True)
    assert browser.get("/room/inner").location == "/password"
    assert browser.get("/password").status_code == 200


def test_a_get_cannot_write(with_rooms: Flask, session: Session) -> None:
    browser = _as(with_rooms, session, name="Nerea")
    assert browser.get("/room/writes").status_code in (500, 503)
    assert browser.get("/room/inner").text == "Nerea"


def test_posts_need_the_form_token_of_this_browser(with_rooms: Flask, session: Session) -> None:
    browser, other = _as(with_rooms, session), _as(with_rooms, session)
    assert browser.post("/room/inner").status_code == 400
    assert browser.post("/room/inner", headers={"X-CSRFToken": form_token(other)}).status_code == 400
    assert browser.post("/room/inner", headers={"X-CSRFToken": form_token(browser)}).status_code == 200


def test_an_ended_session_is_over_at_once(with_rooms: Flask, session: Session) -> None:
    member = make_member_with_password(session)
    browser = sign_in_as(with_rooms, session, member)
    assert browser.get("/room/inner").status_code == 200
    session.execute(text("UPDATE member_session SET ended_at = created_at"))
    session.commit()
    assert browser.get("/room/inner").status_code == 303


def test_every_route_of_the_product_is_declared(app: Flask) -> None:
    assert [endpoint for endpoint, access in doors.declared(app).items() if access is None] == []
