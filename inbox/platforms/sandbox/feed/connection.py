"""One account of the sandbox's feed: reads notifications and trees, answers, likes, deletes (mastodon.md)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any

from inbox.platforms.contract import Account, Answered, Gone, Malformed, PlatformError, Refused, Unavailable, Unclear
from inbox.platforms.dates import skew
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
    Stream,
    Unknown,
    Unreadable,
)
from inbox.platforms.looking import LookPage, look_back
from inbox.platforms.outgoing import (
    Absent,
    CannotLook,
    Forbidden,
    LookUp,
    Ok,
    Outgoing,
    ParentGone,
    Preflight,
    Sent,
    Verified,
)
from inbox.platforms.reading import Walk, header, objects, parse_time
from inbox.platforms.roots import find_roots
from inbox.platforms.sandbox.feed import parse, writing
from inbox.platforms.sandbox.feed.calls import Calls
from inbox.platforms.sandbox.feed.profile import read_profile
from inbox.platforms.shallow import SLIPS, load

NOTIFICATIONS_AT_ONCE = 80
STATUSES_AT_ONCE = 40
RECHECKED_AT_ONCE = 20
DEEPER_SECONDS = 3 * 86400.0


@dataclass(frozen=True)
class FeedConnection:
    """An account on the feed and the way to it."""

    calls: Calls
    account: Account

    def streams(self) -> Sequence[Stream]:
        """Mentions bring direct messages along (mastodon.md §4); our own posts bring native answers."""
        return (Stream("mentions"), Stream("own_posts"))

    def fetch(self, stream: str, cursor: Cursor | None, *, is_deep: bool = False) -> Page:
        """Read the next page of a stream; raises PlatformError."""
        if stream == "mentions":
            return self._fetch_mentions(cursor, is_deep=is_deep)
        if stream == "own_posts":
            return self._fetch_own_posts(cursor, is_deep=is_deep)
        if stream.startswith("comments:"):
            return self._fetch_comments(stream.removeprefix("comments:"), cursor)
        raise Refused(f"no such stream: {stream}")

    def _fetch_mentions(self, cursor: Cursor | None, *, is_deep: bool) -> Page:
        walk = Walk.of(cursor)
        # types[] may be ignored by a server and filtered ones are hidden without include_filtered (§3, §10)
        params = [("types[]", "mention"), ("include_filtered", "true"), ("limit", str(NOTIFICATIONS_AT_ONCE))]
        answered = self.calls.get("/api/v1/notifications", self._paged(params, walk))
        rows = objects(answered.json(), answered)
        items = [item for row in rows if (item := parse.parse_notification(row, self.account.external_id))]
        return self._page(walk, answered, rows, items, is_deep=is_deep)

    def _fetch_own_posts(self, cursor: Cursor | None, *, is_deep: bool) -> Page:
        walk = Walk.of(cursor)
        path = f"/api/v1/accounts/{self.account.external_id}/statuses"
        answered = self.calls.get(path, self._paged([("limit", str(STATUSES_AT_ONCE))], walk))
        rows = objects(answered.json(), answered)
        items = [parse.parse_own(row, self.account.external_id) for row in rows]
        return self._page(walk, answered, rows, items, is_deep=is_deep)

    def _paged(self, params: list[tuple[str, str]], walk: Walk) -> list[tuple[str, str]]:
        return params + ([("max_id", walk.page)] if walk.page else [])

    def _page(
        self, walk: Walk, answered: Answered, rows: Sequence[Any], items: Sequence[Item], *, is_deep: bool
    ) -> Page:
        """Make a page of a newest-first list: it is the last when it reaches below the mark (RULES E1)."""
        times = [at for row in rows if isinstance(row, dict) and (at := parse_time(row.get("created_at")))]
        ids = [row["id"] for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]
        overlap = self.account.pace.overlap_seconds
        floor = walk.ends_at(overlap, DEEPER_SECONDS if is_deep else 0)
        is_over = not ids or (floor is not None and bool(times) and min(times) < floor)
        cursor = walk.after(max(times, default=None), ids[-1] if ids else None, is_over)
        return Page(items, cursor, is_complete=is_over, skew=skew(answered))

    def _fetch_comments(self, post_id: str, cursor: Cursor | None) -> Page:
        """Read a post's whole tree; a post that is gone ends it."""
        try:
            answered = self.calls.get(f"/api/v1/statuses/{post_id}/context")
        except Gone:
            return Page([GoneItem(post_id)], cursor or {})
        tree = answered.json()
        if not isinstance(tree, dict):
            raise Malformed("a context was expected", answered.body)
        rows = objects(tree.get("descendants"), answered)
        items = [parse.parse_comment(row, self.account.external_id, post_id) for row in rows]
        return Page(_rooted(items, post_id), {"seen": len(items)}, skew=skew(answered))

    def recheck(self, refs: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Look]:
        """Read statuses again, in batches; one that is left out is asked for by itself (mastodon.md §5)."""
        looks: dict[str, Look] = {}
        ids = list(refs)
        for start in range(0, len(ids), RECHECKED_AT_ONCE):
            looks.update(self._recheck_batch(ids[start : start + RECHECKED_AT_ONCE]))
        return looks

    def _recheck_batch(self, ids: Sequence[str]) -> dict[str, Look]:
        answered = self.calls.get("/api/v1/statuses", [("id[]", one) for one in ids])
        looks: dict[str, Look] = {}
        for row in objects(answered.json(), answered):
            item = _try_status(row, self.account.external_id)
            if item is not None:
                looks[item.external_id] = Edited(item)
        return looks | {one: self._look(one) for one in ids if one not in looks}

    def _look(self, external_id: str) -> Look:
        try:
            answered = self.calls.get(f"/api/v1/statuses/{external_id}")
        except Gone:
            return IsGone()
        except PlatformError:
            return Unknown()
        item = _try_status(answered.json(), self.account.external_id)
        return Edited(item) if item else Unknown()

    def context(self, external_id: str, ref: Mapping[str, Any]) -> Context:
        """Return what a status hangs on, oldest first."""
        tree = self.calls.get(f"/api/v1/statuses/{external_id}/context").json()
        rows = tree.get("ancestors") if isinstance(tree, dict) else None
        found = [item for row in rows or [] if (item := _try_status(row, self.account.external_id))]
        if not found:
            return Context(None)
        top = rows[0] if isinstance(rows, list) else {}
        return Context(parse.parse_post(top, self.account.external_id), tuple(found[1:]))

    def parse(self, stream: str, raw: bytes) -> Sequence[Item]:
        """Parse an item from quarantine again."""
        try:
            row = load(raw)
        except ValueError:
            return [Unreadable(raw, "not JSON")]
        own_id = self.account.external_id
        if stream == "mentions":
            item = parse.parse_notification(row, own_id)
            return [item] if item else []
        if stream.startswith("comments:"):
            return _rooted([parse.parse_comment(row, own_id, stream.removeprefix("comments:"))], "")
        return [parse.parse_own(row, own_id)]

    def prepare(self, outgoing: Outgoing, key: str) -> Outgoing:
        """Put the person's name into the text; nothing else can be fixed beforehand here."""
        return writing.worded(outgoing)

    def wanted_id(self, outgoing: Outgoing) -> str | None:
        """The server gives the id."""
        return None

    def preflight(self, outgoing: Outgoing) -> Preflight:
        """Look whether the parent is there, and whether the reply would reach more people than it did."""
        try:
            seconds = self.account.pace.preflight_seconds
            answered = self.calls.get(f"/api/v1/statuses/{outgoing.parent_id}", timeout_seconds=seconds, for_send=True)
        except Gone:
            return ParentGone()
        parent = _try_status(answered.json(), self.account.external_id)
        if parent is not None and writing.is_wider(outgoing.audience, parent.audience):
            return Forbidden("wider_audience")
        return Ok()

    def send(self, outgoing: Outgoing, key: str) -> Sent:
        """Post the reply once; the key is sent along and never relied on (mastodon.md §6, §10)."""
        answered = self.calls.post("/api/v1/statuses", writing.body_of(outgoing), {"Idempotency-Key": key})
        try:
            sent = writing.to_sent(parse.parse_status(answered.json(), self.account.external_id))
        except (parse.Unfit, Malformed) as error:
            raise Unclear(f"accepted, but its answer can't be read: {error}") from None
        # A status hangs nowhere, too, once what it answered is deleted; just written, it was put in the wrong place.
        return replace(sent, parent_id=sent.parent_id or "")

    def find_sent(self, outgoing: Outgoing, not_before: datetime) -> LookUp:
        """Look among our statuses, newest first, down to the first try."""
        floor = not_before - writing.MARGIN
        pages = self._own_statuses()
        try:
            first = next(pages)
            if not first.items and first.is_last and self._has_written_nothing(outgoing):
                return Absent(is_sure=False)
            return look_back(chain([first], pages), floor, lambda own: writing.find_among(own, outgoing, floor))
        except Unavailable as error:
            return CannotLook(error.code)

    def _has_written_nothing(self, outgoing: Outgoing) -> bool:
        """Ask the account itself whether an empty list may be true; direct statuses are not counted."""
        if outgoing.audience == "direct":
            return False
        try:
            row = self.calls.get("/api/v1/accounts/verify_credentials", for_send=True).json()
        except PlatformError:
            return False
        is_ours = isinstance(row, dict) and row.get("id") == self.account.external_id
        return is_ours and row.get("statuses_count") == 0

    def _own_statuses(self) -> Iterator[LookPage]:
        path = f"/api/v1/accounts/{self.account.external_id}/statuses"
        older: list[tuple[str, str]] = []
        while True:
            answered = self.calls.get(path, [("limit", str(STATUSES_AT_ONCE)), *older], for_send=True)
            rows = objects(answered.json(), answered)
            items = [_try_status(row, self.account.external_id) for row in rows]
            times = [parse_time(row.get("created_at")) if isinstance(row, dict) else None for row in rows]
            # a page that is not full is no end: there the address of the next one is missing (mastodon.md §3)
            is_last = 'rel="next"' not in header(answered.headers, "link")
            yield LookPage(items, times, is_last)
            ids = [row["id"] for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]
            if not ids:
                return
            older = [("max_id", ids[-1])]

    def as_stored(self, text: str) -> str:
        """Return a text as the server shows it back."""
        return writing.plain(text)

    def like(self, external_id: str, ref: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """Favourite a status; doing it twice is the same as once."""
        self.calls.post(f"/api/v1/statuses/{external_id}/favourite", {})
        return {}

    def unlike(self, external_id: str, ref: Mapping[str, Any], liked: Mapping[str, Any]) -> None:
        """Take it back."""
        self.calls.post(f"/api/v1/statuses/{external_id}/unfavourite", {})

    def hide(self, external_id: str, ref: Mapping[str, Any]) -> None:
        """There is no way to hide somebody else's reply here (mastodon.md §6)."""
        raise Refused("not offered here", code="not_offered")

    def unhide(self, external_id: str, ref: Mapping[str, Any]) -> None:
        """See hide."""
        raise Refused("not offered here", code="not_offered")

    def delete_own(self, external_id: str, ref: Mapping[str, Any]) -> bool:
        """Delete a status of ours."""
        try:
            self.calls.delete(f"/api/v1/statuses/{external_id}")
        except Gone:
            return False
        return True

    def verify(self) -> Verified:
        """Ask whose token it is."""
        return read_profile(self.calls)


def _try_status(row: Any, own_id: str) -> Message | None:
    try:
        return parse.parse_status(row, own_id)
    except SLIPS:
        return None


def _rooted(items: Sequence[Item], post_id: str) -> list[Item]:
    """Say of each comment of a tree which one right under the post it belongs to."""
    parents = {item.external_id: item.parent_id for item in items if isinstance(item, Message)}
    roots = find_roots(parents, post_id)
    return [
        replace(item, root_id=roots[item.external_id]) if isinstance(item, Message) and item.post_id else item
        for item in items
    ]
