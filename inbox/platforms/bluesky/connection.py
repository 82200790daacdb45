"""One connected account: the contract's methods, each handed to the module that knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from inbox.platforms.bluesky import chat_sending, sending
from inbox.platforms.bluesky.chat import PAGE as CHAT_PAGE
from inbox.platforms.bluesky.chat import ChatStream
from inbox.platforms.bluesky.chat_parse import Convo, parse_chat
from inbox.platforms.bluesky.chat_sending import PrivateReplies
from inbox.platforms.bluesky.looks import Looks
from inbox.platforms.bluesky.profile import Profile
from inbox.platforms.bluesky.sending import PublicReplies
from inbox.platforms.bluesky.streams import PAGE, PublicStreams, parse_again
from inbox.platforms.bluesky.values import text, thing
from inbox.platforms.bluesky.xrpc import Calls
from inbox.platforms.contract import Account, Refused
from inbox.platforms.items import Context, Cursor, Item, Look, Page, Stream, Unreadable
from inbox.platforms.outgoing import Forbidden, LookUp, Outgoing, Preflight, Sent, Verified
from inbox.platforms.shallow import load

COMMENTS = "comments:"


@dataclass(frozen=True)
class BlueskyConnection:
    """A contract.Connection; `page_size` is smaller in tests alone."""

    calls: Calls
    account: Account
    page_size: int = PAGE

    @cached_property
    def _public(self) -> PublicStreams:
        return PublicStreams(self.calls, self.account, self.page_size)

    @cached_property
    def _chat(self) -> ChatStream:
        return ChatStream(self.calls, self.account, min(self.page_size, CHAT_PAGE))

    @cached_property
    def _public_replies(self) -> PublicReplies:
        return PublicReplies(self.calls, self.account, self._public)

    @cached_property
    def _private_replies(self) -> PrivateReplies:
        return PrivateReplies(self.calls, self.account, self._chat)

    @cached_property
    def _looks(self) -> Looks:
        return Looks(self.calls, self.account, self._public, self._chat)

    def streams(self) -> Sequence[Stream]:
        """Return the account's lists; private messages are asked for, since a password may not be made for them."""
        lacks = Profile(self.calls).why_not_direct()
        return (Stream("mentions"), Stream("own_posts"), Stream("direct", is_available=lacks is None, reason=lacks))

    def fetch(self, stream: str, cursor: Cursor | None, *, is_deep: bool = False) -> Page:
        """Read the next page of a stream."""
        if stream == "mentions":
            return self._public.notifications(cursor, is_deep=is_deep)
        if stream == "own_posts":
            return self._public.own_posts(cursor, is_deep=is_deep)
        if stream == "direct":
            return self._chat.fetch(cursor, is_deep=is_deep)
        if stream.startswith(COMMENTS):
            return self._public.comments(stream.removeprefix(COMMENTS), cursor)
        raise Refused(f"no such stream: {stream[:100]}")

    def recheck(self, refs: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Look]:
        """Look again at messages."""
        return self._looks.recheck(refs)

    def context(self, external_id: str, ref: Mapping[str, Any]) -> Context:
        """Return what a message hangs on."""
        return self._looks.context(external_id)

    def parse(self, stream: str, raw: bytes) -> Sequence[Item]:
        """Parse what was kept in quarantine again."""
        try:
            found = load(raw)
        except ValueError:
            return [Unreadable(raw, "not_json")]
        if stream != "direct":
            return parse_again(stream, found, self.account.external_id)
        convo = Convo(text(found, "convoId") or text(thing(found, "convo"), "id"), {})
        item = parse_chat(thing(found, "message") or found, convo, self.account.external_id)
        return [item] if item is not None else []

    def prepare(self, outgoing: Outgoing, key: str) -> Outgoing:
        """Fix what will be sent: a public reply's key and record, a private one's message."""
        if outgoing.mode == "private":
            return replace(outgoing, preset={"message": chat_sending.prepare(outgoing)})
        return sending.prepare(outgoing, key)

    def wanted_id(self, outgoing: Outgoing) -> str | None:
        """Return the at-uri that a public reply will have; private ones get theirs from the service."""
        return None if outgoing.mode == "private" else sending.wanted_id(outgoing, self.account.external_id)

    def preflight(self, outgoing: Outgoing) -> Preflight:
        """Look just before sending. Nothing public may answer what was private."""
        if outgoing.mode == "private":
            return self._private_replies.preflight(outgoing)
        if outgoing.audience != "public" or not text(outgoing.parent_ref, "uri"):
            return Forbidden("wider_audience")
        return self._public_replies.preflight(outgoing)

    def send(self, outgoing: Outgoing, key: str) -> Sent:
        """Send once."""
        if outgoing.mode == "private":
            return self._private_replies.send(outgoing)
        if outgoing.audience != "public" or not text(outgoing.parent_ref, "uri"):
            raise _surely(Refused("a public answer to what is not public", code="wider_audience"))
        prepared = outgoing if outgoing.preset else self.prepare(outgoing, key)
        return self._public_replies.send(prepared)

    def find_sent(self, outgoing: Outgoing, not_before: datetime) -> LookUp:
        """Look for a reply that may have been accepted."""
        if outgoing.mode == "private":
            return self._private_replies.find_sent(outgoing, not_before)
        return self._public_replies.find_sent(outgoing)

    def as_stored(self, text: str) -> str:
        """Texts come back as they were sent."""
        return text

    def like(self, external_id: str, ref: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """Like a post."""
        if not text(ref, "uri"):
            raise Refused("only posts can be liked", code="not_allowed")
        return self._public_replies.like(ref, key)

    def unlike(self, external_id: str, ref: Mapping[str, Any], liked: Mapping[str, Any]) -> None:
        """Take a like back."""
        self._public_replies.unlike(liked)

    def hide(self, external_id: str, ref: Mapping[str, Any]) -> None:
        """Not offered (Limits.can_hide)."""
        raise Refused("hiding is not offered", code="not_allowed")

    def unhide(self, external_id: str, ref: Mapping[str, Any]) -> None:
        """Not offered (Limits.can_hide)."""
        raise Refused("hiding is not offered", code="not_allowed")

    def delete_own(self, external_id: str, ref: Mapping[str, Any]) -> bool:
        """Delete a reply of ours, where it is stored; private ones can't be taken back from the other side."""
        self._public_replies.delete(external_id)
        return True

    def verify(self) -> Verified:
        """Ask whose account it is and whether it lives."""
        return Profile(self.calls).verify()


def _surely(error: Refused) -> Refused:
    error.is_surely_not_accepted = True
    return error
