"""One connected account: the contract's methods, each handed to the module that knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from inbox.platforms.contract import Account, Refused
from inbox.platforms.items import Context, Cursor, Item, Look, Page, Stream
from inbox.platforms.mastodon import writing
from inbox.platforms.mastodon.calls import Calls
from inbox.platforms.mastodon.looks import Looks
from inbox.platforms.mastodon.people import Us
from inbox.platforms.mastodon.profile import read_profile
from inbox.platforms.mastodon.sending import Replies
from inbox.platforms.mastodon.streams import Streams
from inbox.platforms.mastodon.wording import plain
from inbox.platforms.outgoing import LookUp, Outgoing, Preflight, Sent, Verified

COMMENTS = "comments:"


@dataclass(frozen=True)
class MastodonConnection:
    """A contract.Connection."""

    calls: Calls
    account: Account

    @cached_property
    def us(self) -> Us:
        """Our account as its server knows it."""
        return Us.of(self.account)

    @cached_property
    def _streams(self) -> Streams:
        return Streams(self.calls, self.account, self.us)

    @cached_property
    def _looks(self) -> Looks:
        return Looks(self.calls, self.us)

    @cached_property
    def _replies(self) -> Replies:
        return Replies(self.calls, self.account, self.us)

    def streams(self) -> Sequence[Stream]:
        """Mentions bring direct messages along: the list of conversations is empty on some servers (§10)."""
        return (Stream("mentions"), Stream("own_posts"))

    def fetch(self, stream: str, cursor: Cursor | None, *, is_deep: bool = False) -> Page:
        """Read the next page of a stream."""
        if stream == "mentions":
            return self._streams.mentions(cursor, is_deep=is_deep)
        if stream == "own_posts":
            return self._streams.own_posts(cursor, is_deep=is_deep)
        if stream.startswith(COMMENTS):
            return self._streams.comments(stream.removeprefix(COMMENTS), cursor)
        raise Refused(f"no such stream: {stream[:100]}")

    def recheck(self, refs: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Look]:
        """Look again at messages."""
        return self._looks.recheck(refs)

    def context(self, external_id: str, ref: Mapping[str, Any]) -> Context:
        """Return what a status hangs on."""
        return self._looks.context(external_id)

    def parse(self, stream: str, raw: bytes) -> Sequence[Item]:
        """Parse what was kept in quarantine again."""
        return self._streams.again(stream, raw)

    def prepare(self, outgoing: Outgoing, key: str) -> Outgoing:
        """Put the person's name into the text; nothing else can be fixed beforehand here."""
        return writing.worded(outgoing, self.us)

    def wanted_id(self, outgoing: Outgoing) -> str | None:
        """The server gives the id."""
        return None

    def preflight(self, outgoing: Outgoing) -> Preflight:
        """Look just before sending."""
        return self._replies.preflight(outgoing)

    def send(self, outgoing: Outgoing, key: str) -> Sent:
        """Send once."""
        return self._replies.send(outgoing, key)

    def find_sent(self, outgoing: Outgoing, not_before: datetime) -> LookUp:
        """Look for a reply that may have been accepted."""
        return self._replies.find_sent(outgoing, not_before)

    def as_stored(self, text: str) -> str:
        """Return a text as the server shows it back."""
        return plain(text)

    def like(self, external_id: str, ref: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """Favourite a status."""
        self._replies.like(external_id)
        return {}

    def unlike(self, external_id: str, ref: Mapping[str, Any], liked: Mapping[str, Any]) -> None:
        """Take it back."""
        self._replies.unlike(external_id)

    def hide(self, external_id: str, ref: Mapping[str, Any]) -> None:
        """There is no way to hide somebody else's reply here (mastodon.md §6)."""
        raise Refused("not offered here", code="not_offered")

    def unhide(self, external_id: str, ref: Mapping[str, Any]) -> None:
        """See hide."""
        raise Refused("not offered here", code="not_offered")

    def delete_own(self, external_id: str, ref: Mapping[str, Any]) -> bool:
        """Delete a status of ours."""
        return self._replies.delete(external_id)

    def verify(self) -> Verified:
        """Ask whose token it is."""
        return read_profile(self.calls)
