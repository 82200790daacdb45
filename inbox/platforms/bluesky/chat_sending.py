"""Private replies: sent once, and looked for by their words, since the service takes no key (bluesky.md §5)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from inbox.platforms.bluesky.chat import ChatStream
from inbox.platforms.bluesky.chat_parse import Convo, message_id
from inbox.platforms.bluesky.facets import make_facets
from inbox.platforms.bluesky.values import kind, text, thing, things, time
from inbox.platforms.bluesky.xrpc import Calls
from inbox.platforms.contract import Account, Gone, PlatformError, Refused, Unclear
from inbox.platforms.outgoing import Absent, CannotLook, Forbidden, Found, LookUp, Ok, Outgoing, Preflight, Sent

# How far the service's clock may be behind ours when a look compares times.
SKEW = timedelta(seconds=60)
MOST_PAGES = 5


def prepare(outgoing: Outgoing) -> dict[str, Any]:
    """Return the message as it will be sent: its words and the links in them; pure."""
    message: dict[str, Any] = {"text": outgoing.text}
    facets = make_facets(outgoing.text, {})
    return message | ({"facets": facets} if facets else {})


@dataclass(frozen=True)
class PrivateReplies:
    """Sending and looking for private replies of one account."""

    calls: Calls
    account: Account
    stream: ChatStream

    def preflight(self, outgoing: Outgoing) -> Preflight:
        """Look at the exchange: is it ours, open, and does the other side take messages from us?"""
        seconds = self.account.pace.preflight_seconds / 2
        try:
            convo = self.stream.convo(_convo_id(outgoing), is_for_send=True, seconds=seconds)
        except Gone:
            return Forbidden("not_allowed")
        if convo.lock_status != "unlocked":
            return Forbidden("replies_closed")
        return Ok() if convo.is_group or self._may_chat(convo, seconds) else Forbidden("not_allowed")

    def _may_chat(self, convo: Convo, seconds: float) -> bool:
        others = [("members", did) for did in convo.profiles if did != self.account.external_id]
        if not others:
            return True
        got = self.calls.get("chat.bsky.convo.getConvoAvailability", others, timeout_seconds=seconds, is_for_send=True)
        return got.body.get("canChat") is not False

    def send(self, outgoing: Outgoing) -> Sent:
        """Send the message once; a stranger's request is accepted first, which may be repeated."""
        convo_id = _convo_id(outgoing)
        if outgoing.parent_ref.get("is_request") is True:
            self._accept(convo_id)
        body = {"convoId": convo_id, "message": dict(thing(outgoing.preset, "message")) or prepare(outgoing)}
        got = self.calls.write("chat.bsky.convo.sendMessage", body)
        if not text(got.body, "id"):
            raise Unclear("the answer names no message")
        return _sent(outgoing, convo_id, got.body)

    def _accept(self, convo_id: str) -> None:
        try:
            self.calls.repeat("chat.bsky.convo.acceptConvo", {"convoId": convo_id}, timeout_seconds=5)
        except Gone as error:
            raise Refused(error.detail, code="not_allowed") from None
        except PlatformError as error:
            error.is_surely_not_accepted = True  # the message itself was not sent
            raise

    def find_sent(self, outgoing: Outgoing, not_before: datetime) -> LookUp:
        """Read the exchange back to the first attempt: one message of ours with these very words is ours.

        Nothing found proves nothing, and two that fit are for a person to tell apart.
        """
        convo_id, since = _convo_id(outgoing), not_before - SKEW
        ours: list[Sent] = []
        page: str | None = None
        for _ in range(MOST_PAGES):
            try:
                got = self.stream.messages(convo_id, page, is_for_send=True)
            except Gone:
                return CannotLook("the exchange is not there")
            views = things(got.body, "messages")
            ours += [_sent(outgoing, convo_id, view) for view in views if self._is_ours(view, since)]
            page = text(got.body, "cursor") or None
            if page is None or any((at := time(view, "sentAt")) and at < since for view in views):
                return _judge(ours, outgoing)
        # what was not read down to the first try proves no absence
        found = _judge(ours, outgoing)
        return found if isinstance(found, Found) else CannotLook("too_far")

    def _is_ours(self, view: Any, since: datetime) -> bool:
        sent_at = time(view, "sentAt")
        is_message = kind(view) not in ("deletedMessageView", "systemMessageView") and bool(text(view, "id"))
        is_by_us = text(thing(view, "sender"), "did") == self.account.external_id
        return is_message and is_by_us and sent_at is not None and sent_at >= since


def _judge(ours: list[Sent], outgoing: Outgoing) -> Found | Absent:
    same = [sent for sent in ours if sent.text == outgoing.text]
    if len(same) == 1:
        return Found(same[0])
    return Absent(is_sure=False, candidates=tuple(same or ours))


def _convo_id(outgoing: Outgoing) -> str:
    return text(outgoing.parent_ref, "convo")


def _sent(outgoing: Outgoing, convo_id: str, view: Any) -> Sent:
    return Sent(
        external_id=message_id(convo_id, text(view, "id")),
        created_at=time(view, "sentAt"),
        parent_id=outgoing.parent_id,  # an exchange has no parents: it is the right one if the exchange is
        audience="private",
        text=text(view, "text"),
        ref={"convo": convo_id, "id": text(view, "id"), "is_request": False, "people": {}},
    )
