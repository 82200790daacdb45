"""Answering, liking, deleting; what was accepted can never be looked up (telegram.md §6)."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inbox.platforms.contract import Account, Gone, Refused, Unclear
from inbox.platforms.outgoing import Forbidden, Ok, Outgoing, Preflight, Sent
from inbox.platforms.telegram.calls import Calls
from inbox.platforms.telegram.errors import Migrated
from inbox.platforms.telegram.parse import permalink, ref_of
from inbox.platforms.telegram.values import Json, chat_id, key_of, text, thing, whole
from inbox.platforms.telegram.values import time as time_of

WITHIN_SECONDS = 20.0
SHORTEST_SECONDS = 1.0
LIKE = "👍"


@dataclass(frozen=True)
class Writing:
    """The writes of one bot."""

    calls: Calls
    account: Account

    def preflight(self, outgoing: Outgoing) -> Preflight:
        """Look whether a business account still lets the bot answer. Whether a message is there can't be asked (§4)."""
        if is_wider(outgoing):
            return Forbidden("wider_audience")
        business = outgoing.parent_ref.get("business")
        if not business:
            return Ok()
        seconds = self.account.pace.preflight_seconds
        params = [("business_connection_id", str(business))]
        try:
            found = self.calls.get("getBusinessConnection", params, timeout_seconds=seconds, is_for_send=True).thing()
        except (Refused, Gone):
            return Forbidden("business_gone")
        may = thing(found, "rights").get("can_reply", found.get("can_reply"))
        return Ok() if found.get("is_enabled") is True and may is True else Forbidden("business_gone")

    def send(self, outgoing: Outgoing) -> Sent:
        """Send once. A group that moved surely did not take it: then once more, to where it moved, in the same time.

        A private chat moves nowhere: what is said to one person is never sent to a group.
        """
        if is_wider(outgoing):
            raise Refused("a public answer to what is private", code="wider_audience", is_surely_not_accepted=True)
        ends_at = time.monotonic() + WITHIN_SECONDS
        try:
            found = self.calls.write("sendMessage", body_of(outgoing), timeout_seconds=WITHIN_SECONDS)
        except Migrated as moved:
            left = ends_at - time.monotonic()
            is_group = outgoing.parent_ref.get("is_private") is not True and moved.to_chat < 0
            if left < SHORTEST_SECONDS or not is_group:
                raise
            found = self._send_moved(outgoing, moved.to_chat, left)
        return sent_of(found, outgoing)

    def _send_moved(self, outgoing: Outgoing, to_chat: int, seconds: float) -> Any:
        """Send to the supergroup that a group became; that its question is not found there says nothing about it."""
        try:
            return self.calls.write("sendMessage", moved_body(outgoing, to_chat), timeout_seconds=seconds)
        except Refused as error:
            if error.code != "parent_gone":
                raise
            raise Refused(error.detail, code="replies_closed", is_surely_not_accepted=True) from None

    def react(self, ref: Mapping[str, Any], reaction: str | None) -> None:
        """Set or take back the bot's one reaction; twice is the same as once."""
        if ref.get("business"):
            raise Refused("messages of business accounts take no reactions of bots", code="not_allowed")
        wanted = [{"type": "emoji", "emoji": reaction}] if reaction else []
        self.calls.write("setMessageReaction", {**_where(ref), "message_id": ref.get("id"), "reaction": wanted})

    def delete(self, ref: Mapping[str, Any]) -> bool:
        """Delete a message of ours, which is possible for 48 hours; False where there is none."""
        try:
            if business := ref.get("business"):
                body = {"business_connection_id": business, "message_ids": [ref.get("id")]}
                self.calls.write("deleteBusinessMessages", body)
            else:
                self.calls.write("deleteMessage", {**_where(ref), "message_id": ref.get("id")})
        except Gone:
            return False
        return True


def is_wider(outgoing: Outgoing) -> bool:
    """Tell whether an answer would be read by more people than what it answers (RULES D7)."""
    is_private = outgoing.parent_ref.get("is_private") is True
    return not is_private and (outgoing.mode == "private" or outgoing.audience in ("private", "direct"))


def body_of(outgoing: Outgoing) -> dict[str, Any]:
    """Return what sendMessage is asked: plain text, for a mode of markup could refuse what somebody wrote.

    In a group the answer must hang on what it answers, else it would answer nobody; where that is gone Telegram
    refuses, and it goes back (RULES D6). In a private exchange it is the next message, as people write there.
    """
    ref = outgoing.parent_ref
    body: dict[str, Any] = {**_where(ref), "text": outgoing.text}
    if ref.get("topic") is not None:
        body["message_thread_id"] = ref["topic"]
    if ref.get("business"):
        body["business_connection_id"] = ref["business"]
    if ref.get("channel_topic") is not None:
        body["direct_messages_topic_id"] = ref["channel_topic"]
    if ref.get("is_private") is not True:
        body["reply_parameters"] = {"message_id": ref.get("id"), "allow_sending_without_reply": False}
    return body


def moved_body(outgoing: Outgoing, to_chat: int) -> dict[str, Any]:
    """Return the same for the supergroup that a group became: old messages stay in the old chat, by their numbers.

    Where it can't hang on one of those Telegram refuses, and it goes back: alone it would answer nobody.
    """
    ref = outgoing.parent_ref
    above = {"chat_id": ref.get("chat"), "message_id": ref.get("id"), "allow_sending_without_reply": False}
    return {"chat_id": to_chat, "text": outgoing.text, "reply_parameters": above}


def _where(ref: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(ref.get("chat"), int):
        raise Refused("it is not known where this stands", code="not_allowed", is_surely_not_accepted=True)
    return {"chat_id": ref["chat"]}


def sent_of(message: Any, outgoing: Outgoing) -> Sent:
    """Return an accepted reply; raises Unclear where the answer does not show it."""
    chat, number = chat_id(message), whole(message, "message_id")
    if chat is None or number is None:
        raise Unclear("accepted, but its answer has no message")
    return Sent(
        external_id=key_of(chat, number, _business(message, outgoing)),
        created_at=time_of(message, "date"),
        permalink=permalink(message),
        parent_id=_parent_in(message, outgoing),
        audience=outgoing.audience,
        text=text(message, "text") or None,
        ref=_ref(message, outgoing),
    )


def _parent_in(message: Json, outgoing: Outgoing) -> str:
    """Return where the answer hangs: in a private exchange after all that was said, else where its reply leads."""
    if outgoing.parent_ref.get("is_private") is True:
        return outgoing.parent_id
    above = thing(message, "reply_to_message") or thing(message, "external_reply")  # the latter: of another chat
    number = whole(above, "message_id")
    return "" if number is None else key_of(chat_id(above) or chat_id(message), number)


def _business(message: Json, outgoing: Outgoing) -> str:
    return text(message, "business_connection_id") or str(outgoing.parent_ref.get("business") or "")


def _ref(message: Json, outgoing: Outgoing) -> dict[str, Any]:
    business = _business(message, outgoing)
    kept = {name: outgoing.parent_ref[name] for name in ("topic", "channel_topic") if name in outgoing.parent_ref}
    found = kept | ref_of(message) | ({"business": business} if business else {})
    return found | ({"is_private": True} if outgoing.parent_ref.get("is_private") is True else {})
