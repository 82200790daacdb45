"""What a browser that is none sends: every route, every parameter, field and header, on both databases.

The routes and the fields that each of them reads come from the application itself.
"""

import inspect
from collections.abc import Iterator, Mapping
from itertools import chain, product
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from inbox.members.doors import Access
from tests.access.calls import browser_of, fields, queries, url
from tests.access.routes import STRINGS, Route, list_routes
from tests.access.world import World, make_world
from tests.factories.members import form_token
from tests.factories.standing import stand

NUMBERS = ("9223372036854775807", "9223372036854775808", "9" * 400, "0", "-1", "٣", "1_0", "")
TEXTS = ("a\0b", "\ud800", "x" * 5000, "'\";--<script>", "\u202e{{7*7}}%s%n", "../../etc/passwd")
HEADERS: tuple[dict[str, str], ...] = (
    {"Host": "evil.example"},
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"},
    {"Cookie": "session=" + "x" * 60_000},
    {"Cookie": "; ".join(f"c{number}=1" for number in range(2000))},
    {"Accept-Language": "x" * 5000},
    {"Accept-Language": ",".join(f"en;q=0.{number}" for number in range(2000))},
    {"Accept": "*/*;q=nan, text/html;q=-1"},
    {"Content-Type": "multipart/form-data"},
    {"Content-Length": "-1"},
    {"Range": "bytes=0-,1-,2-"},
    {"If-None-Match": '"' + "x" * 5000},
    {"HX-Request": "true", "HX-Target": '"><script>'},
    {"Last-Event-ID": "9" * 400},
    {"Origin": "null"},
)
WORST = ("9223372036854775808", "-1", "", "a\0b", "\ud800", "x" * 5000)
OTHER_NAMES = ("after", "before", "message", "next", "seen_seq")
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def world(session: Session) -> World:
    return stand(session, "two sides", make_world)


@pytest.fixture
def admin(app: Flask, session: Session, world: World) -> FlaskClient:
    return browser_of(app, session, world.admin_id)


def paths(app: Flask, route: Route, world: World) -> Iterator[str]:
    """Return the addresses of a route with one parameter at a time spoilt."""
    own: dict[str, Any] = {
        name: STRINGS.get((route.endpoint, name), world.ours.ids.get(name, 1)) for name in route.parameters
    }
    for name in route.parameters:
        for value in chain(NUMBERS, TEXTS):
            marked = {**own, name: 77_001 if (route.endpoint, name) not in STRINGS else "a-marked-place"}
            yield url(app, route, marked).replace("77001", spoilt(value)).replace("a-marked-place", spoilt(value))


def spoilt(text: str) -> str:
    """Return a text as a careless or hostile client puts it into an address or a form: any bytes."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def body(form: Mapping[str, str]) -> bytes:
    """Return a form's body."""
    return "&".join(f"{name}={spoilt(value)}" for name, value in form.items()).encode()


def read_by(app: Flask, route: Route, names: Mapping[str, Any]) -> list[str]:
    """Return those names that stand in the module of a route."""
    module = inspect.getmodule(inspect.unwrap(app.view_functions[route.endpoint]))
    source = inspect.getsource(module) if module else ""
    return [name for name in names if f'"{name}"' in source]


def own_path(app: Flask, route: Route, world: World) -> str:
    """Return the address of a route that leads to what is the caller's."""
    values = {name: STRINGS.get((route.endpoint, name), world.ours.ids.get(name)) for name in route.parameters}
    return url(app, route, values)


def test_no_parameter_breaks_a_route(app: Flask, admin: FlaskClient, world: World) -> None:
    given = {"X-CSRFToken": form_token(admin)}
    for route in [route for route in list_routes() if route.parameters]:
        form = fields(world.ours) if route.method != "GET" else None
        for path in paths(app, route, world):
            answer = admin.open(path, method=route.method, data=form, headers=given)
            assert answer.status_code < 500, f"{route.method} {path[:90]}: {answer.text[:300]}"


def test_no_query_breaks_a_page(app: Flask, admin: FlaskClient, world: World) -> None:
    known = dict.fromkeys([*(name for query in queries(world) for name in query), *OTHER_NAMES], "")
    for route in [route for route in list_routes() if route.method == "GET"]:
        path = own_path(app, route, world)
        for name, value in product(sorted({*read_by(app, route, known), "locale"}), WORST):
            answer = admin.get(f"{path}?{name}={spoilt(value)}")
            assert answer.status_code < 500, f"{path}?{name}={value[:40]!r}: {answer.text[:300]}"


def test_no_method_breaks_a_route(app: Flask, admin: FlaskClient, world: World) -> None:
    methods = {"HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "BREW"}
    for route in list_routes():
        path = own_path(app, route, world)
        for method in methods - {route.method}:
            answer = admin.open(path, method=method, headers={"X-HTTP-Method-Override": "DELETE"})
            assert answer.status_code < 500, f"{method} {path}"
            assert answer.status_code >= 400 or method in ("HEAD", "OPTIONS"), f"{method} {path}"


@pytest.mark.parametrize("route", [route for route in list_routes() if route.method != "GET"], ids=str)
def test_no_field_breaks_a_form(app: Flask, session: Session, world: World, route: Route) -> None:
    path = own_path(app, route, world)
    whole = {name: str(value) for name, value in fields(world.ours).items()}
    extra = {
        "password": "x",
        "password_again": "x",
        "time_zone": "UTC",
        "locale": "en",
        "theme": "dark",
        "undo_seconds": "8",
    }
    form = {**extra, **whole}
    for name in read_by(app, route, form) or ["text"]:
        admin = browser_of(app, session, world.admin_id)
        given = {"X-CSRFToken": form_token(admin)} if route.access is not Access.EVERYONE else {}
        for value in WORST:
            sent = body({**form, name: value})
            answer = admin.open(path, method=route.method, data=sent, content_type=FORM, headers=given)
            assert answer.status_code < 500, f"{route} with {name}={value[:40]!r}: {answer.text[:300]}"


def test_no_header_breaks_a_page(admin: FlaskClient, world: World) -> None:
    conversation = f"/c/{world.ours.ids['conversation_id']}"
    pages = ("/queue?view=everything", conversation, "/sign-in", "/healthz", "/live/poll?after=0")
    for headers, path in product(HEADERS, pages):
        answer = admin.get(path, headers=headers)
        assert answer.status_code < 500, f"{path} with {headers}: {answer.text[:300]}"
        assert "evil.example" not in answer.text
        assert "evil.example" not in answer.headers.get("Location", "")
