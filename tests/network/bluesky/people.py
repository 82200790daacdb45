"""People on the network, as they would use it with an app: they sign up, write, mention, quote, edit and delete."""

import base64
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx

from tests.network.bluesky.network import Network

BYPASS = {"x-ratelimit-bypass": "let-me-through"}
POST = "app.bsky.feed.post"
PASSWORD = "correct-horse-1"
TOKEN_KEY = b"jwt-secret"
_NUMBERS = itertools.count(1)

Ref = dict[str, str]
Found = TypeVar("Found")


class Failed(Exception):
    """An error answer."""


def eventually(find: Callable[[], Found], what: str, seconds: float = 60) -> Found:
    """Return the first true thing that `find` gives; fails with `what` when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        found = find()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


@dataclass
class Somebody:
    """An account on the network's server."""

    network: Network
    name: str = "fan"
    did: str = ""
    handle: str = ""
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        self.handle = f"{self.name}{next(_NUMBERS)}.test"
        body = {"handle": self.handle, "email": f"{self.handle}@example.test", "password": PASSWORD}
        made = self.call("com.atproto.server.createAccount", body)
        self.did, self.token = made["did"], made["accessJwt"]

    def call(self, nsid: str, body: Any = None, **query: Any) -> Any:
        """Make one call; raises Failed."""
        headers = dict(BYPASS)
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        url = f"{self.network.pds}/xrpc/{nsid}"
        if body is None:
            answer = httpx.get(url, params=query, headers=headers, timeout=30)
        else:
            answer = httpx.post(url, json=body, headers=headers, timeout=30)
        if answer.status_code >= 400:
            raise Failed(answer.text)
        return answer.json() if answer.content else {}

    def act(self, nsid: str) -> None:
        """Call a procedure without a body."""
        headers = BYPASS | {"authorization": f"Bearer {self.token}"}
        answer = httpx.post(f"{self.network.pds}/xrpc/{nsid}", headers=headers, timeout=30)
        if answer.status_code >= 400:
            raise Failed(answer.text)

    def post(self, text: str, *, created_at: datetime | None = None, **parts: Any) -> Ref:
        """Write a post."""
        written = {"$type": POST, "text": text, "createdAt": stamp(created_at or datetime.now(UTC)), **parts}
        body = {"repo": self.did, "collection": POST, "record": written}
        made = self.call("com.atproto.repo.createRecord", body)
        return {"uri": made["uri"], "cid": made["cid"]}

    def reply(self, parent: Ref, text: str, *, root: Ref | None = None, **parts: Any) -> Ref:
        """Answer a post."""
        return self.post(text, reply={"root": root or parent, "parent": parent}, **parts)

    def mention(self, whom: "Somebody", before: str, after: str = "", **parts: Any) -> Ref:
        """Mention somebody."""
        start = len(before.encode())
        index = {"byteStart": start, "byteEnd": start + 1 + len(whom.handle.encode())}
        feature = {"$type": "app.bsky.richtext.facet#mention", "did": whom.did}
        facets = [{"index": index, "features": [feature]}]
        return self.post(f"{before}@{whom.handle}{after}", facets=facets, **parts)

    def quote(self, quoted: Ref, text: str) -> Ref:
        """Quote a post."""
        return self.post(text, embed={"$type": "app.bsky.embed.record", "record": quoted})

    def edit(self, post: Ref, text: str) -> Ref:
        """Overwrite a post with another text."""
        rkey = post["uri"].rpartition("/")[2]
        known = self.call("com.atproto.repo.getRecord", repo=self.did, collection=POST, rkey=rkey)["value"]
        body = {"repo": self.did, "collection": POST, "rkey": rkey, "record": {**known, "text": text}}
        made = self.call("com.atproto.repo.putRecord", body)
        return {"uri": made["uri"], "cid": made["cid"]}

    def delete(self, post: Ref) -> None:
        """Delete a post."""
        body = {"repo": self.did, "collection": POST, "rkey": post["uri"].rpartition("/")[2]}
        self.call("com.atproto.repo.deleteRecord", body)

    def app_password(self) -> str:
        """Make an app password that may also read private messages."""
        body = {"name": f"relevo {next(_NUMBERS)}", "privileged": True}
        return str(self.call("com.atproto.server.createAppPassword", body)["password"])

    def sees(self, uri: str) -> bool:
        """Tell whether the AppView shows a post."""
        return bool(self.call("app.bsky.feed.getPosts", uris=uri)["posts"])

    def records(self) -> list[dict[str, Any]]:
        """Return the posts in the own repository, as its server has them."""
        return list(self.call("com.atproto.repo.listRecords", repo=self.did, collection=POST, limit=100)["records"])


def stamp(at: datetime) -> str:
    """Write a time as apps do."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def expired(token: str) -> str:
    """Return an access token as it is two hours later: the same claims, signed with the network's own key."""
    _, claims, _ = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    past = int((datetime.now(UTC) - timedelta(minutes=1)).timestamp())
    parts = [_part({"typ": "at+jwt", "alg": "HS256"}), _part({**said, "iat": past - 7200, "exp": past})]
    mac = hmac.new(TOKEN_KEY, ".".join(parts).encode(), hashlib.sha256).digest()
    return ".".join([*parts, base64.urlsafe_b64encode(mac).decode().rstrip("=")])


def _part(said: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
