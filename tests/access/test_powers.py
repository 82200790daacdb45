"""What a role and a grant leave out is refused on every route, also in the middle of a session."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.record import record
from inbox.live.server import make_stream_app
from inbox.members.doors import Access
from inbox.members.models import Grant, Member, Membership
from tests.access.calls import (
    NEEDS_A_PLATFORM,
    READING,
    WITH_PARAMETERS,
    browser_of,
    digests,
    fields,
    leak,
    queries,
    url,
)
from tests.access.routes import Route, list_routes
from tests.access.world import MARKER, SAID, Side, World, make_side, make_world
from tests.factories.members import form_token, sign_in_as
from tests.factories.standing import stand
from tests.fixtures.app import MovingClock

CONTENT = {
    "activity_id",
    "conversation_id",
    "delivery_id",
    "draft_id",
    "media_id",
    "message_id",
    "note_id",
    "quarantined_id",
    "thread_id",
}
ON_CONTENT = [r for r in WITH_PARAMETERS if r.access is Access.MEMBERS and set(r.parameters) <= CONTENT]
# A viewer may keep how far they have read, and what they were writing; both are theirs alone.
VIEWERS_OWN = {"triage.read", "triage.unread", "replies.save_draft", "replies.discard_draft"}
# What reaches the platform needs a team that may answer.
NEEDS_ANSWER = {
    "messages.like",
    "messages.like_and_excuse",
    "messages.unlike",
    "messages.delete_own",
    "replies.reply",
}


@pytest.fixture
def world(session: Session, moving_clock: MovingClock) -> World:
    return stand(session, "two sides", make_world)


def _post(app: Flask, browser: FlaskClient, route: Route, side: Side) -> Any:
    values = {name: side.ids[name] for name in route.parameters}
    token = {"X-CSRFToken": form_token(browser)}
    return browser.open(url(app, route, values), method=route.method, data=fields(side), headers=token)


def _posts() -> list[Route]:
    return [route for route in ON_CONTENT if route.method != "GET"]


def test_a_viewer_only_looks(app: Flask, session: Session, world: World) -> None:
    session.execute(update(Membership).where(Membership.member_id == world.ours.member_id).values(role="viewer"))
    browser = browser_of(app, session, world.ours.member_id)
    before = digests(session)
    for route in [route for route in _posts() if route.endpoint not in VIEWERS_OWN]:
        assert _post(app, browser, route, world.ours).status_code in (403, 404), str(route)
        assert digests(session) == before, f"{route} changed something"


def test_a_team_that_may_not_answer_reaches_no_platform(app: Flask, session: Session, world: World) -> None:
    session.execute(update(Grant).values(can_answer=False))
    browser = browser_of(app, session, world.ours.member_id)
    before = digests(session)
    for route in [route for route in _posts() if route.endpoint in NEEDS_ANSWER]:
        assert _post(app, browser, route, world.ours).status_code == 403, str(route)
        assert digests(session) == before, f"{route} changed something"


def test_the_routes_that_reach_a_platform_exist() -> None:
    assert {route.endpoint for route in list_routes()} >= NEEDS_ANSWER | VIEWERS_OWN


def test_private_messages_need_their_own_grant(app: Flask, session: Session, world: World) -> None:
    session.execute(update(Grant).values(can_see_private=False))
    browser = browser_of(app, session, world.their_private.member_id)
    before = digests(session)
    for route in ON_CONTENT:
        answer = _post(app, browser, route, world.their_private)
        assert answer.status_code == 404, str(route)
        assert leak(answer, SAID) == "", str(route)
        assert digests(session) == before, f"{route} changed something"


def test_pages_show_no_private_messages_without_the_grant(app: Flask, session: Session, world: World) -> None:
    session.execute(update(Grant).values(can_see_private=False))
    browser = browser_of(app, session, world.their_private.member_id)
    for route in [route for route in READING if not route.parameters]:
        for query in queries(world):
            answer = browser.get(route.rule, query_string=query)
            assert query.get("q") or leak(answer, SAID) == "", f"{route} {query}"


@pytest.mark.parametrize("loss", ["seat", "grant"])
def test_a_loss_counts_from_the_next_request(app: Flask, session: Session, world: World, loss: str) -> None:
    browser = browser_of(app, session, world.theirs.member_id)
    reading = [r for r in ON_CONTENT if r.method == "GET" and r.endpoint not in NEEDS_A_PLATFORM]
    assert reading
    for route in reading:
        assert _get(app, browser, route, world.theirs).status_code != 404, str(route)
    if loss == "seat":
        session.execute(delete(Membership).where(Membership.member_id == world.theirs.member_id))
    else:
        session.execute(delete(Grant).where(Grant.team_id == world.theirs.team_id))
    session.commit()
    for route in reading:
        answer = _get(app, browser, route, world.theirs)
        assert answer.status_code == 404, str(route)
        assert leak(answer, SAID) == "", str(route)
    for route in [route for route in READING if not route.parameters]:
        assert leak(browser.get(route.rule), SAID) == "", str(route)


def test_what_happens_on_the_other_side_changes_no_page_and_no_count(
    app: Flask, session: Session, world: World
) -> None:
    browser = browser_of(app, session, world.ours.member_id)
    before = dict(_pages(browser, world))
    assert any("giraffe" in page for page in before.values())
    for number in range(3):
        make_side(session, f"{MARKER}-{number}", said=f"{MARKER}-{SAID}-{number}", is_private=number == 1)
    session.commit()
    assert dict(_pages(browser, world)) == before


def test_a_stream_tells_what_was_missed_on_ones_own_side_alone(app: Flask, session: Session, world: World) -> None:
    start = record(session, kinds.CHANNEL_CHANGED).id
    for side in (world.ours, world.theirs, world.their_private):
        channel_id, conversation_id = side.ids["channel_id"], side.ids["conversation_id"]
        record(session, kinds.ASSIGNED, channel_id=channel_id, conversation_id=conversation_id)
    ours, theirs = (
        _first_of_stream(app, sign_in_as(app, session, _member(session, side)), start)
        for side in (world.ours, world.theirs)
    )
    assert "giraffe" in ours
    assert MARKER not in ours
    assert f"{MARKER}-{SAID}" in theirs
    assert f"{MARKER}-{SAID}-private" not in theirs
    assert "giraffe" not in theirs


def _member(session: Session, side: Side) -> Member:
    return session.get_one(Member, side.member_id)


def _first_of_stream(app: Flask, browser: FlaskClient, after: int) -> str:
    cookie = browser.get_cookie("relevo_session")
    assert cookie is not None
    listener = make_stream_app(app).test_client()
    listener.set_cookie("relevo_session", cookie.value)
    with listener.get("/stream", query_string={"after": after}, buffered=False) as answer:
        assert answer.status_code == 200
        return str(next(iter(answer.response)))


def _get(app: Flask, browser: FlaskClient, route: Route, side: Side) -> Any:
    return browser.get(url(app, route, {name: side.ids[name] for name in route.parameters}))


def _pages(browser: FlaskClient, world: World) -> Iterator[tuple[str, str]]:
    """Yield every page without parameters, without what differs each time."""
    for route in [route for route in READING if not route.parameters and route.access is Access.MEMBERS]:
        for number, query in enumerate(queries(world)):
            text = browser.get(route.rule, query_string=query).get_data(as_text=True)
            yield f"{route} {number}", re.sub(r'(csrf[-_]token" (?:content|value)=")[^"]+', r"\1", text)
