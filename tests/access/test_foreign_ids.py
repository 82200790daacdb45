"""Every route with a parameter, called with an id of the other team's: 404, nothing changed, nothing said.

The routes come from the application itself, so that a new one is tried as soon as it exists; one
that declares no access, or whose parameter has no case here, fails.
"""

import hashlib
from itertools import chain, product
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.members.doors import Access
from inbox.members.models import Member
from inbox.tables import METADATA
from tests.access.routes import STRINGS, Route, list_routes
from tests.access.world import MARKER, NOWHERE, SAID, Side, World, make_world
from tests.factories.members import form_token, sign_in_as
from tests.fixtures.app import MovingClock

WITH_PARAMETERS = [route for route in list_routes() if route.parameters]
KINDS_OF_ANSWER: tuple[dict[str, str], ...] = ({}, {"HX-Request": "true"}, {"Accept": "application/json"})
READING = [route for route in list_routes() if route.method == "GET"]
# Shown only after a fetch from the platform, which tests/media proves.
NEEDS_A_PLATFORM = {"media.show"}


@pytest.fixture
def world(session: Session, moving_clock: MovingClock) -> World:
    return make_world(session)


@pytest.fixture
def stranger(app: Flask, session: Session, world: World) -> FlaskClient:
    return _browser_of(app, session, world.ours.member_id)


@pytest.mark.parametrize("route", list_routes(), ids=str)
def test_every_route_declares_its_access_and_its_parameters_have_cases(route: Route) -> None:
    assert route.access is not None, f"{route.endpoint} declares no access (members/doors.py)"
    known = set(_names_of_rows()) | {name for endpoint, name in STRINGS if endpoint == route.endpoint}
    assert set(route.parameters) <= known, f"{route.endpoint} has a parameter without a case"


@pytest.mark.parametrize("route", WITH_PARAMETERS, ids=str)
def test_the_other_teams_ids_do_not_exist(
    app: Flask, session: Session, world: World, stranger: FlaskClient, route: Route
) -> None:
    token = form_token(stranger)
    before = _digests(session)
    for values, headers in product(_foreign_values(route, world), KINDS_OF_ANSWER):
        answer = stranger.open(
            _url(app, route, values),
            method=route.method,
            data=_fields(world.ours) if route.method != "GET" else None,
            headers={"X-CSRFToken": token, **headers},
        )
        assert answer.status_code == 404, f"{route} with {values} answered {answer.status_code}"
        assert _leak(answer, MARKER) == "", f"{route} with {values}"
    assert _digests(session) == before, f"{route} changed something"


@pytest.mark.parametrize("route", WITH_PARAMETERS, ids=str)
def test_the_same_addresses_answer_the_other_team(app: Flask, session: Session, world: World, route: Route) -> None:
    """Without this a mistaken id would make the test above pass for nothing."""
    if route.access is not Access.MEMBERS or route.endpoint in NEEDS_A_PLATFORM:
        return
    for side in (world.theirs, world.their_private):
        browser = _browser_of(app, session, side.member_id, is_admin=True)
        values = {name: side.ids[name] for name in route.parameters}
        answer = browser.open(
            _url(app, route, values),
            method=route.method,
            data=_fields(side) if route.method != "GET" else None,
            headers={"X-CSRFToken": form_token(browser), "Accept": "text/html"},
        )
        assert answer.status_code not in (404, 405, 500), f"{route} with {values}: {answer.text[:300]}"


@pytest.mark.parametrize("route", [route for route in list_routes() if route.method != "GET"], ids=str)
def test_foreign_ids_in_forms_reach_nothing(app: Flask, session: Session, world: World, route: Route) -> None:
    if route.access is Access.EVERYONE:
        return
    before = _digests(session, world.theirs, world.their_private)
    for side in (world.theirs, world.their_private):
        stranger = _browser_of(app, session, world.ours.member_id)
        values = {name: world.ours.ids[name] for name in route.parameters}
        answer = stranger.open(
            _url(app, route, values),
            method=route.method,
            data=_fields(side),
            headers={"X-CSRFToken": form_token(stranger)},
        )
        assert answer.status_code < 500, f"{route}: {answer.text[:300]}"
        assert _leak(answer, SAID) == "", f"{route}"
    assert _digests(session, world.theirs, world.their_private) == before, f"{route} changed something of theirs"


@pytest.mark.parametrize("route", [route for route in READING if not route.parameters], ids=str)
def test_pages_without_parameters_show_nothing_of_the_other_team(
    app: Flask, world: World, stranger: FlaskClient, route: Route
) -> None:
    for query in _queries(world):
        for headers in KINDS_OF_ANSWER:
            answer = stranger.get(route.rule, query_string=query, headers=headers)
            assert answer.status_code < 500, f"{route} {query}: {answer.text[:300]}"
            asked = {word for word in query.values() if isinstance(word, str)}
            assert MARKER in asked or _leak(answer, MARKER) == "", f"{route} {query}"
            assert _leak(answer, SAID) == "", f"{route} {query}"


