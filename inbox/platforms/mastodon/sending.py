"""Replies, likes and deletions of one account (mastodon.md §6)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from inbox.platforms.contract import (
    Account,
    Gone,
    Malformed,
    PlatformError,
    Refused,
    Unavailable,
    Unclear,
)
from inbox.platforms.items import Message
from inbox.platforms.looking import LookPage, look_back
from inbox.platforms.mastodon import parse, writing
from inbox.platforms.mastodon.calls import ME, Calls
from inbox.platforms.mastodon.errors import Unsaid
from inbox.platforms.mastodon.people import Us
from inbox.platforms.mastodon.streams import STATUSES_AT_ONCE, own_path
from inbox.platforms.mastodon.values import ident, status_path, things
from inbox.platforms.mastodon.walk import is_last, next_page
from inbox.platforms.outgoing import (
    Absent,
    CannotLook,
    Forbidden,
    Found,
    LookUp,
    Ok,
    Outgoing,
    ParentGone,
    Preflight,
    Sent,
)
from inbox.platforms.reading import objects, parse_time


@dataclass(frozen=True)
class Replies:
    """Writing, and looking for what was written."""

    calls: Calls
    account: Account
    us: Us

    def preflight(self, outgoing: Outgoing) -> Preflight:
        """Look whether the parent is there, and whether the reply would reach more people than it did."""
        if outgoing.audience not in writing.VISIBILITIES:
            return Forbidden("wider_audience")
        seconds = self.account.pace.preflight_seconds
        path = status_path(outgoing.parent_id)
        try:
            answered = self.calls.get(path, timeout_seconds=seconds, for_send=True)
        except Gone:
            return ParentGone()
        parent = parse.try_status(answered.json(), self.us)
        if parent is not None and writing.is_wider(outgoing.audience, parent.audience):
            return Forbidden("wider_audience")
        return Ok()

    def send(self, outgoing: Outgoing, key: str) -> Sent:
        """Post the reply once; the key is sent along and never relied on (mastodon.md §6, §10)."""
        if outgoing.audience not in writing.VISIBILITIES:
            raise _surely(Refused(f"no such audience here: {outgoing.audience}", code="wider_audience"))
        worded = writing.worded(outgoing, self.us)  # nothing new to what was prepared; all that was not
        headers = {"Idempotency-Key": key} if key else {}
        answered = self.calls.post("/api/v1/statuses", writing.form_of(worded), headers)
        try:
            row = answered.json()
        except Malformed as error:
            raise Unclear(f"accepted, but its answer can't be read: {error.detail}") from None
        message = parse.try_status(row, self.us)
        sent = writing.to_sent(message) if message else writing.bare_sent(row)
        if sent is None:
            raise Unclear("accepted, but its answer names no status")
        # A status hangs nowhere, too, once what it answered is deleted; just written, it was put in the wrong place.
        is_told = "in_reply_to_id" in row
        return replace(sent, parent_id=sent.parent_id or ("" if is_told else None))

    def find_sent(self, outgoing: Outgoing, not_before: datetime) -> LookUp:
        """Look among our statuses, newest first, down to the first try, and below what was answered."""
        floor = not_before - writing.MARGIN
        try:
            found = look_back(self._own_statuses(), floor, lambda own: writing.find_among(own, outgoing, floor))
        except (Unavailable, Malformed, Refused, Gone) as error:
            found = CannotLook(error.code)
        if isinstance(found, Found):
            return found
        below = self._below(outgoing, floor)  # not every server lists our private messages among our statuses
        if isinstance(below, Found) or (isinstance(below, Absent) and isinstance(found, Absent) and below.candidates):
            return below
        return found

    def _below(self, outgoing: Outgoing, floor: datetime) -> LookUp:
        try:
            tree = self.calls.get(f"{status_path(outgoing.parent_id)}/context", for_send=True).json()
        except PlatformError as error:
            return CannotLook(error.code)
        items = [item for row in things(tree, "descendants") if (item := parse.try_status(row, self.us))]
        own = [item for item in items if item.author.external_id == self.us.external_id]
        return writing.find_among(own, outgoing, floor)

    def _own_statuses(self) -> Iterator[LookPage]:
        path = own_path(self.us)
        page: str | None = None
        while True:
            older = [("max_id", page)] if page else []
            answered = self.calls.get(path, [("limit", str(STATUSES_AT_ONCE)), *older], for_send=True)
            rows = objects(answered.json(), answered)
            yield LookPage(*self._read(rows), is_last(rows, answered))
            following = next_page(rows, answered)
            if following is None or following == page:
                return
            page = following

    def _read(self, rows: Sequence[Any]) -> tuple[list[Message | None], list[datetime | None]]:
        items = [parse.try_status(row, self.us) for row in rows]
        times = [parse_time(row.get("created_at")) if isinstance(row, dict) else None for row in rows]
        return items, times

    def like(self, external_id: str) -> None:
        """Favourite a status; doing it twice is the same as once."""
        self.calls.post(f"{status_path(external_id)}/favourite", {})

    def unlike(self, external_id: str) -> None:
        """Take it back."""
        self.calls.post(f"{status_path(external_id)}/unfavourite", {})

    def delete(self, external_id: str) -> bool:
        """Delete a status of ours; False where there is none."""
        path = status_path(external_id)
        try:
            self.calls.delete(path)
        except Gone:
            return False
        except Unclear:
            if self._is_gone(path):
                return False
            raise
        return True

    def _is_gone(self, path: str) -> bool:
        """Tell whether a status can't be read any more: some servers answer a deletion without words of their own."""
        try:
            return not ident(self.calls.get(path, for_send=True).json())
        except Gone:
            return True
        except Unsaid:
            return self._is_there()
        except PlatformError:
            return False

    def _is_there(self) -> bool:
        """Tell whether the server itself answers, and not something in front of it that says 404 to everything."""
        try:
            return bool(ident(self.calls.get(ME, for_send=True).json()))
        except PlatformError:
            return False


def _surely(error: Refused) -> Refused:
    error.is_surely_not_accepted = True
    return error
