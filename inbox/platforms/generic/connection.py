"""One account that a bridge speaks for: items are asked for and pushed, replies leave under an id of ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from inbox import clock
from inbox.platforms.contract import Account, Gone, Malformed, Pushed, Refused, Unavailable
from inbox.platforms.dates import skew
from inbox.platforms.generic import parse
from inbox.platforms.generic.calls import Calls
from inbox.platforms.generic.profile import read_profile
from inbox.platforms.generic.signing import check
from inbox.platforms.generic.values import flag, link, name_of, text, things, time
from inbox.platforms.items import (
    Context,
    Cursor,
    Edited,
    GoneItem,
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
    Absent,
    CannotLook,
    Found,
    LookUp,
    Ok,
    Outgoing,
    ParentGone,
    Preflight,
    Sent,
    Verified,
)
from inbox.platforms.shallow import load

ITEMS_AT_ONCE = 100
RECHECKED_AT_ONCE = 50


@dataclass(frozen=True)
class GenericConnection:
    """An account behind a bridge and the way to it."""

    calls: Calls
    account: Account

    def streams(self) -> Sequence[Stream]:
        """One list of everything, in the order in which the bridge has it."""
        return (Stream("mentions"),)

    def fetch(self, stream: str, cursor: Cursor | None, *, is_deep: bool = False) -> Page:
        """Read what came after the bridge's own mark; raises PlatformError."""
        if stream != "mentions":
            raise Refused(f"no such stream: {stream}")
        after = (cursor or {}).get("after")
        found, answered = self.calls.ask("items", after=after, limit=ITEMS_AT_ONCE)
        rows = found.get("items")
        if not isinstance(rows, list):
            raise Malformed("items must answer {items: [...], next: mark}", answered.body)
        mark = name_of(found, "next") or after
        # a mark that does not move would be asked for without end
        is_over = mark == after or not flag(found, "has_more")
        return Page(self._items(rows), {"after": mark}, is_complete=is_over, skew=skew(answered))

    def recheck(self, refs: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Look]:
        """Look again at messages, fifty at a time; what a bridge leaves out tells nothing."""
        looks: dict[str, Look] = {}
        ids = list(refs)
        for start in range(0, len(ids), RECHECKED_AT_ONCE):
            batch = ids[start : start + RECHECKED_AT_ONCE]
            try:
                found, _ = self.calls.ask("look", ids=batch)
            except Refused:
                return {one: Unknown() for one in ids}  # the bridge can't look: it tells of changes by itself
            seen = {_id_of(item): item for item in self._items(things(found, "items"))}
            looks |= {one: _look(seen.get(one)) for one in batch}
        return looks

    def context(self, external_id: str, ref: Mapping[str, Any]) -> Context:
        """Return the post that a message hangs on, where the bridge tells it."""
        try:
            found, _ = self.calls.ask("context", id=external_id)
        except Refused:
            return Context(None)
        items = self._items(things(found, "items"))
        post = next((item for item in items if isinstance(item, PostSeen)), None)
        return Context(post, tuple(item for item in items if isinstance(item, Message)))

    def parse(self, stream: str, raw: bytes) -> Sequence[Item]:
        """Parse an item from quarantine again."""
        try:
            row = load(raw)
        except ValueError:
            return [Unreadable(raw, "not JSON")]
        rows = row.get("items") if isinstance(row, dict) else None
        return self._items(rows if isinstance(rows, list) else [row])  # a whole push may have been set aside

    def prepare(self, outgoing: Outgoing, key: str) -> Outgoing:
        """Give the reply its id: under it the bridge keeps it, and twice under one id is once."""
        return replace(outgoing, preset={"id": key})

    def wanted_id(self, outgoing: Outgoing) -> str | None:
        """Return the id that was given."""
        return text(outgoing.preset, "id") or None

    def preflight(self, outgoing: Outgoing) -> Preflight:
        """Ask whether what is answered is still there, where the bridge can look."""
        seconds = self.account.pace.preflight_seconds
        try:
            found, _ = self.calls.ask("look", ids=[outgoing.parent_id], timeout_seconds=seconds, for_send=True)
        except Gone:
            return ParentGone()
        except Refused:
            return Ok()
        seen = {_id_of(item): item for item in self._items(things(found, "items"))}
        return ParentGone() if isinstance(seen.get(outgoing.parent_id), GoneItem) else Ok()

    def send(self, outgoing: Outgoing, key: str) -> Sent:
        """Hand the reply over once."""
        who = outgoing.recipient
        answer = self.calls.tell(
            "send",
            id=self.wanted_id(outgoing) or key,
            text=outgoing.text,
            in_reply_to=outgoing.parent_id,
            thread_id=outgoing.thread_key or outgoing.parent_ref.get("thread"),
            audience=outgoing.audience,
            is_private=outgoing.mode == "private",
            to={"id": who.external_id, "handle": who.handle} if who else None,
            language=outgoing.lang,
        )
        return self._sent(outgoing, answer, key)

    def find_sent(self, outgoing: Outgoing, not_before: datetime) -> LookUp:
        """Ask for the reply by its id; a no counts once it was said again, for a write may still be on its way."""
        wanted = self.wanted_id(outgoing) or ""
        try:
            found, _ = self.calls.ask("find", id=wanted, for_send=True)
        except Unavailable as error:
            return CannotLook(error.code)
        if flag(found, "is_sent"):
            return Found(self._sent(outgoing, found, wanted))
        # without a clear no, and while the bridge is still at it, nothing is known
        is_no = found.get("is_sent") is False and not flag(found, "is_pending")
        return Absent(is_sure=False) if is_no else CannotLook("pending")

    def _sent(self, outgoing: Outgoing, answer: Mapping[str, Any], key: str) -> Sent:
        return Sent(
            external_id=self.wanted_id(outgoing) or key,
            created_at=time(answer, "created_at"),
            permalink=link(answer, "link"),
            parent_id=name_of(answer, "in_reply_to") or outgoing.parent_id,
            audience=outgoing.audience,
            text=text(answer, "text") or outgoing.text,
            version="1",
            ref=dict(outgoing.parent_ref),
        )

    def as_stored(self, text: str) -> str:
        """A bridge keeps a text as it is."""
        return text

    def like(self, external_id: str, ref: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """Like a message; twice is once."""
        self.calls.tell("like", id=external_id)
        return {}

    def unlike(self, external_id: str, ref: Mapping[str, Any], liked: Mapping[str, Any]) -> None:
        """Take it back."""
        self.calls.tell("unlike", id=external_id)

    def hide(self, external_id: str, ref: Mapping[str, Any]) -> None:
        """Hide somebody's message."""
        self.calls.tell("hide", id=external_id)

    def unhide(self, external_id: str, ref: Mapping[str, Any]) -> None:
        """Show it again."""
        self.calls.tell("unhide", id=external_id)

    def delete_own(self, external_id: str, ref: Mapping[str, Any]) -> bool:
        """Delete a reply of ours; False where there is none."""
        try:
            self.calls.tell("delete", id=external_id)
        except Gone:
            return False
        return True

    def greet_push(self, params: Mapping[str, str]) -> str:
        """A bridge tries no address out: it is told by a signed call."""
        raise Refused("nothing to greet", code="not_offered")

    def start_push(self) -> None:
        """Tell the bridge where to push what is new."""
        self.calls.ask("push_to", url=self.account.push_url)

    def stop_push(self) -> None:
        """Tell it to push no more."""
        self.calls.ask("push_to", url=None)

    def check_push(self, headers: Mapping[str, str], body: bytes) -> None:
        """Check who signed a push, and when; raises Refused."""
        check(self.calls.keeper.current().values["secret"], headers, body, clock.now())

    def parse_push(self, body: bytes) -> Pushed:
        """Parse a push's items: {items: [...]}; raises Malformed."""
        try:
            found = load(body)
        except ValueError:
            raise Malformed("a push must be JSON", body) from None
        rows = found.get("items") if isinstance(found, dict) else None
        if not isinstance(rows, list):
            raise Malformed("a push must be {items: [...]}", body)
        return Pushed(self._items(rows))

    def verify(self) -> Verified:
        """Ask whose account it is."""
        return read_profile(self.calls)

    def _items(self, rows: Sequence[Any]) -> list[Item]:
        return parse.parse_all(rows, self.account.scope)


def _id_of(item: Item) -> str | None:
    return item.message.external_id if isinstance(item, Edited) else item.external_id


def _look(item: Item | None) -> Look:
    if isinstance(item, GoneItem):
        return IsGone()
    if isinstance(item, Edited):
        return item
    return Edited(item) if isinstance(item, Message) else Unknown()