@pytest.mark.parametrize("route", READING, ids=str)
def test_admins_read_only_through_grants(app: Flask, session: Session, world: World, route: Route) -> None:
    browser = _browser_of(app, session, world.admin_id)
    for side in (world.theirs, world.their_private):
        values = {name: STRINGS.get((route.endpoint, name)) or side.ids[name] for name in route.parameters}
        answer = browser.get(_url(app, route, values))
        assert answer.status_code < 500, f"{route}: {answer.text[:300]}"
        assert _leak(answer, SAID) == "", f"{route} with {values}"


def _foreign_values(route: Route, world: World) -> list[dict[str, Any]]:
    """Each parameter foreign alone, then all of them; from the public and from the private side."""
    named = [name for name in route.parameters if (route.endpoint, name) not in STRINGS]
    fixed: dict[str, Any] = {name: STRINGS[route.endpoint, name] for name in route.parameters if name not in named}
    ours = {name: world.ours.ids[name] for name in named}
    choices: list[dict[str, Any]] = []
    for side in (world.theirs, world.their_private):
        theirs = {name: side.ids[name] for name in named}
        choices += [{**fixed, **theirs}]
        choices += [{**fixed, **ours, name: theirs[name]} for name in named if len(named) > 1]
    return [*choices, {**fixed, **dict.fromkeys(named, 999_999_999)}]


def _queries(world: World) -> list[dict[str, Any]]:
    views = ("mine", "unassigned", "snoozed", "no_answer", "everything")
    plain: list[dict[str, Any]] = [{}, *({"view": view} for view in views)]
    foreign: list[dict[str, Any]] = []
    for side in (world.theirs, world.their_private):
        ids = side.ids
        foreign.append(
            {
                "view": "everything",
                "channel": ids["channel_id"],
                "label": ids["label_id"],
                "team": ids["team_id"],
                "open": ids["conversation_id"],
                "conversation": ids["conversation_id"],
                "conversation_id": ids["conversation_id"],
                "contact": ids["contact_id"],
                "assignee": side.member_id,
                "ids": f"{ids['conversation_id']},{world.ours.ids['conversation_id']}",
            }
        )
        foreign += [{key: value} for key, value in foreign[-1].items() if key != "view"]
    return [*plain, *foreign, {"q": MARKER}, {"q": SAID}, {"view": "everything", "part": "1"}]


def _fields(side: Side) -> dict[str, Any]:
    """A form that every route finds what it wants in."""
    said = "giraffe" if side.word == "okapi" else side.word.replace(MARKER, f"{MARKER}-{SAID}")
    return {
        **{name: str(value) for name, value in side.ids.items()},
        "reply_key": f"key-{said}",
        "seen_seq": "1",
        "text": "Hello there",
        "name": "hello",
        "mode": "public",
        "why": "no_answer_needed",
        "priority": "high",
        "until": "2026-12-01T09:00",
        "choice": "tomorrow",
        "role": "lead",
        "email": "somebody@acme.example",
        "is_admin": "1",
        "can_see": "1",
        "platform": "sandbox_feed",
        "service_url": NOWHERE,
        "handle": "acme.example",
        "app_password": "word-word-word-word",
        "access_token": "a-token",
        "resolution": "discarded",
        "decision": "wait",
    }


def _names_of_rows() -> tuple[str, ...]:
    return (
        "activity_id",
        "channel_id",
        "contact_id",
        "conversation_id",
        "delivery_id",
        "draft_id",
        "invitation_id",
        "label_id",
        "media_id",
        "member_id",
        "message_id",
        "note_id",
        "post_id",
        "quarantined_id",
        "session_id",
        "stream_id",
        "team_id",
        "thread_id",
    )


def _browser_of(app: Flask, session: Session, member_id: int, *, is_admin: bool | None = None) -> FlaskClient:
    member = session.get_one(Member, member_id)
    if is_admin is not None:
        member.is_admin = is_admin
    return sign_in_as(app, session, member)


def _url(app: Flask, route: Route, values: dict[str, Any]) -> str:
    return app.url_map.bind("localhost").build(route.endpoint, values, method=route.method)


def _leak(answer: Any, word: str) -> str:
    """Return what stands around the word in the body or the headers; empty if it is nowhere."""
    for text in (answer.get_data(as_text=True), str(answer.headers)):
        at = text.lower().find(word)
        if at >= 0:
            return str(text[max(0, at - 80) : at + 80])
    return ""


def _digests(session: Session, *sides: Side) -> dict[str, str]:
    """Return a digest of each table's rows; of these sides' rows alone if any are given."""
    session.rollback()
    found = {}
    for table in METADATA.sorted_tables:
        rows = session.execute(select(table)).mappings()
        kept = sorted(repr(sorted(row.items())) for row in rows if not sides or _is_of(table.name, row, sides))
        found[table.name] = hashlib.sha256("\n".join(kept).encode()).hexdigest()
    session.rollback()
    return found


def _is_of(table: str, row: Any, sides: tuple[Side, ...]) -> bool:
    names = ("channel_id", "conversation_id", "thread_id", "message_id")
    by_column = ((name, row.get(name)) for name in names if name in row)
    by_key = ((f"{table}_id", row.get("id")),)
    return any(side.ids.get(name) == value for name, value in chain(by_column, by_key) for side in sides if value)
