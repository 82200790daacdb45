"""Reading what is public: notifications, our own posts, the tree below each of them (bluesky.md §3)."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from inbox import clock
from inbox.platforms.bluesky.embeds import has_media
from inbox.platforms.bluesky.parse import NOTIFIED, parse_notification, parse_post
from inbox.platforms.bluesky.values import author_of, kind, text, thing, things, time, whole
from inbox.platforms.bluesky.walk import Walk, page_again
from inbox.platforms.bluesky.xrpc import Calls, Got
from inbox.platforms.contract import Account, Gone, Malformed, Refused, Unavailable
from inbox.platforms.items import Cursor, Item, Page

PAGE = 100
POSTS_AT_ONCE = 25
TREE_DEPTHS = (100, 6, 1)
# How far a first walk goes back; what is older stays on the platform.
HISTORY_SECONDS = 30 * 86400.0
AHEAD_SECONDS = 60.0


@dataclass(frozen=True)
class PublicStreams:
    """The public lists of one account; `page_size` is smaller in tests alone."""

    calls: Calls
    account: Account
    page_size: int = PAGE

    def notifications(self, cursor: Cursor | None, *, is_deep: bool) -> Page:
        """Read a page of replies, mentions and quotes.

        `priority=false`, else an account's own setting may hide everybody that it does not follow.
        """
        walk = Walk.of(cursor)
        params = [("reasons", reason) for reason in sorted(NOTIFIED)]
        params += [("limit", str(self.page_size)), ("priority", "false")]
        got, walk = self._list("app.bsky.notification.listNotifications", params, walk)
        rows = _rows(got, "notifications")
        views = self._views([row for row in rows if has_media(thing(row, "record"))])
        items = [parse_notification(row, self.account.external_id, views) for row in rows]
        times = [at for row in rows if (at := time(row, "indexedAt"))]
        return self._page(walk, got, items, times, is_deep=is_deep)

    def own_posts(self, cursor: Cursor | None, *, is_deep: bool) -> Page:
        """Read a page of what we wrote: posts, and answers given on the platform itself."""
        walk = Walk.of(cursor)
        params = [("actor", self.account.external_id), ("filter", "posts_with_replies")]
        params += [("limit", str(self.page_size))]
        got, walk = self._list("app.bsky.feed.getAuthorFeed", params, walk)
        rows = _rows(got, "feed")
        ours = [row for row in rows if not thing(row, "reason")]  # with a reason: a repost or a pin
        items = [parse_post(thing(row, "post") or row, self.account.external_id) for row in ours]
        times = [at for row in rows if (at := time(thing(row, "reason") or thing(row, "post"), "indexedAt"))]
        return self._page(walk, got, items, times, is_deep=is_deep)

    def comments(self, post_uri: str, cursor: Cursor | None) -> Page:
        """Read the whole tree below a post of ours: also what was never notified (muted, before its parent).

        A tree that is too large to be read whole is read less deep; the cursor remembers how deep.
        """
        for depth in [depth for depth in TREE_DEPTHS if depth <= (whole(cursor, "depth") or TREE_DEPTHS[0])]:
            try:
                got = self.thread(post_uri, depth=depth, parent_height=0)
            except Gone:  # one answer proves nothing: the account may only sleep
                return Page([], cursor or {})
            except Malformed as error:
                if error.detail != "too_large":
                    raise
                continue
            return self._tree(got, depth)
        return Page([], {"depth": TREE_DEPTHS[-1]})  # its replies are notified all the same

    def _tree(self, got: Got, depth: int) -> Page:
        tree = thing(got.body, "thread")
        if not tree:
            raise Malformed("a thread was expected", got.raw)
        items = [parse_post(view, self.account.external_id) for view in posts_below(tree)]
        seen = [item for item in items if item is not None]
        return Page(seen, {"depth": depth}, skew=got.skew)

    def thread(
        self, uri: str, *, depth: int, parent_height: int, is_for_send: bool = False, seconds: float = 10
    ) -> Got:
        """Read a post with what is above and below it; raises Gone."""
        params = [("uri", uri), ("depth", str(depth)), ("parentHeight", str(parent_height))]
        return self.calls.get("app.bsky.feed.getPostThread", params, timeout_seconds=seconds, is_for_send=is_for_send)

    def posts(self, uris: Sequence[str]) -> dict[str, Any]:
        """Read posts again, 25 at once; what is gone or can't be seen is left out."""
        found: dict[str, Any] = {}
        for start in range(0, len(uris), POSTS_AT_ONCE):
            params = [("uris", uri) for uri in uris[start : start + POSTS_AT_ONCE]]
            rows = _rows(self.calls.get("app.bsky.feed.getPosts", params), "posts")
            found |= {text(row, "uri"): row for row in rows if text(row, "uri")}
        return found

    def _list(self, nsid: str, params: Sequence[tuple[str, str]], walk: Walk) -> tuple[Got, Walk]:
        """Read a page of a list. A page that answers 5xx may be one that the server no longer knows (measured):
        if the top can be read, the walk begins again there.
        """
        if walk.page is None:
            return self.calls.get(nsid, params), walk
        try:
            return self.calls.get(nsid, [*params, ("cursor", walk.page)]), walk
        except (Unavailable, Refused) as error:
            if error.code not in ("server_error", "refused"):
                raise
        return self.calls.get(nsid, params), Walk(walk.mark, None, walk.new_mark)

    def _views(self, rows: Sequence[Any]) -> dict[str, Any]:
        """Read the posts of notifications that have pictures, whose addresses only a post's view gives."""
        uris = [uri for row in rows if author_of(uri := text(row, "uri"))]
        try:
            return self.posts(list(dict.fromkeys(uris)))
        except (Refused, Malformed):
            return {}  # words without their pictures are better than neither

    def _page(
        self, walk: Walk, got: Got, items: Sequence[Item | None], times: Sequence[datetime], *, is_deep: bool
    ) -> Page:
        pace = self.account.pace
        # A time from far ahead would be a mark that nothing new ever passes.
        ahead = max(got.skew.smallest, 0.0) if got.skew else 0.0
        latest = clock.now() + timedelta(seconds=ahead + AHEAD_SECONDS)
        times = [min(at, latest) for at in times]
        deeper = pace.comments_stream_days_seconds if is_deep else 0.0
        oldest = clock.now() - timedelta(seconds=HISTORY_SECONDS)
        floor = walk.floor(pace.overlap_indexed_seconds, deeper, oldest)
        next_page = page_again(text(got.body, "cursor") or None, times)
        if next_page is not None and next_page == walk.page:
            next_page = text(got.body, "cursor")
        cursor, is_over = walk.step(times, next_page, floor)
        seen = [item for item in items if item is not None]
        return Page(seen, cursor, is_complete=is_over, skew=got.skew)


def posts_below(tree: Any) -> Iterator[Any]:
    """Yield the views of a thread's posts, the top one first and each parent before its replies."""
    waiting = deque([tree])
    while waiting:
        node = waiting.popleft()
        if kind(node) == "threadViewPost":
            yield thing(node, "post")
            waiting += things(node, "replies")


def _rows(got: Got, name: str) -> list[Any]:
    if not isinstance(got.body.get(name), list):
        raise Malformed(f"a list of {name} was expected", got.raw)
    return things(got.body, name)


def parse_again(stream: str, raw: Any, us: str) -> list[Item]:
    """Parse what was kept in quarantine: one row or post, or a whole page (replay); pure."""
    for name in ("notifications", "feed", "posts"):
        if things(raw, name):
            return [item for row in things(raw, name) for item in parse_again(stream, row, us)]
    if thing(raw, "thread"):
        views = list(posts_below(thing(raw, "thread")))
        return [item for view in views if (item := parse_post(view, us)) is not None]
    item = parse_notification(raw, us, {}) if text(raw, "reason") else parse_post(thing(raw, "post") or raw, us)
    return [item] if item is not None else []
