"""The pages personality's write API: comments, edits, hiding, likes, private messages, subscriptions."""

import json
from typing import Any

from flask import Response, request

from sandbox import items, pages_errors, pages_verbs
from sandbox.answers import given, is_true, json_answer, trace
from sandbox.items import Item
from sandbox.pages_api import PagesApi
from sandbox.pages_errors import GraphError
from sandbox.pages_json import can_reply_privately, is_window_open, messages_of, private_reply_of
from sandbox.pages_verbs import Writing
from sandbox.push import FIELDS, PushRefused, subscribe_callback, subscribe_fields
from sandbox.settings import PAGES
from sandbox.world import Person

COMMENT_CHARACTERS = 8000
MESSAGE_UNITS = 2000


class PagesWriting:
    """Routes that change something, added to the pages personality's blueprint."""

    def __init__(self, api: PagesApi) -> None:
        self.api = api
        self.world = api.world
        add = api.blueprint.add_url_rule
        add("/<version>/<node>", methods=["POST"], view_func=self.post_node)
        add("/<version>/<node>", methods=["DELETE"], view_func=self.delete_node)
        add("/<version>/<node>/<edge>", methods=["POST"], view_func=self.post_edge)
        add("/<version>/<node>/<edge>", methods=["DELETE"], view_func=self.delete_edge)

    def post_edge(self, version: str, node: str, edge: str) -> Response:
        """Everything that is created under an object."""
        del version
        node = self.api.resolve(node)
        if edge == "comments":
            return self.comment(node)
        if edge == "messages":
            return self.message(node)
        if edge == "likes":
            return self.like(node, "like")
        if edge == "subscribed_apps":
            return self.subscribe(node)
        if edge == "subscriptions" and node == self.world.identity.app_id:
            return self.subscribe_app()
        raise GraphError(2500, f"Unknown path components: /{edge}")

    def delete_edge(self, version: str, node: str, edge: str) -> Response:
        """Unlike, or end the subscription."""
        del version
        node = self.api.resolve(node)
        if edge == "likes":
            return self.like(node, "unlike")
        if edge == "subscribed_apps":
            self.api.check_page(node)
            subscribe_fields(self.world, [])
            return _done()
        raise GraphError(2500, f"Unknown path components: /{edge}")

    def post_node(self, version: str, node: str) -> Response:
        """DANGER (facebook.md §4): POST /{comment-id} with message EDITS that comment; is_hidden hides it."""
        del version
        item = self.api.access(node, "post")
        values = given()
        if item.kind == "direct":
            raise pages_errors.gone(node, "post")
        if "is_hidden" in values:
            if item.kind != "comment" or item.author_id == self.api.page().id:
                raise GraphError(200, "(#200) Permissions error", status=403)
            pages_verbs.hide(self.world, item, is_true(values["is_hidden"]), is_through_api=True)
        if "message" in values:
            # facebook.md §4 edit own: only for the Page's own comments
            if item.author_id != self.api.page().id:
                raise GraphError(200, "(#200) Permissions error", status=403)
            pages_verbs.edit(self.world, item, str(values["message"]))
        return _done()

    def delete_node(self, version: str, node: str) -> Response:
        """Deletes a comment; the page may remove any on its posts (facebook.md §4)."""
        del version
        item = self.api.access(node, "delete")
        if item.kind not in ("comment", "post"):
            raise pages_errors.gone(node, "delete")
        pages_verbs.remove(self.world, item, "api")
        return _done()

    def comment(self, node: str) -> Response:
        """Replies publicly, each time anew: no idempotency key exists (facebook.md §9)."""
        on = self.api.access(node, "post")
        if on.kind == "direct":
            raise pages_errors.gone(node, "post")
        text = str(given().get("message") or "").strip()
        if not text:
            raise pages_errors.bad("Comment must have a message or an attachment")
        if len(text) > COMMENT_CHARACTERS:
            # facebook.md §4: about 8,000 characters (unverified)
            raise pages_errors.bad(f"Length of param message must be less than or equal to {COMMENT_CHARACTERS}")
        if on.kind == "comment" and self.world.faults.take(PAGES, ("misplace",), "POST", request.path):
            on = items.get(self.world, PAGES, str(on.post_id))
        item = pages_verbs.write_comment(
            self.world,
            on,
            Writing(
                author=self.api.page(),
                text=text,
                is_accepted=True,
                wanted_parent_id=node,
            ),
        )
        self.accepted(item)
        return json_answer({"id": item.id})

    def like(self, node: str, what: str) -> Response:
        """As the Page; twice is the same as once (facebook.md §4)."""
        items.touch(self.world, self.api.access(node, "post"), what, is_through_api=True)
        return _done()

    def message(self, node: str) -> Response:
        """Sends a private message, or the one private reply to a comment (facebook.md §6)."""
        self.api.check_page(node)
        values = given()
        recipient, message = _object(values.get("recipient")), _object(values.get("message"))
        if values.get("sender_action"):
            return json_answer({"recipient_id": str(recipient.get("id", ""))})
        text = str(message.get("text") or "")
        check_message(text)
        if recipient.get("comment_id") or recipient.get("post_id"):
            return self.private_reply(str(recipient.get("comment_id") or recipient["post_id"]), text)
        fan = self.world.person(PAGES, str(recipient.get("id") or ""))
        row = self.world.store.row("SELECT id FROM conversation WHERE person_id = ?", fan.id if fan else "")
        if fan is None or fan.is_ours or row is None:
            raise GraphError(100, "(#100) No matching user found", 2018001)
        self.check_window(row["id"], values)
        return self.deliver(fan, text, row["id"])

    def check_window(self, conversation_id: str, values: dict[str, Any]) -> None:
        """24 h; HUMAN_AGENT up to 7 days and only when approved (facebook.md §6). Raises 10/2018278."""
        messages = messages_of(self.world, conversation_id)
        if is_window_open(self.world, messages):
            return
        is_tagged = values.get("messaging_type") == "MESSAGE_TAG" and values.get("tag") == "HUMAN_AGENT"
        is_approved = is_tagged and self.world.faults.on(PAGES, "human_agent_approved") is not None
        if is_approved and is_window_open(self.world, messages, self.world.settings.pace.long_window_seconds):
            return
        raise pages_errors.outside_window()

    def private_reply(self, node: str, text: str) -> Response:
        """One message only, within 7 days; a second try answers 10900, a late one 10903 (facebook.md §6)."""
        item = self.api.access(node, "post")
        fan = self.world.person(PAGES, item.author_id)
        with self.world.store.transaction():
            if private_reply_of(self.world, item) is not None:
                raise GraphError(10900, "(#10900) Activity already replied to")
            if fan is None or not can_reply_privately(self.world, item):
                raise GraphError(10903, "(#10903) This user can't reply to this activity")
            sent = self.write(fan, text, item.id)
            self.world.store.insert("private_reply", {"item_id": item.id, "message_id": sent.id})
        self.accepted(sent)
        return json_answer({"recipient_id": fan.id, "message_id": sent.id})

    def deliver(self, fan: Person, text: str, wanted: str) -> Response:
        """Writes the message and answers with its id."""
        sent = self.write(fan, text, wanted)
        self.accepted(sent)
        return json_answer({"recipient_id": fan.id, "message_id": sent.id})

    def write(self, fan: Person, text: str, wanted: str) -> Item:
        """The page's message to a fan."""
        return pages_verbs.write_direct(
            self.world,
            fan,
            Writing(
                author=self.api.page(),
                text=text,
                is_accepted=True,
                wanted_parent_id=wanted,
            ),
        )

    def accepted(self, item: Item) -> None:
        """Notes that this request was accepted, for faults and for traffic."""
        trace().is_accepting = True
        if self.world.on_accepted is not None:
            self.world.on_accepted(PAGES, item.id)

    def subscribe(self, node: str) -> Response:
        """The page's events for this app (facebook.md §10: there is no `comments` field for Pages)."""
        self.api.check_page(node)
        fields = [one for one in str(given().get("subscribed_fields") or "").split(",") if one]
        wrong = [one for one in fields if one not in FIELDS]
        if not fields or wrong:
            raise pages_errors.bad(f"Param subscribed_fields must be one of {', '.join(FIELDS)}")
        subscribe_fields(self.world, fields)
        return _done()

    def subscribe_app(self) -> Response:
        """The app's callback, after its handshake (facebook.md §10 Set-up and Handshake)."""
        values = given()
        if values.get("object") != "page":
            raise pages_errors.bad("Param object must be page")
        try:
            subscribe_callback(self.world, str(values.get("callback_url", "")), str(values.get("verify_token", "")))
        except PushRefused as error:
            raise GraphError(2200, f"(#2200) Callback verification failed: {error}") from error
        return _done()


def check_message(text: str) -> None:
    """facebook.md §6 Text limit: 2000, in UTF-16 units to be safe; the text of the error is exact."""
    if not text.strip():
        raise pages_errors.bad("Param message[text] must be a non-empty string")
    if len(text.encode("utf-16-le")) // 2 > MESSAGE_UNITS:
        raise pages_errors.bad(f"Length of param message[text] must be less than or equal to {MESSAGE_UNITS}")


def _object(value: Any) -> dict[str, Any]:
    """An object as JSON bodies hold it, or as text in a form field."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if not isinstance(value, dict):
        raise pages_errors.bad("Param recipient and message must be objects")
    return value


def _done() -> Response:
    return json_answer({"success": True})
