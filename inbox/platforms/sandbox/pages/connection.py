"""One page of the sandbox: posts, comments under each, private threads with a reply window (facebook.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inbox.platforms.contract import Account, Gone, PlatformError, Pushed, Refused
from inbox.platforms.items import (
    Context,
    Cursor,
    Edited,
    IsGone,
    Item,
    Look,
    Message,
    Page,
    PostSeen,
    Stream,
    Unknown,
    Unreadable,
)
from inbox.platforms.outgoing import (
    Forbidden,
    LookUp,
    Ok,
    Outgoing,
    ParentGone,
    Preflight,
    Sent,
    Verified,
    WindowClosed,
)
from inbox.platforms.sandbox.pages import parse, profile, writing
from inbox.platforms.sandbox.pages.calls import Calls
from inbox.platforms.sandbox.pages.lists import COMMENT_FIELDS, MESSAGE_FIELDS, POST_FIELDS, Lists
from inbox.platforms.sandbox.pages.pushing import Pushes, read_push
from inbox.platforms.sandbox.pages.writing import Writing
from inbox.platforms.shallow import load

RECHECKED_AT_ONCE = 50


@dataclass(frozen=True)
class PagesConnection:
    """A page and the way to it."""

    calls: Calls
    account: Account

    def streams(self) -> Sequence[Stream]:
        """Posts (each brings its comments), visitors' posts, private threads."""
        return (Stream("own_posts"), Stream("mentions"), Stream("direct"))

    def fetch(self, stream: str, cursor: Cursor | None, *, is_deep: bool = False) -> Page:
        """Read the next page of a stream; raises PlatformError."""
        lists = Lists(self.calls, self.account)
        if stream == "own_posts":
            return lists.own_posts(cursor, is_deep=is_deep)
        if stream == "mentions":
            return lists.mentions(cursor, is_deep=is_deep)
        if stream == "direct":
            return lists.direct(cursor, is_deep=is_deep)
        if stream.startswith("comments:"):
            return lists.comments(stream.removeprefix("comments:"), cursor, is_deep=is_deep)
        raise Refused(f"no such stream: {stream}")

    def recheck(self, refs: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Look]:
        """Read objects again, fifty at a time; one that is left out is asked for by itself."""
        looks: dict[str, Look] = {}
        by_kind: dict[str, list[str]] = {}
        for external_id, ref in refs.items():
            by_kind.setdefault(str(ref.get("kind", "comment")), []).append(external_id)
        for kind, ids in by_kind.items():
            for start in range(0, len(ids), RECHECKED_AT_ONCE):
                looks.update(self._recheck(kind, ids[start : start + RECHECKED_AT_ONCE], refs))
        return looks

    def _recheck(self, kind: str, ids: Sequence[str], refs: Mapping[str, Mapping[str, Any]]) -> dict[str, Look]:
        full = {str(refs[one].get("id", one)): one for one in ids}
        try:
            found = self.calls.object("", [("ids", ",".join(full)), ("fields", _fields(kind))])
        except PlatformError:
            found = {}
        looks: dict[str, Look] = {}
        for number, external_id in full.items():
            row = found.get(number)
            looks[external_id] = (
                self._read(kind, row, refs[external_id]) if row else self._look(kind, number, refs[external_id])
            )
        return looks

    def _look(self, kind: str, number: str, ref: Mapping[str, Any]) -> Look:
        try:
            row = self.calls.object(number, [("fields", _fields(kind))])
        except Gone:
            return IsGone()
        except PlatformError:
            # also a private message that fell out of the twenty newest: that it is gone is not said
            return Unknown()
        return self._read(kind, row, ref)

    def _read(self, kind: str, row: Any, ref: Mapping[str, Any]) -> Look:
        item = self._parse(kind, row, ref)
        return Edited(item) if isinstance(item, Message) else Unknown()

    def _parse(self, kind: str, row: Any, ref: Mapping[str, Any]) -> Item:
        own_id = self.account.external_id
        if kind == "direct":
            return parse.parse_direct(row, own_id, {"id": ref.get("thread")})
        if kind == "post":
            return parse.parse_visitor_post(row, own_id)
        return parse.parse_comment(row, own_id, str(ref.get("post", "")))

    def context(self, external_id: str, ref: Mapping[str, Any]) -> Context:
        """Return the post that a comment hangs on."""
        if ref.get("kind") != "comment":
            return Context(None)
        row = self.calls.object(str(ref.get("post")), [("fields", POST_FIELDS)])
        post = parse.parse_post(row, self.account.external_id)
        return Context(post if isinstance(post, PostSeen) else None)

    def parse(self, stream: str, raw: bytes) -> Sequence[Item]:
        """Parse an item from quarantine again."""
        try:
            row = load(raw)
        except ValueError:
            return [Unreadable(raw, "not JSON")]
        own_id = self.account.external_id
        if stream == "own_posts":
            return [parse.parse_post(row, own_id)]
        if stream == "mentions":
            return [parse.parse_post(row, own_id), parse.parse_visitor_post(row, own_id)]
        if stream == "direct":
            inner = row if isinstance(row, dict) else {}
            return [parse.parse_direct(inner.get("message"), own_id, inner.get("conversation"))]
        return [parse.parse_comment(row, own_id, stream.removeprefix("comments:"))]

    def prepare(self, outgoing: Outgoing, key: str) -> Outgoing:
        """Nothing can be fixed beforehand: there is no key and no own id (facebook.md §9)."""
        return outgoing

    def wanted_id(self, outgoing: Outgoing) -> str | None:
        """The platform gives the id."""
        return None

    def preflight(self, outgoing: Outgoing) -> Preflight:
        """Look whether the parent is there and still takes an answer."""
        kind = str(outgoing.parent_ref.get("kind", "comment"))
        try:
            if kind == "direct":
                return self._preflight_direct(outgoing)
            fields = [("fields", "id,can_comment,can_reply_privately" if kind == "comment" else "id")]
            seconds = self.account.pace.preflight_seconds
            row = self.calls.object(str(outgoing.parent_ref["id"]), fields, timeout_seconds=seconds, for_send=True)
        except Gone:
            return ParentGone()
        if outgoing.mode == "private" and row.get("can_reply_privately") is False:
            return WindowClosed("private_reply_used")
        return Forbidden("replies_closed") if row.get("can_comment") is False else Ok()

    def _preflight_direct(self, outgoing: Outgoing) -> Preflight:
        thread = outgoing.thread_key or str(outgoing.parent_ref.get("thread"))
        seconds = self.account.pace.preflight_seconds
        row = self.calls.object(thread, [("fields", "id,can_reply")], timeout_seconds=seconds, for_send=True)
        return WindowClosed() if row.get("can_reply") is False else Ok()

    def send(self, outgoing: Outgoing, key: str) -> Sent:
        """Make the one write call."""
        return Writing(self.calls, self.account).send(outgoing)

    def read_back(self, sent: Sent, outgoing: Outgoing) -> Sent:
        """Read a comment of ours again, of whose write only the id was told."""
        return Writing(self.calls, self.account).read_back(str(sent.ref.get("id", sent.external_id)), outgoing)

    def find_sent(self, outgoing: Outgoing, not_before: datetime) -> LookUp:
        """Look for our own words where they should be."""
        return Writing(self.calls, self.account).find(outgoing, not_before)

    def as_stored(self, text: str) -> str:
        """Return a text as the platform shows it back."""
        return writing.plain(text)

    def like(self, external_id: str, ref: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """Like as the page; twice is the same as once."""
        self.calls.post(f"{ref.get('id', external_id)}/likes", {})
        return {}

    def unlike(self, external_id: str, ref: Mapping[str, Any], liked: Mapping[str, Any]) -> None:
        """Take it back."""
        self.calls.delete(f"{ref.get('id', external_id)}/likes")

    def hide(self, external_id: str, ref: Mapping[str, Any]) -> None:
        """Hide a comment."""
        self.calls.post(str(ref.get("id", external_id)), {"is_hidden": True})

    def unhide(self, external_id: str, ref: Mapping[str, Any]) -> None:
        """Show it again."""
        self.calls.post(str(ref.get("id", external_id)), {"is_hidden": False})

    def delete_own(self, external_id: str, ref: Mapping[str, Any]) -> bool:
        """Delete a comment of ours. Private messages can't be taken back."""
        if ref.get("kind") == "direct":
            raise Refused("private messages can't be deleted here", code="not_offered")
        try:
            self.calls.delete(str(ref.get("id", external_id)))
        except Gone:
            return False
        return True

    def greet_push(self, params: Mapping[str, str]) -> str:
        """Answer the handshake."""
        return Pushes(self.calls, self.account).greet(params)

    def check_push(self, headers: Mapping[str, str], body: bytes) -> None:
        """Check a push's signature."""
        Pushes(self.calls, self.account).check(headers, body)

    def parse_push(self, body: bytes) -> Pushed:
        """Read a push."""
        return read_push(body)

    def start_push(self) -> None:
        """Subscribe."""
        Pushes(self.calls, self.account).start()

    def stop_push(self) -> None:
        """Subscribe no more."""
        Pushes(self.calls, self.account).stop()

    def verify(self) -> Verified:
        """Ask whose token it is."""
        return profile.read_profile(self.calls)


def _fields(kind: str) -> str:
    return {"direct": MESSAGE_FIELDS, "post": POST_FIELDS}.get(kind, COMMENT_FIELDS)
