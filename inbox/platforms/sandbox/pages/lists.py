"""Reads the pages' lists: posts, visitors' posts, a post's comments, private conversations (facebook.md §3, §5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from inbox.platforms.contract import Account, Gone
from inbox.platforms.dates import skew
from inbox.platforms.items import Cursor, GoneItem, Item, Message, Page, Unreadable
from inbox.platforms.reading import parse_time
from inbox.platforms.sandbox.pages import parse
from inbox.platforms.sandbox.pages.calls import Calls, Listed

COMMENT_FIELDS = (
    "id,message,created_time,from{id,name},parent{id,from},attachment,message_tags,is_hidden,is_private,"
    "can_comment,can_hide,can_like,can_remove,can_reply_privately,comment_count,like_count,user_likes,permalink_url"
)
POST_FIELDS = "id,message,created_time,updated_time,permalink_url,from,full_picture"
MESSAGE_FIELDS = "id,created_time,from,to,message,attachments,sticker,reply_to"
CONVERSATION_FIELDS = f"id,updated_time,participants,messages.limit(20){{{MESSAGE_FIELDS}}}"
COMMENTS_AT_ONCE = "100"
CONVERSATIONS_AT_ONCE = "20"
DETAILED = 20
DEEPER_SECONDS = 3 * 86400.0
# A comment may become visible after a newer one: a minute at pace 1.
OVERLAPS = 12


@dataclass(frozen=True)
class Lists:
    """The lists of one page."""

    calls: Calls
    account: Account

    def own_posts(self, cursor: Cursor | None, *, is_deep: bool) -> Page:
        """The page's posts, newest first."""
        return self._posts("published_posts", cursor, is_deep=is_deep)

    def mentions(self, cursor: Cursor | None, *, is_deep: bool) -> Page:
        """What visitors posted on the page or with its name; `feed` holds both, and our posts besides."""
        stage = (cursor or {}).get("stage", "tagged")
        page = self._posts(stage, (cursor or {}).get(stage), is_deep=is_deep)
        after = dict(cursor or {}) | {stage: page.cursor_after, "stage": stage}
        if page.is_complete:
            after["stage"] = "visitor_posts" if stage == "tagged" else "tagged"
        is_over = page.is_complete and stage == "visitor_posts"
        return Page(page.items, after, is_complete=is_over, skew=page.skew)

    def _posts(self, edge: str, cursor: Cursor | None, *, is_deep: bool) -> Page:
        cursor = cursor or {}
        walk = cursor.get("walk") or {}
        params = [("fields", POST_FIELDS), ("limit", "100")]
        listed = self.calls.list(f"{self.account.external_id}/{edge}", params, walk.get("page"))
        items: list[Item] = []
        for row in listed.rows:
            items += self._post_items(row, edge)
        times = _times(listed.rows, "created_time")
        return self._newest_first(cursor, listed, items, times, is_deep=is_deep)

    def _post_items(self, row: Any, edge: str) -> list[Item]:
        post = parse.parse_post(row, self.account.external_id)
        if edge == "published_posts" or isinstance(post, Unreadable):
            return [post]
        message = parse.parse_visitor_post(row, self.account.external_id)
        is_ours = isinstance(message, Message) and message.author.external_id == self.account.external_id
        return [] if is_ours else [post, message]

    def _newest_first(
        self, cursor: Cursor, listed: Listed, items: Sequence[Item], times: Sequence[datetime], *, is_deep: bool
    ) -> Page:
        """Go down until the mark less the overlap, or the end; only then does the mark move (RULES E1).

        An end that is an empty page in the middle is believed the second time (reading.Walk).
        """
        walk = cursor.get("walk") or {}
        mark = parse_time(cursor.get("mark"))
        known = [at for at in (parse_time(walk.get("new_mark")), max(times, default=None)) if at]
        new_mark = max(known, default=None)
        floor = mark - self._overlap(is_deep=is_deep) if mark else None
        is_over = listed.next_params is None or (floor is not None and bool(times) and min(times) < floor)
        was_doubted = cursor.get("is_doubted") is True
        is_empty = not listed.rows and bool(walk.get("page")) and mark is not None
        after: Cursor = {"mark": _iso(max([at for at in (mark, new_mark) if at], default=None))}
        if not is_over:
            doubt = {"is_doubted": True} if was_doubted else {}
            after = {"mark": _iso(mark), "walk": {"page": listed.next_params, "new_mark": _iso(new_mark)}} | doubt
        elif is_empty and not was_doubted:
            after = {"mark": _iso(mark), "is_doubted": True}
        return Page(items, after, is_complete=is_over, skew=skew(listed.answered))

    def _overlap(self, *, is_deep: bool) -> timedelta:
        return timedelta(seconds=OVERLAPS * self.account.pace.overlap_seconds + (DEEPER_SECONDS if is_deep else 0))

    def comments(self, post_id: str, cursor: Cursor | None, *, is_deep: bool) -> Page:
        """A post's comments of every level, oldest first, from the mark less the overlap on."""
        cursor = dict(cursor or {})
        try:
            if "is_visitors" not in cursor:
                cursor["is_visitors"] = self._is_visitors(post_id)
            listed = self._comment_page(post_id, cursor, is_deep=is_deep)
        except Gone:
            return Page([GoneItem(post_id)], cursor)
        items = [
            parse.parse_comment(row, self.account.external_id, post_id, is_under_visitor=bool(cursor["is_visitors"]))
            for row in listed.rows
        ]
        return self._oldest_first(cursor, listed, items)

    def _is_visitors(self, post_id: str) -> bool:
        post = self.calls.object(post_id, [("fields", "id,from")])
        return str((post.get("from") or {}).get("id", "")) != self.account.external_id

    def _comment_page(self, post_id: str, cursor: Cursor, *, is_deep: bool) -> Listed:
        params = [
            ("filter", "stream"),
            ("order", "chronological"),
            ("limit", COMMENTS_AT_ONCE),
            ("fields", COMMENT_FIELDS),
        ]
        mark = parse_time(cursor.get("mark"))
        if mark is not None and not is_deep:
            params.append(("since", str(int((mark - self._overlap(is_deep=False)).timestamp()))))
        return self.calls.list(f"{post_id}/comments", params, (cursor.get("walk") or {}).get("page"))

    def _oldest_first(self, cursor: Cursor, listed: Listed, items: Sequence[Item]) -> Page:
        times = _times(listed.rows, "created_time")
        walk = cursor.get("walk") or {}
        known = [at for at in (parse_time(walk.get("new_mark")), max(times, default=None)) if at]
        new_mark, mark = max(known, default=None), parse_time(cursor.get("mark"))
        after: Cursor = {"is_visitors": cursor["is_visitors"]}
        if listed.next_params is None:
            after["mark"] = _iso(max([at for at in (mark, new_mark) if at], default=None))
        else:
            after |= {"mark": _iso(mark), "walk": {"page": listed.next_params, "new_mark": _iso(new_mark)}}
        is_over = listed.next_params is None
        return Page(items, after, is_complete=is_over, skew=skew(listed.answered))

    def direct(self, cursor: Cursor | None, *, is_deep: bool) -> Page:
        """Private conversations, newest change first; there is no `since`, so it goes down to the mark (§5)."""
        cursor = cursor or {}
        walk = cursor.get("walk") or {}
        params = [("platform", "messenger"), ("fields", CONVERSATION_FIELDS), ("limit", CONVERSATIONS_AT_ONCE)]
        listed = self.calls.list(f"{self.account.external_id}/conversations", params, walk.get("page"))
        mark = parse_time(cursor.get("mark"))
        items: list[Item] = []
        for conversation in listed.rows:
            items += self._messages(conversation, mark)
        times = _times(listed.rows, "updated_time")
        return self._newest_first(cursor, listed, items, times, is_deep=is_deep)

    def _messages(self, conversation: Any, mark: datetime | None) -> list[Item]:
        inside = conversation.get("messages") if isinstance(conversation, dict) else None
        rows = inside.get("data") if isinstance(inside, dict) else None
        if not isinstance(rows, list):
            return [Unreadable(parse.as_bytes(conversation), "a conversation without messages")]
        bare = {key: value for key, value in conversation.items() if key != "messages"}
        rows = list(rows) + self._too_old(bare, rows, mark)
        return [parse.parse_direct(row, self.account.external_id, bare) for row in reversed(rows)]

    def _too_old(self, conversation: dict[str, Any], rows: list[Any], mark: datetime | None) -> list[Any]:
        """List what came since the mark and has fallen out of the twenty that have details: never in silence."""
        times = _times(rows, "created_time")
        # Times have whole seconds: what came in the mark's own second may be new.
        if mark is None or len(rows) < DETAILED or not times or min(times) < mark:
            return []
        listed = self.calls.list(f"{conversation['id']}/messages", [("fields", "id,created_time"), ("limit", "100")])
        have = {row.get("id") for row in rows if isinstance(row, dict)}
        return [
            row
            for row in listed.rows
            if isinstance(row, dict)
            and row.get("id") not in have
            and (parse_time(row.get("created_time")) or mark) >= mark
        ]


def _times(rows: Sequence[Any], name: str) -> list[datetime]:
    return [at for row in rows if isinstance(row, dict) and (at := parse_time(row.get(name)))]


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
