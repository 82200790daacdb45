"""Every route with a parameter, called with an id of the other team's: 404, nothing changed, nothing said.

The routes come from the application itself, so that a new one is tried as soon as it exists; one
that declares no access, or whose parameter has no case here, fails.
"""

from itertools import product

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from inbox.members.doors import Access
from tests.access.calls import (
    NEEDS_A_PLATFORM,
    READING,
    WITH_PARAMETERS,
    browser_of,
    digests,
    fields,
    foreign_values,
    leak,
    names_of_rows,
    queries,
    url,
)
from tests.access.routes import STRINGS, Route, list_routes
from tests.access.world import MARKER, SAID, World, make_world
from tests.factories.members import form_token
from tests.factories.standing import stand
from tests.fixtures.app import MovingClock

POSTS = [route for route in list_routes() if route.method != "GET" and route.access is not Access.EVERYONE]
POSTS_WITH_PARAMETERS = [route for route in POSTS if route.parameters]
KINDS_OF_ANSWER: tuple[dict[str, str], ...] = ({}, {"HX-Request": "true"}, {"Accept": "application/json"})


@pytest.fixture
def world(session: Session, moving_clock: MovingClock) -> World:
    return stand(session, "two sides", make_world)


@pytest.fixture
def stranger(app: Flask, session: Session, world: World) -> FlaskClient:
    return browser_of(app, session, world.ours.member_id)


@pytest.mark.parametrize("route", list_routes(), ids=str)
def test_every_route_declares_its_access_and_its_parameters_have_cases(route: Route) -> None:
    assert route.access is not None, f"{route.endpoint} declares no access (members/doors.py)"
    known = set(names_of_rows()) | {name for endpoint, name in STRINGS if endpoint == route.endpoint}
    assert set(route.parameters) <= known, f"{route.endpoint} has a parameter without a case"


def test_the_other_teams_ids_do_not_exist(app: Flask, session: Session, world: World, stranger: FlaskClient) -> None:
    token = form_token(stranger)
    before = digests(session)
    for route in WITH_PARAMETERS:
        for values, headers in product(foreign_values(route, world), KINDS_OF_ANSWER):
            form = fields(world.ours) if route.method != "GET" else None
            given = {"X-CSRFToken": token, **headers}
            answer = stranger.open(url(app, route, values), method=route.method, data=form, headers=given)
            assert answer.status_code == 404, f"{route} with {values} answered {answer.status_code}"
            assert leak(answer, MARKER) == "", f"{route} with {values}"
        assert digests(session) == before, f"{route} changed something"


def test_the_same_pages_answer_the_other_team(app: Flask, session: Session, world: World) -> None:
    """Without this a mistaken id would make the test above pass for nothing."""
    for route in [route for route in WITH_PARAMETERS if route.method == "GET"]:
        _answers_its_own(app, session, world, route)


@pytest.mark.parametrize("route", POSTS_WITH_PARAMETERS, ids=str)
def test_the_same_posts_answer_the_other_team(app: Flask, session: Session, world: World, route: Route) -> None:
    _answers_its_own(app, session, world, route)


def _answers_its_own(app: Flask, session: Session, world: World, route: Route) -> None:
    if route.access is not Access.MEMBERS or route.endpoint in NEEDS_A_PLATFORM:
        return
    for side in (world.theirs, world.their_private):
        browser = browser_of(app, session, side.member_id, is_admin=True)
        values = {name: side.ids[name] for name in route.parameters}
        form = fields(side) if route.method != "GET" else None
        given = {"X-CSRFToken": form_token(browser), "Accept": "text/html"}
        answer = browser.open(url(app, route, values), method=route.method, data=form, headers=given)
        assert answer.status_code not in (404, 405, 500), f"{route} with {values}: {answer.text[:300]}"


@pytest.mark.parametrize("route", POSTS, ids=str)
def test_foreign_ids_in_forms_reach_nothing(app: Flask, session: Session, world: World, route: Route) -> None:
    before = digests(session, world.theirs, world.their_private)
    for side in (world.theirs, world.their_private):
        stranger = browser_of(app, session, world.ours.member_id)
        values = {name: world.ours.ids[name] for name in route.parameters}
        given = {"X-CSRFToken": form_token(stranger)}
        answer = stranger.open(url(app, route, values), method=route.method, data=fields(side), headers=given)
        assert answer.status_code < 500, f"{route}: {answer.text[:300]}"
        assert leak(answer, SAID) == "", f"{route}"
    assert digests(session, world.theirs, world.their_private) == before, f"{route} changed something of theirs"


def test_pages_without_parameters_show_nothing_of_the_other_team(world: World, stranger: FlaskClient) -> None:
    for route in [route for route in READING if not route.parameters]:
        plain, *filtered = queries(world)
        for query, headers in [(plain, kind) for kind in KINDS_OF_ANSWER] + [(query, {}) for query in filtered]:
            answer = stranger.get(route.rule, query_string=query, headers=headers)
            assert answer.status_code < 500, f"{route} {query}: {answer.text[:300]}"
            assert MARKER in query.values() or leak(answer, MARKER) == "", f"{route} {query}"
            assert leak(answer, SAID) == "" or SAID in query.values(), f"{route} {query}"


def test_admins_read_only_through_grants(app: Flask, session: Session, world: World) -> None:
    browser = browser_of(app, session, world.admin_id)
    for route, side in product(READING, (world.theirs, world.their_private)):
        values = {name: STRINGS.get((route.endpoint, name)) or side.ids[name] for name in route.parameters}
        answer = browser.get(url(app, route, values))
        assert answer.status_code < 500, f"{route}: {answer.text[:300]}"
        assert leak(answer, SAID) == "", f"{route} with {values}"
