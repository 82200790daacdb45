"""What pages say, in words: each member at their own browser, and whoever follows a link at none."""

import html
import re
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from inbox.members.models import Member
from tests.factories.members import form_token, sign_in_as

_TAGS = re.compile(r"<(?:script|style|svg|title)\b.*?</(?:script|style|svg|title)>|<[^>]+>|[\u2066-\u2069]", re.DOTALL)
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


def words(page: str) -> str:
    """Return what can be read of a piece of HTML, with single spaces."""
    return " ".join(html.unescape(_TAGS.sub(" ", page)).replace("\u202f", " ").split())


def part(page: str, begins: str, ends: str) -> str:
    """Return what can be read between two marks of a page."""
    assert begins in page, begins
    return words(page.partition(begins)[2].partition(">")[2].partition(ends)[0])


@dataclass
class Browsing:
    """The browsers of a story's people."""

    app: Flask
    session: Session
    people: dict[str, int]
    _open: dict[str, FlaskClient] = field(default_factory=dict)

    def browser(self, name: str) -> FlaskClient:
        """Return somebody's browser, signed in."""
        if name not in self._open:
            member = self.session.get_one(Member, self.people[name])
            self._open[name] = sign_in_as(self.app, self.session, member)
        return self._open[name]

    def get(self, name: str, path: str) -> str:
        """Return a page as somebody sees it."""
        answer = self.browser(name).get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return str(answer.text)

    def post(self, name: str, path: str, **fields: Any) -> Any:
        """Post a form of somebody's page; it must be taken."""
        browser = self.browser(name)
        answer = browser.post(path, data={"csrf_token": form_token(browser, "/alerts"), **fields})
        assert answer.status_code in (200, 303), (path, answer.status_code, words(answer.text)[:200])
        return answer

    def send(self, name: str, conversation_id: int, text: str, **fields: Any) -> None:
        """Write into the composer and press Send, with what the page has in its hidden fields."""
        self.post(name, f"/c/{conversation_id}/draft")
        page = self.get(name, f"/c/{conversation_id}").partition('id="compose"')[2].partition("</form>")[0]
        hidden = {key: html.unescape(value) for key, value in _HIDDEN.findall(page)}
        hidden.pop("csrf_token")
        self.post(
            name, f"/c/{conversation_id}/reply", **(hidden | {"mode": "public", "text": text, "then": ""} | fields)
        )

    def stranger(self) -> FlaskClient:
        """Return a browser in which nobody is signed in: a scanner, or a telephone at night."""
        return self.app.test_client()
