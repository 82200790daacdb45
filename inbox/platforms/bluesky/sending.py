"""Public replies: fixed when queued, put once under a key of our own, looked up by it (bluesky.md §4)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from inbox import clock
from inbox.platforms.bluesky.embeds import POST, post_url
from inbox.platforms.bluesky.facets import make_facets
from inbox.platforms.bluesky.streams import PublicStreams
from inbox.platforms.bluesky.tid import tid_for
from inbox.platforms.bluesky.values import Json, kind, rkey_of, text, thing, time, write_time
from inbox.platforms.bluesky.xrpc import Calls
from inbox.platforms.contract import Account, Gone, Refused, Unclear
from inbox.platforms.outgoing import Absent, Forbidden, Found, LookUp, Ok, Outgoing, ParentGone, Preflight, Sent

LIKE = "app.bsky.feed.like"
MOST_LANGS = 3


def prepare(outgoing: Outgoing, key: str) -> Outgoing:
    """Fix the record key and the whole record, byte for byte the same in each attempt; pure but for the clock.

    People are mentioned if the message that is answered names them (`ref["people"]`) or wrote it.
    """
    now = clock.now()
    ref = outgoing.parent_ref
    record: dict[str, Any] = {
        "$type": POST,
        "text": outgoing.text,
        "createdAt": write_time(now),
        "reply": {"root": dict(thing(ref, "root")), "parent": {"uri": text(ref, "uri"), "cid": text(ref, "cid")}},
    }
    if outgoing.lang:
        record["langs"] = [outgoing.lang][:MOST_LANGS]
    facets = make_facets(outgoing.text, _people(outgoing))
    if facets:
        record["facets"] = facets
    return replace(outgoing, preset={"rkey": tid_for(key, now), "record": record})


def _people(outgoing: Outgoing) -> dict[str, str]:
    known = {handle: did for handle, did in thing(outgoing.parent_ref, "people").items() if isinstance(did, str)}
    if outgoing.recipient is not None and outgoing.recipient.handle:
        known[outgoing.recipient.handle] = outgoing.recipient.external_id
    return known


def wanted_id(outgoing: Outgoing, us: str) -> str | None:
    """Return the at-uri that the reply will have."""
    rkey = text(outgoing.preset, "rkey")
    return f"at://{us}/{POST}/{rkey}" if rkey else None


@dataclass(frozen=True)
class PublicReplies:
    """Sending and looking for public replies of one account."""

    calls: Calls
    account: Account
    streams: PublicStreams

    def preflight(self, outgoing: Outgoing) -> Preflight:
        """Look at the post that is answered: is it there, and may it be answered?"""
        seconds = self.account.pace.preflight_seconds
        try:
            got = self.streams.thread(outgoing.parent_id, depth=0, parent_height=0, is_for_send=True, seconds=seconds)
        except Gone:
            return ParentGone()
        tree = thing(got.body, "thread")
        if kind(tree) == "notFoundPost":
            return ParentGone()
        post = thing(tree, "post")
        if kind(tree) == "blockedPost" or thing(thing(post, "author"), "viewer").get("blockedBy") is True:
            return Forbidden("blocked")
        if thing(post, "viewer").get("replyDisabled") is True:
            return Forbidden("replies_closed")
        return Ok()

    def send(self, outgoing: Outgoing) -> Sent:
        """Put the record. The same again is harmless; something else under the key is looked at (InvalidSwap)."""
        record = thing(outgoing.preset, "record")
        body = self._address(outgoing) | {"record": record, "swapRecord": None}
        try:
            got = self.calls.write("com.atproto.repo.putRecord", body)
        except Refused as error:
            if error.code != "duplicate":
                raise
            return self._already_there(outgoing, error)
        uri, cid = text(got.body, "uri"), text(got.body, "cid")
        if not uri or not cid:
            raise Unclear("the answer names no record")
        return self._sent(outgoing, uri, cid, record)

    def _already_there(self, outgoing: Outgoing, error: Refused) -> Sent:
        """Return what stands under our key already: an earlier attempt, perhaps as its author edited it since."""
        found = self.find_sent(outgoing)
        if isinstance(found, Found):
            return found.sent
        raise Unclear(error.detail)

    def find_sent(self, outgoing: Outgoing) -> LookUp:
        """Ask the server that stores our records: what it does not have was not sent."""
        params = list(self._address(outgoing).items())
        try:
            got = self.calls.get("com.atproto.repo.getRecord", params, is_for_send=True)
        except Gone:
            return Absent(is_sure=True)
        wanted = wanted_id(outgoing, self.account.external_id) or ""
        return Found(self._sent(outgoing, wanted, text(got.body, "cid"), thing(got.body, "value")))

    def _address(self, outgoing: Outgoing) -> dict[str, str]:
        rkey = text(outgoing.preset, "rkey")
        return {"repo": self.account.external_id, "collection": POST, "rkey": rkey}

    def _sent(self, outgoing: Outgoing, uri: str, cid: str, record: Json) -> Sent:
        reply = thing(record, "reply")
        return Sent(
            external_id=uri,
            created_at=time(record, "createdAt"),
            permalink=post_url(uri),
            parent_id=text(thing(reply, "parent"), "uri") or None,
            audience="public",
            text=text(record, "text"),
            version=cid,
            ref={"uri": uri, "cid": cid, "root": dict(thing(reply, "root")), "people": {}},
        )

    def like(self, ref: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """Like a post; the same key likes once. Returns what unlike needs."""
        us, now = self.account.external_id, clock.now()
        rkey = tid_for(key, datetime.fromtimestamp(0, now.tzinfo))
        subject = {"uri": text(ref, "uri"), "cid": text(ref, "cid")}
        record = {"$type": LIKE, "subject": subject, "createdAt": write_time(now)}
        body = {"repo": us, "collection": LIKE, "rkey": rkey, "record": record, "swapRecord": None}
        try:
            self.calls.write("com.atproto.repo.putRecord", body)
        except Refused as error:
            if error.code != "duplicate":  # there already, made a moment earlier
                raise
        return {"rkey": rkey, "collection": LIKE}

    def unlike(self, liked: Mapping[str, Any]) -> None:
        """Take a like back; quiet when there is none."""
        self._delete(LIKE, text(liked, "rkey"))

    def delete(self, uri: str) -> None:
        """Delete a post of ours; quiet when there is none."""
        if not uri.startswith(f"at://{self.account.external_id}/{POST}/"):
            raise Refused("not a post of this account", code="not_allowed")
        self._delete(POST, rkey_of(uri))

    def _delete(self, collection: str, rkey: str) -> None:
        body = {"repo": self.account.external_id, "collection": collection, "rkey": rkey}
        self.calls.write("com.atproto.repo.deleteRecord", body)
