"""Pushes of the pages: signed by the app's secret, and hints rather than messages (facebook.md §10)."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inbox.platforms.contract import Account, Malformed, Pushed, Refused
from inbox.platforms.items import GoneItem
from inbox.platforms.sandbox.pages.calls import Calls
from inbox.platforms.sandbox.pages.parse import short
from inbox.platforms.shallow import load

SIGNED_BY = "x-hub-signature-256"
FIELDS = "feed,mention,messages,message_echoes,message_edits"


@dataclass(frozen=True)
class Pushes:
    """What one page is told, and how it is told so."""

    calls: Calls
    account: Account

    def greet(self, params: Mapping[str, str]) -> str:
        """Say the challenge back to whoever knows our word; raises Refused."""
        is_ours = hmac.compare_digest(params.get("hub.verify_token", "").encode(), self._word().encode())
        if params.get("hub.mode") != "subscribe" or not is_ours:
            raise Refused("not asked for by us", code="push_forged")
        return params.get("hub.challenge", "")[:200]

    def check(self, headers: Mapping[str, str], body: bytes) -> None:
        """Compare the signature of the raw bytes; raises Refused."""
        made = f"sha256={hmac.new(self._secret(), body, hashlib.sha256).hexdigest()}"
        if not hmac.compare_digest(headers.get(SIGNED_BY, "").encode(), made.encode()):
            raise Refused("the signature is not the app's", code="push_forged")

    def start(self) -> None:
        """Let the app push to our address, and the page tell the app."""
        values = self.calls.keeper.current().values
        app = f"{values.get('app_id', '')}|{values.get('app_secret', '')}"
        body = {"object": "page", "callback_url": self.account.push_url, "verify_token": self._word()}
        self.calls.post(f"{values.get('app_id', '')}/subscriptions", body, token=app)
        self.calls.post(f"{self.account.external_id}/subscribed_apps", {"subscribed_fields": FIELDS})

    def stop(self) -> None:
        """Let the page tell nothing more."""
        self.calls.delete(f"{self.account.external_id}/subscribed_apps")

    def _secret(self) -> bytes:
        return self.calls.keeper.current().values.get("app_secret", "").encode()

    def _word(self) -> str:
        words = f"relevo push\0{self.account.push_url}".encode()
        return hmac.new(self._secret(), words, hashlib.sha256).hexdigest()


def read_push(body: bytes) -> Pushed:
    """Return what a push says is gone, and which lists have something new; raises Malformed. Pure.

    A push holds less than the lists do (no permalink, no attachment, for private messages not even their exchange), so
    what is new is read there; what was deleted no list shows any more.
    """
    try:
        found = load(body)
    except ValueError:
        raise Malformed("a push that is no JSON", body) from None
    if not isinstance(found, dict) or not isinstance(found.get("entry"), list):
        raise Malformed("a push without entries", body)
    gone: list[GoneItem] = []
    due: set[str] = set()
    for entry in found["entry"]:
        for change in _objects(entry, "changes"):
            _read_change(change.get("field"), _object(change, "value"), gone, due)
        for event in _objects(entry, "messaging"):
            due.add("direct")
            message = _object(event, "message")
            if message.get("is_deleted") is True and isinstance(message.get("mid"), str):
                gone.append(GoneItem(message["mid"]))
    return Pushed(gone, sorted(due))


def _read_change(field: Any, value: Mapping[str, Any], gone: list[GoneItem], due: set[str]) -> None:
    post, comment = value.get("post_id"), value.get("comment_id")
    if value.get("verb") == "remove":
        name = comment if value.get("item") == "comment" else post
        if isinstance(name, str):  # a visitor's post is a message, ours are posts, under the longer name
            gone += [GoneItem(one) for one in sorted({name, short(name)})]
        return
    if field == "mention" or value.get("item") == "post":
        due |= {"mentions", "own_posts"}
    elif value.get("item") == "comment" and isinstance(post, str):
        due |= {f"comments:{post}", "mentions"}
    else:
        due.add("own_posts")


def _objects(value: Any, name: str) -> list[Mapping[str, Any]]:
    found = value.get(name) if isinstance(value, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}
