"""Reading lists: notifications, our own statuses, and the tree below each post of ours (mastodon.md §3 to §5)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from inbox.platforms.contract import Account, Answered, Gone, Malformed, Refused, TooLarge
from inbox.platforms.dates import skew
from inbox.platforms.items import Cursor, GoneItem, Item, Message, Page, Unreadable
from inbox.platforms.mastodon import parse
from inbox.platforms.mastodon.calls import Calls, Params
from inbox.platforms.mastodon.errors import Unsaid, is_own_body
from inbox.platforms.mastodon.people import Us
from inbox.platforms.mastodon.values import first_id, status_path, text, things
from inbox.platforms.mastodon.walk import Walk
from inbox.platforms.reading import objects
from inbox.platforms.roots import find_roots
from inbox.platforms.shallow import load

NOTIFICATIONS = "/api/v1/notifications"
NOTIFICATIONS_AT_ONCE = 80
STATUSES_AT_ONCE = 40
UNREADABLE_TREE = "tree_unreadable"
# Which kinds a server of this API version knows; of an older one a kind that it does not know may be refused.
QUOTES_SINCE = 7


@dataclass(frozen=True)
class Got:
    """A page of a list, with where its walk stands; `kept`: instead of rows, what could not be read."""

    walk: Walk
    answered: Answered
    rows: Sequence[Any]
    kept: Sequence[Unreadable] = ()


@dataclass(frozen=True)
class Streams:
    """The lists of one account."""

    calls: Calls
    account: Account
    us: Us

    def mentions(self, cursor: Cursor | None, *, is_deep: bool) -> Page:
        """Read a page of mentions; direct messages are among them, and so is what the account's policy hides."""
        # without include_filtered, private mentions by people unknown to us would be kept back (§3)
        wanted = [*(("types[]", kind) for kind in self._kinds()), ("include_filtered", "true")]
        got = self._list(NOTIFICATIONS, wanted, NOTIFICATIONS_AT_ONCE, Walk.of(cursor))
        items = [item for row in got.rows if (item := parse.parse_notification(row, self.us))]
        return self._page(got, items, is_deep=is_deep)

    def own_posts(self, cursor: Cursor | None, *, is_deep: bool) -> Page:
        """Read a page of what we wrote: posts, and answers given on the platform itself."""
        wanted = [("exclude_reblogs", "true")]
        got = self._list(own_path(self.us), wanted, STATUSES_AT_ONCE, Walk.of(cursor))
        items = [item for row in got.rows if (item := parse.parse_own(row, self.us))]
        return self._page(got, items, is_deep=is_deep)

    def comments(self, post_id: str, cursor: Cursor | None) -> Page:
        """Read a post's whole tree: it has the replies, too, that don't mention us. A post that is gone ends it.

        A tree that can't be read holds nothing up, and is named on its stream: who mentions us is read all the same.
        """
        path = status_path(post_id)
        try:
            answered = self.calls.get(f"{path}/context")
        except TooLarge:
            return Page([], cursor or {}, lacks="tree_too_large")
        except Refused:
            return Page([], cursor or {}, lacks=UNREADABLE_TREE)
        except (Gone, Unsaid):
            # A page without words of the server's own may come from anywhere: it is no word about the post.
            answered = self.calls.ask(path)
            if answered.status in (404, 410) and is_own_body(answered):
                return Page([GoneItem(post_id)], cursor or {})
            return Page([], cursor or {}, lacks=UNREADABLE_TREE)
        tree = answered.json()
        if not isinstance(tree, dict) or not isinstance(tree.get("descendants"), list):
            raise Malformed("a context was expected", answered.body)
        items = [parse.parse_comment(row, self.us, post_id) for row in tree["descendants"]]
        return Page(rooted(items, post_id), {"seen": len(items)}, skew=skew(answered))

    def again(self, stream: str, raw: bytes) -> list[Item]:
        """Parse what was kept in quarantine: one row, or a whole page (replay); pure."""
        try:
            row = load(raw)
        except ValueError:
            return [Unreadable(raw, "not JSON")]
        rows = row if isinstance(row, list) else things(row, "descendants") or [row]
        post_id = stream.removeprefix("comments:")
        if stream == "mentions":
            return [item for one in rows if (item := parse.parse_notification(one, self.us))]
        if post_id != stream:
            return rooted([parse.parse_comment(one, self.us, post_id) for one in rows], post_id)
        return [item for one in rows if (item := parse.parse_own(one, self.us))]

    def _kinds(self) -> list[str]:
        version = text(dict(self.calls.keeper.current().values), "api_version")
        knows_quotes = version.isdecimal() and int(version) >= QUOTES_SINCE
        return ["mention", "quote"] if knows_quotes else ["mention"]

    def _list(self, path: str, wanted: Params, at_once: int, walk: Walk) -> Got:
        """Read a page of a list: fewer rows where it is too large, and past a row that is too large by itself."""
        sizes, head = walk.sizes(at_once), b""
        for size in sizes:
            try:
                answered, found = self._named(path, wanted, size, walk)
            except TooLarge as error:
                head = error.head
                continue
            return Got(found if size == sizes[0] else found.smaller(size), answered, objects(answered.json(), answered))
        row = first_id(head)
        if not row or row == walk.page:
            raise TooLarge(head)
        raw = json.dumps({"id": row}).encode()
        nothing = Answered(200, {}, b"[]", self.calls.service_url + path)
        return Got(walk.smaller(sizes[-1]), nothing, [{"id": row}], (Unreadable(raw, "too_large", row),))

    def _named(self, path: str, wanted: Params, size: int, walk: Walk) -> tuple[Answered, Walk]:
        """Read a page; one that is refused may be named by what is deleted now: then from the top, once a walk."""
        limit, paged = [("limit", str(size))], walk.params()
        try:
            return self._lenient(path, wanted, [*limit, *paged]), walk
        except (Refused, Gone) as error:
            if not paged or walk.restarted or error.code not in ("refused", "gone"):
                raise
        return self._lenient(path, wanted, limit), replace(walk, page=None, restarted=walk.page)

    def _lenient(self, path: str, wanted: Params, known: Params) -> Answered:
        """Ask, and where a server refuses what it does not know, ask for everything: we look ourselves."""
        try:
            return self.calls.get(path, [*wanted, *known])
        except Refused:
            return self.calls.get(path, known)

    def _page(self, got: Got, items: Sequence[Item], *, is_deep: bool) -> Page:
        pace = self.account.pace
        known = got.walk.floor(pace.overlap_seconds, 0.0)
        floor = got.walk.floor(pace.overlap_seconds, pace.comments_stream_days_seconds) if is_deep else known
        told = skew(got.answered)
        cursor, is_over = got.walk.after(got.rows, got.answered, floor, told, known=known)
        return Page([*got.kept, *([] if got.kept else items)], cursor, is_complete=is_over, skew=told)


def own_path(us: Us) -> str:
    """Where our own statuses are listed."""
    return f"/api/v1/accounts/{quote(us.external_id, safe='')}/statuses"


def rooted(items: Sequence[Item], post_id: str) -> list[Item]:
    """Say of each comment of a tree which one right under the post it belongs to."""
    parents = {item.external_id: item.parent_id for item in items if isinstance(item, Message)}
    roots = find_roots(parents, post_id)
    return [
        replace(item, root_id=roots[item.external_id]) if isinstance(item, Message) and item.post_id else item
        for item in items
    ]
