"""Saved replies through the web, on both databases: who may keep, change and use them."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.conversations.models import Conversation
from inbox.members.models import Member, Team
from inbox.replies.saved_models import SavedReply
from tests.factories.basics import join_team, make_member, make_team
from tests.factories.members import post, sign_in_as
from tests.factories.replies import make_scene

GREETING = {"name": "Hello", "folder": "Shop", "team_id": "", "language": ["es", "en"]}
TEXTS = ["Hola, {first_name}.", "Hello, {first_name}. {me} here."]


@pytest.fixture
def admin(session: Session) -> Member:
    return make_member(session, "Ada", is_admin=True)


@pytest.fixture
def team(session: Session) -> Team:
    return make_team(session, "Madrid")


def keep(app: Flask, session: Session, member: Member, **changes: Any) -> Any:
    """Post the form of a new one."""
    return post(sign_in_as(app, session, member), "/saved-replies/new", **(GREETING | {"text": TEXTS} | changes))


def kept(session: Session) -> list[SavedReply]:
    session.rollback()
    return list(session.scalars(select(SavedReply).order_by(SavedReply.id)))


def test_an_admin_keeps_one_for_everybody_and_anybody_finds_it(app: Flask, session: Session, admin: Member) -> None:
    assert keep(app, session, admin).status_code == 303
    (one,) = kept(session)
    assert (one.name, one.folder, one.team_id, one.texts) == ("Hello", "Shop", None, {"es": TEXTS[0], "en": TEXTS[1]})
    page = sign_in_as(app, session, make_member(session, "Ben")).get("/saved-replies").text
    assert "Hello" in page
    assert "/saved-replies/new" not in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "  "}, "Give it a name"),
        ({"name": "n" * 81}, "at most 80"),
        ({"text": ["", " "]}, "Write what it says"),
        ({"text": ["x" * 5001, ""]}, "at most 5000"),
        ({"text": ["Hi {nombre}", ""]}, "{nombre} is nothing"),
        ({"language": ["es", "es"]}, "two wordings for Spanish"),
        ({"language": ["klingon", "en"]}, "Choose a language"),
        ({"language": ["x\x00", "en"]}, "Choose a language"),
        ({"team_id": "99999"}, "Choose a team"),
        ({"team_id": "all"}, "number"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    app: Flask, session: Session, admin: Member, changes: dict[str, Any], said: str
) -> None:
    answer = keep(app, session, admin, **changes)
    assert answer.status_code == 400
    assert said in answer.text
    assert "Shop" in answer.text
    assert kept(session) == []


def test_a_lead_keeps_for_the_own_team_and_nobody_else_reads_it(
    app: Flask, session: Session, admin: Member, team: Team
) -> None:
    lead, colleague, stranger = (make_member(session, name) for name in ("Lea", "Cai", "Sol"))
    join_team(session, lead, team, "lead")
    join_team(session, colleague, team)
    join_team(session, stranger, make_team(session, "Lima"), "lead")
    assert keep(app, session, colleague, team_id=str(team.id)).status_code == 403
    assert keep(app, session, lead).status_code == 400  # for everybody is an admin's to keep
    assert keep(app, session, lead, team_id=str(team.id)).status_code == 303
    (one,) = kept(session)
    path = f"/saved-replies/{one.id}"
    status = {who.name: sign_in_as(app, session, who).get(path).status_code for who in (lead, colleague, stranger)}
    assert status == {"Lea": 200, "Cai": 200, "Sol": 404}
    assert post(sign_in_as(app, session, colleague), f"{path}/delete").status_code == 403
    assert post(sign_in_as(app, session, stranger), f"{path}/used").status_code == 404
    assert post(sign_in_as(app, session, stranger), path, version="1", **GREETING, text=TEXTS).status_code == 404
    assert len(kept(session)) == 1
    assert post(sign_in_as(app, session, lead), f"{path}/delete").status_code == 303
    assert kept(session) == []


def test_two_who_change_one_at_once_do_not_overwrite_each_other(app: Flask, session: Session, admin: Member) -> None:
    keep(app, session, admin)
    (one,) = kept(session)
    browser, path = sign_in_as(app, session, admin), f"/saved-replies/{one.id}"
    first = post(browser, path, **(GREETING | {"version": "1", "text": ["Hola.", ""]}))
    second = post(browser, path, **(GREETING | {"version": "1", "text": ["Buenas.", ""]}))
    assert (first.status_code, second.status_code) == (303, 409)
    assert "Buenas." in second.text
    assert 'name="version" value="1"' in second.text
    (one,) = kept(session)
    assert (one.texts, one.version) == ({"es": "Hola."}, 2)


@pytest.fixture
def conversation(app: Flask, session: Session, admin: Member) -> tuple[FlaskClient, Conversation]:
    scene = make_scene(session)
    keep(app, session, admin)
    keep(app, session, admin, name="Refund", folder="", language=["", "es"], text=["Refund is on its way.", ""])
    return sign_in_as(app, session, scene.member), scene.conversation


def test_the_composer_is_offered_what_fits_filled_in(
    session: Session, conversation: tuple[FlaskClient, Conversation]
) -> None:
    browser, where = conversation
    path = f"/c/{where.id}/saved-replies"
    rows = browser.get(path).get_json()["rows"]
    assert [(row["name"], row["language"]) for row in rows] == [
        ("Hello", "English"),
        ("Hello", "Spanish"),
        ("Refund", ""),
    ]
    assert "{" not in "".join(row["text"] for row in rows)
    assert [row["name"] for row in browser.get(path, query_string={"q": "way refund"}).get_json()["rows"]] == ["Refund"]
    assert browser.get(path, query_string={"q": "refund hello"}).get_json()["rows"] == []
    assert browser.get(path, query_string={"q": "\x00%_\\" * 200}).get_json()["rows"] == []


def test_the_most_used_come_first(session: Session, conversation: tuple[FlaskClient, Conversation]) -> None:
    browser, where = conversation
    refund = next(one for one in kept(session) if one.name == "Refund")
    assert post(browser, f"/saved-replies/{refund.id}/used").status_code == 204
    assert browser.get(f"/c/{where.id}/saved-replies").get_json()["rows"][0]["name"] == "Refund"
    assert {one.name: one.use_count for one in kept(session)} == {"Hello": 0, "Refund": 1}
