"""The doors of the web: each route declares who may pass, and a route that declares nothing is shut.

    @blueprint.get("/c/<int:conversation_id>")
    @doors.members
    def show(conversation_id: int) -> str: ...

The declaration stands nearest to the function. `members` lets in whoever is signed in; what they may
see inside is asked of members/access.py by the view's first line.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlencode

import structlog
from flask import Flask, Response, current_app, g, redirect, request, url_for
from sqlalchemy import Connection, Engine, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from inbox import clock
from inbox.database import db, read_only, set_read_only
from inbox.errors import NotAllowed, NotFound
from inbox.members import sessions
from inbox.members.models import Member, MemberSession
from inbox.settings import Settings

log = structlog.get_logger()
View = TypeVar("View", bound=Callable[..., Any])
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Access(StrEnum):
    """Who may pass a door."""

    EVERYONE = "everyone"
    MEMBERS = "members"
    ADMINS = "admins"


@dataclass(frozen=True)
class SignedIn:
    """Who asks: a snapshot of the member (not bound to the database session) and their session's id."""

    member: Member
    session_id: int


def everyone(view: View) -> View:
    """Let anybody in, signed in or not."""
    return _declare(view, access=Access.EVERYONE)


def members(view: View) -> View:
    """Let in whoever is signed in."""
    return _declare(view, access=Access.MEMBERS)


def admins(view: View) -> View:
    """Let in admins; for others the page does not exist."""
    return _declare(view, access=Access.ADMINS)


def with_one_time_password(view: View) -> View:
    """Let a member in who must still choose a password (besides `members`)."""
    return _declare(view, with_one_time_password=True)


def in_background(view: View) -> View:
    """Say that the page asks by itself: such a request is no sign that its member is active."""
    return _declare(view, in_background=True)


def declared(app: Flask) -> dict[str, Access | None]:
    """Return every endpoint's declaration; None where there is none, and then the route is shut."""
    return {rule.endpoint: _access(app, rule.endpoint) for rule in app.url_map.iter_rules()}


def current_member() -> Member:
    """Return who is signed in: a snapshot whose columns can be read at any time, without its relations.

    To change the member load the row by id. Raises NotAllowed where nobody is signed in.
    """
    return _signed_in().member


def current_session_id() -> int:
    """Return the id of the session by which this request is signed in."""
    return _signed_in().session_id


def find_member() -> Member | None:
    """Return who is signed in, or None; for doors that are open to everyone."""
    if "signed_in" not in g:
        g.signed_in = _load()
    found: SignedIn | None = g.signed_in
    return found.member if found else None


def set_up(app: Flask) -> None:
    """Stand before every request of this app."""
    app.before_request(_stand_guard)
    app.teardown_request(_leave)
    app.context_processor(lambda: {"me": _who_was_let_in()})


def _declare(view: View, **marks: object) -> View:
    for name, value in marks.items():
        setattr(view, f"door_{name}", value)
    return view


def _mark(app: Flask, endpoint: str, name: str) -> Any:
    return getattr(app.view_functions.get(endpoint), f"door_{name}", None)


def _access(app: Flask, endpoint: str) -> Access | None:
    if endpoint == "static":
        return Access.EVERYONE
    access: Access | None = _mark(app, endpoint, "access")
    return access


def _stand_guard() -> BaseResponse | None:
    set_read_only(request.method in _READING)
    g.pop("signed_in", None)
    if request.endpoint is None:
        return None  # Flask answers 404 or 405 by itself
    access = _access(current_app, request.endpoint)
    if access is None:
        log.error("route_without_access", endpoint=request.endpoint)
        raise NotFound("not_found")
    if access is Access.EVERYONE:
        return None
    return _let_in(request.endpoint, access)


def _let_in(endpoint: str, access: Access) -> BaseResponse | None:
    signed_in = g.signed_in = _load()
    if signed_in is None:
        return ask_to_sign_in()
    is_newcomer = signed_in.member.must_change_password
    if is_newcomer and not _mark(current_app, endpoint, "with_one_time_password"):
        return _go_to(url_for("members.password"))
    if access is Access.ADMINS and not signed_in.member.is_admin:
        raise NotFound("not_found")
    return None


def _load() -> SignedIn | None:
    """Read who asks, in a short transaction of its own: the view's begins when the view needs one."""
    token = request.cookies.get(sessions.COOKIE)
    if not token:
        return None
    settings: Settings = current_app.config["RELEVO"]
    with read_only(), Session(db.engine) as session:
        found = sessions.find_live(session, token, pace=settings.pace)
        if found is None:
            return None
        session.expunge_all()
    signed_in = SignedIn(found.member, found.id)
    _note_seen(signed_in, found.last_seen_at, settings.pace.seen_every_seconds)
    return signed_in


def _note_seen(signed_in: SignedIn, seen_at: datetime, every_seconds: float) -> None:
    now = clock.now()
    if now - seen_at < timedelta(seconds=every_seconds):
        return
    if request.endpoint and _mark(current_app, request.endpoint, "in_background"):
        return
    set_read_only(False)
    try:
        _write_seen(db.engine, signed_in, now)
    except OperationalError as error:  # somebody else writes: the next request will note it
        log.info("seen_not_noted", error=type(error.orig).__name__)
    finally:
        set_read_only(request.method in _READING)


def _write_seen(engine: Engine, signed_in: SignedIn, now: datetime) -> None:
    with engine.connect() as connection, _hardly_waiting(connection), connection.begin():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")
        row = update(MemberSession).where(MemberSession.id == signed_in.session_id)
        connection.execute(row.values(last_seen_at=now))
        member = update(Member).where(Member.id == signed_in.member.id)
        connection.execute(member.values(last_active_at=now))


@contextmanager
def _hardly_waiting(connection: Connection) -> Iterator[None]:
    """On SQLite wait 0.1 s for the write lock and no longer: a page that only reads must not stand still."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw: Any = connection.connection.dbapi_connection
    (usual,) = raw.execute("PRAGMA busy_timeout").fetchone()
    raw.execute("PRAGMA busy_timeout=100")
    try:
        yield
    finally:
        raw.execute(f"PRAGMA busy_timeout={int(usual)}")


def _signed_in() -> SignedIn:
    found: SignedIn | None = g.get("signed_in")
    if found is None:
        raise NotAllowed("sign_in_first")
    return found


def ask_to_sign_in() -> BaseResponse:
    """Answer that somebody must sign in, and bring them back to the page they wanted."""
    target = url_for("members.sign_in_page")
    if request.method == "GET" and "HX-Request" not in request.headers:
        wanted = request.full_path.rstrip("?")
        if wanted not in ("/", target):
            target = f"{target}?{urlencode({'next': wanted})}"
    return _go_to(target)


def _go_to(target: str) -> BaseResponse:
    if "HX-Request" in request.headers:
        return Response(status=200, headers={"HX-Redirect": target})
    return redirect(target, 303)


def _who_was_let_in() -> Member | None:
    found: SignedIn | None = g.get("signed_in")
    return found.member if found else None


def _leave(_error: BaseException | None) -> None:
    set_read_only(False)
