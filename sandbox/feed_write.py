"""The feed personality's write API: posting with its idempotency key, liking, editing and deleting."""

import threading
import time
from typing import Any

from flask import Response, request

from sandbox import feed_errors, feed_verbs, items
from sandbox.answers import given, json_answer, trace
from sandbox.feed_api import FeedApi
from sandbox.feed_errors import FeedError
from sandbox.feed_json import status_json
from sandbox.feed_text import MAX_CHARACTERS, length
from sandbox.feed_verbs import AUDIENCES, Draft
from sandbox.items import Item
from sandbox.settings import FEED


class FeedWriting:
    """Routes that change something, added to the feed personality's blueprint."""

    def __init__(self, api: FeedApi) -> None:
        self.api = api
        self.world = api.world
        self._keys_in_flight: set[str] = set()
        self._lock = threading.Lock()
        one = "/api/v1/statuses/<status_id>"
        add = api.blueprint.add_url_rule
        add("/api/v1/statuses", methods=["POST"], view_func=self.post)
        add(one, methods=["PUT"], view_func=self.edit)
        add(one, methods=["DELETE"], view_func=self.delete)
        add(f"{one}/favourite", methods=["POST"], view_func=self.favourite)
        add(f"{one}/unfavourite", methods=["POST"], view_func=self.unfavourite)

    def post(self) -> Response:
        """Posts a status, at most once per Idempotency-Key (mastodon.md §6)."""
        key = request.headers.get("Idempotency-Key")
        if key is None or self.world.faults.on(FEED, "ignore_idempotency_key"):
            # mastodon.md §10: honoured by Mastodon but not by GoToSocial, snac or Takahē
            return self.answer_with(self.accept(given(), key, is_remembered=False))
        with self._lock:
            # mastodon.md §6: newer versions take a lock per key; a parallel second request gets 503
            if key in self._keys_in_flight:
                text = "There was a temporary problem serving your request, please try again"
                raise FeedError(503, text)
            self._keys_in_flight.add(key)
        try:
            known = self.remembered(key)
            return self.answer_with(known or self.accept(given(), key, is_remembered=True))
        finally:
            with self._lock:
                self._keys_in_flight.discard(key)

    def answer_with(self, item: Item) -> Response:
        """200 with the Status."""
        return json_answer(status_json(self.world, item))

    def remembered(self, key: str) -> Item | None:
        """What this key posted within the last hour (mastodon.md §6: a repeat returns the SAME status)."""
        row = self.world.store.row(
            "SELECT item_id FROM remembered_key WHERE key = ? AND kept_until > ?", self.keep_as(key), time.time()
        )
        item = items.find(self.world, FEED, row["item_id"]) if row else None
        if item is None or item.deleted_at is not None:
            return None
        with self.world.store.transaction():
            self.world.store.tell_ledger(
                "repeated",
                {
                    "personality": FEED,
                    "idempotency_key": key,
                    "item_id": item.id,
                    "repeated_at": time.time(),
                },
            )
        return item

    def keep_as(self, key: str) -> str:
        """mastodon.md §6: `idempotency:status:<account_id>:<key>`."""
        return f"{self.api.me().id}:{key}"

    def accept(self, values: dict[str, Any], key: str | None, is_remembered: bool) -> Item:
        """Checks a new status and publishes it. Raises 404 and 422 as the platform words them."""
        text = str(values.get("status") or "").replace("\r\n", "\n").strip()
        check_text(text, str(values.get("spoiler_text") or ""))
        wanted = str(values["in_reply_to_id"]) if values.get("in_reply_to_id") else None
        parent = self.parent(wanted)
        # mastodon.md §6: omitted visibility = account default
        audience = str(values.get("visibility") or "public")
        if audience not in AUDIENCES:
            raise FeedError(422, "Validation failed: Visibility is not included in the list")
        with self.world.store.transaction():
            item = feed_verbs.write_status(
                self.world,
                Draft(
                    author=self.api.me(),
                    text=text,
                    reply_to=parent,
                    audience=audience,
                    is_accepted=True,
                    idempotency_key=key,
                    wanted_parent_id=wanted,
                ),
            )
            if is_remembered and key is not None:
                self.world.store.run(
                    "INSERT OR REPLACE INTO remembered_key VALUES (?, ?, ?)",
                    self.keep_as(key),
                    item.id,
                    time.time() + self.world.settings.pace.idempotency_seconds,
                )
        trace().is_accepting = True
        if self.world.on_accepted is not None:
            self.world.on_accepted(FEED, item.id)
        return item

    def parent(self, wanted: str | None) -> Item | None:
        """The status to reply to; unknown → 404 (mastodon.md §6). The fault misplace drops it instead (§10)."""
        if wanted is None:
            return None
        if self.world.faults.take(FEED, ("misplace",), "POST", request.path):
            return None
        return self.api.access(wanted)

    def own(self, status_id: str) -> Item:
        """A status of ours; anybody else's is not found (mastodon.md §6: no way to delete someone else's reply)."""
        item = self.api.access(status_id)
        if item.author_id != self.api.me().id:
            raise feed_errors.not_found()
        return item

    def edit(self, status_id: str) -> Response:
        """Edits a status of ours (mastodon.md §6)."""
        item = self.own(status_id)
        text = str(given().get("status") or "").strip()
        check_text(text, "")
        return self.answer_with(feed_verbs.edit_status(self.world, item, text))

    def delete(self, status_id: str) -> Response:
        """Deletes a status of ours and answers it once more with its source text (mastodon.md §6)."""
        item = self.own(status_id)
        body = {**status_json(self.world, item), "text": item.text}
        feed_verbs.remove_status(self.world, item, "api")
        return json_answer(body)

    def favourite(self, status_id: str) -> Response:
        """Likes; doing it twice is the same as once (mastodon.md §6)."""
        return self.like(status_id, "like")

    def unfavourite(self, status_id: str) -> Response:
        """Takes the like back."""
        return self.like(status_id, "unlike")

    def like(self, status_id: str, what: str) -> Response:
        """Sets or clears our like and answers the Status."""
        item = self.api.access(status_id)
        items.touch(self.world, item, what, is_through_api=True)
        return self.answer_with(items.get(self.world, FEED, item.id))


def check_text(text: str, spoiler: str) -> None:
    """mastodon.md §6 Length: spoiler and text together; over the limit or empty → 422."""
    if not text:
        raise FeedError(422, "Validation failed: Text can't be blank")
    if length(text) + length(spoiler) > MAX_CHARACTERS:
        raise FeedError(422, f"Validation failed: Text character limit of {MAX_CHARACTERS} exceeded")
