"""A platform at the edge of the tests: it accepts, refuses, hangs and forgets as the script says.

Its ledger is what the tests compare with: what it accepted is what people on the platform can read.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from inbox import clock
from inbox.channels.models import Channel
from inbox.platforms.contract import Connection, Unavailable, Unclear
from inbox.platforms.items import Author, Context, Cursor, Item, Look, Message, Page, Stream
from inbox.platforms.outgoing import Absent, CannotLook, Found, LookUp, Ok, Outgoing, Preflight, Sent, Verified

Step = str | BaseException | Callable[["FakePlatform", Outgoing], Sent]


class Killed(BaseException):
    """The worker process is gone at this instant: nothing after it runs."""


@dataclass
class FakePlatform:
    """What the platform knows, and how it behaves next.

    `steps`, one a send: ok; hang (accepts, never answers); drop (does not accept, never answers); kill
    (accepts, and the worker dies); misplace, lift (it hangs nowhere), widen; or an error to raise. Empty: ok.
    `looks`: sure (by our own id), plain (by text, honest), blind (never finds), cannot.
    """

    steps: list[Step] = field(default_factory=list)
    preflights: list[Preflight | BaseException] = field(default_factory=list)
    looks: str = "plain"
    has_own_ids: bool = False
    hides_new: bool = False  # what was accepted is not shown yet
    ledger: dict[str, Sent] = field(default_factory=dict)
    accepted: list[Sent] = field(default_factory=list)
    sends: int = 0
    looked_from: datetime | None = None
    calls: list[str] = field(default_factory=list)
    before_send: Callable[[], None] = lambda: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def connect(self, _channel: Channel) -> Connection:
        """Open a connection, as channels/connections.py does."""
        return FakeConnection(self)

    def accept(self, outgoing: Outgoing, **changes: Any) -> Sent:
        """Put a reply into the ledger, under our own id where it has one."""
        with self.lock:
            external_id = str(outgoing.preset.get("id") or f"ours-{len(self.accepted) + 1}")
            sent = Sent(
                external_id,
                created_at=clock.now(),
                permalink=f"https://social.example/{external_id}",
                parent_id=outgoing.parent_id,
                audience=outgoing.audience,
                text=outgoing.text,
                version="v1",
                ref={"cid": external_id},
            )
            sent = replace(sent, **changes)
            if external_id not in self.ledger:  # a repeated id of ours changes nothing
                self.ledger[external_id] = sent
                self.accepted.append(sent)
        return sent

    def polled(self, sent: Sent, **changes: Any) -> Message:
        """Return an accepted reply as a poll shows it."""
        item = Message(
            external_id=sent.external_id,
            author=Author("brand"),
            kind="comment",
            audience=sent.audience or "public",
            text=sent.text or "",
            parent_id=sent.parent_id,
            authored_at=sent.created_at,
            permalink=sent.permalink,
            version=sent.version,
            ref=dict(sent.ref),
        )
        return replace(item, **changes)


@dataclass
class FakeConnection:
    """One connection to the fake platform; the contract's methods that sending uses."""

    platform: FakePlatform

    def prepare(self, outgoing: Outgoing, key: str) -> Outgoing:
        """Fix our own id, where the platform has them."""
        return replace(outgoing, preset={"id": f"fixed-{key}"}) if self.platform.has_own_ids else outgoing

    def wanted_id(self, outgoing: Outgoing) -> str | None:
        """Return our own id."""
        return outgoing.preset.get("id")

    def as_stored(self, text: str) -> str:
        """The platform keeps texts as they are."""
        return text

    def preflight(self, outgoing: Outgoing) -> Preflight:
        """Answer as scripted."""
        self.platform.calls.append("preflight")
        step = self.platform.preflights.pop(0) if self.platform.preflights else Ok()
        if isinstance(step, BaseException):
            raise step
        return step

    def send(self, outgoing: Outgoing, key: str) -> Sent:
        """Do as scripted."""
        self.platform.calls.append("send")
        self.platform.before_send()
        with self.platform.lock:
            self.platform.sends += 1
            step = self.platform.steps.pop(0) if self.platform.steps else "ok"
        return self._do(step, outgoing)

    def _do(self, step: Step, outgoing: Outgoing) -> Sent:
        if isinstance(step, BaseException):
            raise step
        if callable(step):
            return step(self.platform, outgoing)
        if step == "drop":
            raise Unclear("no answer")
        if step == "misplace":
            return self.platform.accept(outgoing, parent_id="another-root")
        if step == "lift":
            return self.platform.accept(outgoing, parent_id="")
        if step == "widen":
            return self.platform.accept(outgoing, audience="public")
        sent = self.platform.accept(outgoing)
        if step == "hang":
            raise Unclear("no answer within 20 s")
        if step == "kill":
            raise Killed
        return sent

    def find_sent(self, outgoing: Outgoing, not_before: datetime) -> LookUp:
        """Look as this platform can."""
        self.platform.calls.append("look")
        self.platform.looked_from = not_before
        if self.platform.looks == "cannot":
            return CannotLook("no_list")
        if self.platform.looks == "sure":
            found = self.platform.ledger.get(str(outgoing.preset.get("id")))
            return Found(found) if found else Absent(is_sure=True)
        texts = list(self.platform.ledger.values()) if self.platform.looks == "plain" else []
        for sent in texts:
            if (sent.text, sent.parent_id) == (outgoing.text, outgoing.parent_id):
                return Found(sent)
        return Absent(is_sure=False, candidates=[one for one in texts if one.parent_id == outgoing.parent_id])

    def read_back(self, sent: Sent, outgoing: Outgoing) -> Sent:
        """Tell where a reply stands, unless new ones are not shown yet."""
        self.platform.calls.append("read_back")
        if self.platform.hides_new:
            raise Unavailable("timeout")
        return self.platform.ledger[sent.external_id]

    def delete_own(self, external_id: str, ref: Mapping[str, Any]) -> bool:
        """Take a reply out of the ledger, where it is shown already."""
        self.platform.calls.append("delete_own")
        if self.platform.hides_new:
            return False
        return self.platform.ledger.pop(external_id, None) is not None

    def like(self, external_id: str, ref: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """Like, once per key."""
        self.platform.calls.append(f"like {external_id} {key}")
        return {"id": key}

    def unlike(self, external_id: str, ref: Mapping[str, Any], liked: Mapping[str, Any]) -> None:
        """Take a like back."""
        self.platform.calls.append(f"unlike {external_id} {liked['id']}")

    # What sending never calls.
    def streams(self) -> Sequence[Stream]:
        """Not asked here."""
        raise AssertionError

    def fetch(self, stream: str, cursor: Cursor | None, *, is_deep: bool = False) -> Page:
        """Not asked here."""
        raise AssertionError

    def recheck(self, refs: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Look]:
        """Not asked here."""
        raise AssertionError

    def context(self, external_id: str, ref: Mapping[str, Any]) -> Context:
        """Not asked here."""
        raise AssertionError

    def parse(self, stream: str, raw: bytes) -> Sequence[Item]:
        """Not asked here."""
        raise AssertionError

    def hide(self, external_id: str, ref: Mapping[str, Any]) -> None:
        """Not asked here."""
        raise AssertionError

    def unhide(self, external_id: str, ref: Mapping[str, Any]) -> None:
        """Not asked here."""
        raise AssertionError

    def parse_push(self, headers: Mapping[str, str], body: bytes) -> Sequence[Item]:
        """Not asked here."""
        raise AssertionError

    def verify(self) -> Verified:
        """Not asked here."""
        raise AssertionError
