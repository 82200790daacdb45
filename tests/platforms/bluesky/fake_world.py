"""What the fake network knows: people, posts, sessions, private exchanges; the rules are bluesky.md's, line by line."""

import base64
import hashlib
import hmac
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

POST, LIKE, GATE = "app.bsky.feed.post", "app.bsky.feed.like", "app.bsky.feed.threadgate"
TOKEN_KEY = b"fake-network"


class Refusal(Exception):
    """An error answer: status, name, words."""

    def __init__(self, status: int, name: str, message: str = "") -> None:
        super().__init__(name)
        self.status, self.name, self.message = status, name, message


def write_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def cid_of(record: Any) -> str:
    digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).digest()
    return "bafyrei" + base64.b32encode(digest).decode().lower().rstrip("=")


def _part(claims: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


def make_token(**claims: Any) -> str:
    """Sign a JWT like the server's own."""
    signed = f"{_part({'alg': 'HS256', 'typ': 'at+jwt'})}.{_part(claims)}"
    mac = hmac.new(TOKEN_KEY, signed.encode(), "sha256").digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


@dataclass
class Person:
    """An account of the network. `app_passwords`: whether each may read private messages."""

    did: str
    handle: str
    name: str = ""
    password: str = "long-main-password"
    app_passwords: dict[str, bool] = field(default_factory=dict)
    status: str | None = None  # deactivated, takendown
    needs_mailed_code: bool = False
    takes_messages: bool = True
    blocks: set[str] = field(default_factory=set)

    def profile(self) -> dict[str, Any]:
        viewer = {"muted": False, "blockedBy": False}
        shown = {"did": self.did, "handle": self.handle, "labels": [], "viewer": viewer}
        return shown | ({"displayName": self.name} if self.name else {})


@dataclass
class Record:
    """A record in somebody's repository, and when the network learnt of it."""

    uri: str
    value: dict[str, Any]
    indexed_at: datetime
    is_notified: bool = True
    embed_view: dict[str, Any] | None = None
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def did(self) -> str:
        return self.uri.split("/")[2]

    @property
    def cid(self) -> str:
        return cid_of(self.value)

    @property
    def sort_at(self) -> datetime:
        """The earlier of the author's time and the server's: what lists are ordered by (bluesky.md §3)."""
        try:
            created_at = datetime.fromisoformat(self.value["createdAt"])
        except (KeyError, ValueError):
            return self.indexed_at
        return min(created_at, self.indexed_at)


@dataclass
class Session:
    """What a token stands for."""

    did: str
    scope: str
    is_refresh: bool = False
    is_stale: bool = False
    is_revoked: bool = False
    next: "Pair | None" = None


@dataclass(frozen=True)
class Pair:
    access: str
    refresh: str


@dataclass
class FakeConvo:
    """A private exchange."""

    id: str
    members: list[str]
    status: dict[str, str]
    messages: list[dict[str, Any]] = field(default_factory=list)
    rev: str = ""
    is_locked: bool = False


class World:
    """Everything, behind one lock."""

    def __init__(self, url: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.url, self.now = url, now
        self.lock = threading.RLock()
        self.people: dict[str, Person] = {}
        self.records: dict[str, Record] = {}
        self.sessions: dict[str, Session] = {}
        self.convos: dict[str, FakeConvo] = {}
        self.log: list[tuple[str, dict[str, Any]]] = []
        self.calls: list[str] = []
        self._count = 0
        self._last_at = datetime.min.replace(tzinfo=UTC)

    def rev(self) -> str:
        """The next version: rising, of TID's length."""
        self._count += 1
        return f"3{self._count:012d}"

    def moment(self) -> datetime:
        """The server's time, never twice the same millisecond."""
        self._last_at = max(self.now(), self._last_at + timedelta(milliseconds=1))
        return self._last_at

    def add_person(self, handle: str, **parts: Any) -> Person:
        """Make an account."""
        letters = base64.b32encode(hashlib.sha256(handle.encode()).digest()).decode().lower()[:24]
        person = Person(f"did:plc:{letters}", handle, **parts)
        self.people[person.did] = person
        return person

    def person(self, named: str) -> Person | None:
        """Find somebody by DID or handle."""
        return self.people.get(named) or next((p for p in self.people.values() if p.handle == named), None)

    def open_session(self, person: Person, scope: str, *, seconds: float = 7200) -> Pair:
        """Make a pair of tokens."""
        exp = int((self.now() + timedelta(seconds=seconds)).timestamp())
        access = make_token(scope=scope, sub=person.did, exp=exp, jti=self.rev())
        refresh = make_token(scope="com.atproto.refresh", sub=person.did, exp=exp + 90 * 86400, jti=self.rev())
        self.sessions[access] = Session(person.did, scope)
        self.sessions[refresh] = Session(person.did, scope, is_refresh=True)
        return Pair(access, refresh)

    def expire_access_tokens(self) -> None:
        """Let two hours pass for every access token."""
        for session in self.sessions.values():
            session.is_stale = session.is_stale or not session.is_refresh

    def revoke_all(self) -> None:
        """End every session, as when its app password is revoked; access tokens outlive it (measured)."""
        for session in self.sessions.values():
            session.is_revoked = session.is_revoked or session.is_refresh

    def post(self, who: Person, text: str, *, parent: Record | None = None, **parts: Any) -> Record:
        """Let somebody write a post. `created_at` is what its author says, `rkey`, `value` for anything else."""
        at = self.moment()
        created_at: datetime = parts.pop("created_at", at)
        rkey: str = parts.pop("rkey", self.rev())
        is_notified: bool = parts.pop("is_notified", True)
        embed_view = parts.pop("embed_view", None)
        value: dict[str, Any] = {"$type": POST, "text": text, "createdAt": write_time(created_at), **parts}
        if parent is not None:
            here = {"uri": parent.uri, "cid": parent.cid}
            value["reply"] = {"root": parent.value.get("reply", {}).get("root", here), "parent": here}
        uri = f"at://{who.did}/{POST}/{rkey}"
        self.records[uri] = Record(uri, value, at, is_notified, embed_view)
        return self.records[uri]

    def mention(self, who: Person, whom: Person, before: str = "Hola ", after: str = "!", **parts: Any) -> Record:
        """Let somebody mention somebody."""
        start = len(before.encode())
        index = {"byteStart": start, "byteEnd": start + 1 + len(whom.handle.encode())}
        feature = {"$type": "app.bsky.richtext.facet#mention", "did": whom.did}
        facets = [{"index": index, "features": [feature]}]
        return self.post(who, f"{before}@{whom.handle}{after}", facets=facets, **parts)

    def quote(self, who: Person, quoted: Record, text: str) -> Record:
        """Let somebody quote a post."""
        embed = {"$type": "app.bsky.embed.record", "record": {"uri": quoted.uri, "cid": quoted.cid}}
        return self.post(who, text, embed=embed)

    def posts(self) -> Iterable[Record]:
        """Return the posts that can be seen, oldest first."""
        found = [r for r in self.records.values() if f"/{POST}/" in r.uri and self.people[r.did].status is None]
        return sorted(found, key=lambda record: record.sort_at)

    def say(self, convo: FakeConvo, who: Person, text: str, **parts: Any) -> dict[str, Any]:
        """Let somebody write in an exchange."""
        rev = self.rev()
        message = {
            "$type": "chat.bsky.convo.defs#messageView",
            "id": rev,
            "rev": rev,
            "text": text,
            "sender": {"did": who.did},
            "sentAt": write_time(self.moment()),
            **parts,
        }
        convo.messages.append(message)
        convo.rev = rev
        self.log.append((rev, {"$type": "chat.bsky.convo.defs#logCreateMessage", "convoId": convo.id, "rev": rev,
                               "message": message}))  # fmt: skip
        return message

    def unsay(self, convo: FakeConvo, id_: str) -> None:
        """Delete a private message for everybody."""
        rev = self.rev()
        place = next(i for i, message in enumerate(convo.messages) if message["id"] == id_)
        gone = {k: v for k, v in convo.messages[place].items() if k in ("id", "sender", "sentAt")}
        gone |= {"$type": "chat.bsky.convo.defs#deletedMessageView", "rev": rev}
        convo.messages[place] = gone
        convo.rev = rev
        self.log.append((rev, {"$type": "chat.bsky.convo.defs#logDeleteMessage", "convoId": convo.id, "rev": rev,
                               "message": gone}))  # fmt: skip

    def begin_convo(self, *members: Person, requested_of: Person | None = None) -> FakeConvo:
        """Open an exchange; `requested_of` has not accepted it yet."""
        status = {one.did: "request" if one is requested_of else "accepted" for one in members}
        convo = FakeConvo(self.rev(), [one.did for one in members], status, rev=self.rev())
        self.convos[convo.id] = convo
        entry = {"$type": "chat.bsky.convo.defs#logBeginConvo", "convoId": convo.id, "rev": convo.rev}
        self.log.append((convo.rev, entry))
        return convo
