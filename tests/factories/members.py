"""Members who can sign in, and browsers that are signed in as them."""

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from inbox import clock
from inbox.members import passwords, sessions
from inbox.members.models import Member
from inbox.settings import Pace
from tests.factories.basics import make_member

PASSWORD = "four quiet herons"
_TOKEN = re.compile(r'name="csrf(?:_token|-token)" (?:value|content)="([^"]+)"')


def make_member_with_password(session: Session, password: str = PASSWORD, **given: Any) -> Member:
    """Add a member who signs in with this password, hashed at the least cost."""
    passwords.set_cost(memory_kib=8, rounds=1)
    return make_member(session, password_hash=passwords.hash_password(password), **given)


def make_session(session: Session, member: Member, *, at: Any = None) -> str:
    """Add a session of the member and return the cookie's token."""
    row, token = sessions.begin(session, member.id, "Firefox, Linux", pace=Pace())
    if at is not None:
        row.last_seen_at = row.created_at = at
    return token


def sign_in_as(app: Flask, session: Session, member: Member) -> FlaskClient:
    """Return a browser signed in as the member; commits what the test has made so far."""
    token = make_session(session, member)
    member.last_active_at = clock.now()
    session.commit()
    browser = app.test_client()
    browser.set_cookie(sessions.COOKIE, token)
    return browser


def form_token(browser: FlaskClient, path: str = "/password") -> str:
    """Return a form token of this browser, read from a page; send it as `csrf_token` or X-CSRFToken."""
    found = _TOKEN.search(browser.get(path).text)
    assert found is not None, f"no form token on {path}"
    return found.group(1)


def post(browser: FlaskClient, path: str, **fields: Any) -> Any:
    """Post a form as a page would, with its form token."""
    return browser.post(path, data={"csrf_token": form_token(browser), **fields})
