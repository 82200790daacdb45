"""The feed personality's read API under /feed, as mastodon.md describes it."""

import time
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from sandbox import feed_errors, feed_verbs, gate, items
from sandbox.answers import cursor, is_true, json_answer, trace, whole
from sandbox.feed_errors import FeedError
from sandbox.feed_json import base, counted_json, history_json, notification_json, status_json
from sandbox.feed_text import CHARACTERS_PER_URL, MAX_CHARACTERS
from sandbox.items import CannotLook, Item
from sandbox.pictures import draw
from sandbox.rates import Left, Windows, families
from sandbox.settings import FEED
from sandbox.world import Person, World, iso_ms

VERSION = "4.6.4"
OPEN_PATHS = ("/api/v1/instance", "/api/v2/instance", "/media/", "/avatars/", "/@")
CURSORS = ("max_id", "since_id", "min_id")


class FeedApi:
    """Routes of the feed personality over one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.windows = Windows()
        self.blueprint = Blueprint("feed", __name__, url_prefix="/feed")
        add = self.blueprint.add_url_rule
        self.blueprint.before_request(self.enter)
        self.blueprint.after_request(lambda answer: gate.finish(world, answer, feed_errors.faulty))
        self.blueprint.register_error_handler(FeedError, feed_errors.error_answer)
        self.blueprint.register_error_handler(HTTPException, feed_errors.other_error)
        self.blueprint.register_error_handler(CannotLook, _cannot_look)
        add("/api/v1/instance", view_func=self.instance_v1)
        add("/api/v2/instance", view_func=self.instance_v2)
        add("/api/v1/accounts/verify_credentials", view_func=self.verify)
        add("/api/v1/accounts/<account_id>", view_func=self.account)
        add("/api/v1/accounts/<account_id>/statuses", view_func=self.account_statuses)
        add("/api/v1/notifications", view_func=self.notifications)
        add("/api/v1/notifications/<number>", view_func=self.notification)
        add("/api/v1/statuses", view_func=self.statuses)
        add("/api/v1/statuses/<status_id>", view_func=self.status)
        add("/api/v1/statuses/<status_id>/context", view_func=self.context)
        add("/api/v1/statuses/<status_id>/history", view_func=self.history)
        add("/api/v1/statuses/<status_id>/source", view_func=self.source)
        add("/media/<picture>.png", view_func=self.picture, endpoint="media")
        add("/avatars/<picture>.png", view_func=self.picture, endpoint="avatar")
        add("/@<handle>/<status_id>", view_func=self.permalink)

    def enter(self) -> Response | None:
        """Faults, the token, the rate limits, in the order in which a server meets them."""
        gate.begin(FEED)
        struck = gate.strike_first(self.world, feed_errors.faulty)
        if struck is not None or request.path.removeprefix("/feed").startswith(OPEN_PATHS):
            return struck
        struck = self.check_token() or self.count()
        return struck or gate.strike_signed_in(self.world, feed_errors.faulty)

    def check_token(self) -> Response | None:
        """Who calls: our account, our other account, or nobody (401)."""
        me = self.world.identity
        # mastodon.md §2: header `Authorization: Bearer <token>`
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in (me.feed_token, me.feed_other_token):
            return feed_errors.token_is_dead()
        trace().is_other_account = token == me.feed_other_token
        return gate.strike_token(self.world, feed_errors.faulty)

    def count(self) -> Response | None:
        """Counts the request and sets X-RateLimit-*; 429 when nothing is left (mastodon.md §7)."""
        has_cursor = any(name in request.args for name in CURSORS)
        owner = "other" if trace().is_other_account else "main"
        closest: Left | None = None
        for name, limit, window in families(request.method, request.path, has_cursor, self.world.settings.pace):
            left = self.windows.spend(f"{owner}:{name}", limit, window)
            if left is None:
                self.say_limit(self.windows.full(limit, window))
                return json_answer({"error": "Too many requests"}, 429)
            if closest is None or left.remaining / left.limit < closest.remaining / closest.limit:
                closest = left
        fault = self.world.faults.on(FEED, "rate_limited")
        if fault is not None:
            seconds = fault.number("seconds", fault.number("minutes", 5.0) * 60)
            closest = Left(300, 0, fault.until or time.time() + seconds)
        low = self.world.faults.on(FEED, "low_budget")
        assert closest is not None
        if low is not None:
            closest = replace(closest, remaining=int(low.number("remaining", 5.0)))
        self.say_limit(closest)
        return None

    def say_limit(self, left: Left) -> None:
        """The three headers; the reset is an ISO 8601 time, by the server's clock (mastodon.md §7)."""
        told = left.resets_at + self.world.skew_seconds(FEED)
        trace().headers.update(
            {
                "X-RateLimit-Limit": str(left.limit),
                "X-RateLimit-Remaining": str(left.remaining),
                "X-RateLimit-Reset": iso_ms(told),
            }
        )

    def me(self) -> Person:
        """The account that the token belongs to."""
        me = self.world.identity
        found = self.world.person(FEED, me.other_account_id if trace().is_other_account else me.account_id)
        assert found is not None
        return found

    def is_empty(self) -> bool:
        """Whether lists are empty: another account without life, or the fault empty_200."""
        return trace().is_other_account or self.world.faults.on(FEED, "empty_200") is not None

    def instance_v1(self) -> Response:
        """The old form with its Deprecation header (mastodon.md §1)."""
        body = {
            "uri": self.world.identity.domain,
            "title": "Sandbox feed",
            "version": VERSION,
            "configuration": _configuration(),
            "max_toot_chars": MAX_CHARACTERS,
        }
        return json_answer(body, headers={"Deprecation": "@1668384000"})

    def instance_v2(self) -> Response:
        """Version and limits (mastodon.md §1)."""
        return json_answer(
            {
                "domain": self.world.identity.domain,
                "title": "Sandbox feed",
                "version": VERSION,
                "source_url": "",
                "description": "A local server for trying things out",
                "languages": ["es", "en"],
                "configuration": _configuration(),
                "api_versions": {"mastodon": 11},
                "rules": [],
            }
        )

    def verify(self) -> Response:
        """Whose token it is, with the default visibility (mastodon.md §2 Health check)."""
        if not trace().is_other_account and self.world.faults.on(FEED, "empty_200"):
            return feed_errors.account_is_off()
        source = {"privacy": "public", "sensitive": False, "language": "es", "note": "", "fields": []}
        return json_answer({**counted_json(self.world, self.me()), "source": source})

    def account(self, account_id: str) -> Response:
        """One account."""
        person = self.world.person(FEED, account_id)
        if person is None:
            raise feed_errors.not_found()
        return json_answer(counted_json(self.world, person))

    def account_statuses(self, account_id: str) -> Response:
        """What an account wrote, newest first (mastodon.md §6 Idempotency: where a lost reply is looked for)."""
        if self.world.person(FEED, account_id) is None:
            raise feed_errors.not_found()
        found = (
            items.select(self.world, "personality = ? AND author_id = ? ORDER BY n DESC", FEED, account_id)
            if not self.is_empty()
            else []
        )
        seen = [one for one in items.readable(self.world, found) if feed_verbs.is_for_us(self.world, one)]
        if is_true(request.args.get("exclude_replies")):
            seen = [one for one in seen if one.parent_id is None]
        limit = whole(request.args.get("limit"), 20, 40)
        page = self.page(seen, limit)
        return self.paged([status_json(self.world, one) for one in page], [one.id for one in page], len(page) >= limit)

    def notifications(self) -> Response:
        """Mentions and the rest, newest first (mastodon.md §3)."""
        limit = whole(request.args.get("limit"), 40, 80)
        with self.world.store.reading():
            rows = [] if self.is_empty() else self.notification_rows(limit)
            body = [self.notification_body(row) for row in rows]
        return self.paged(body, [str(row["n"]) for row in rows], True)

    def notification_rows(self, limit: int) -> list[dict[str, Any]]:
        """Readable rows that the request's filters and cursors let through, newest first."""
        sql = "SELECT * FROM notification WHERE visible_at <= ?"
        values: list[Any] = [time.time()]
        for name, test in (("types[]", "IN"), ("exclude_types[]", "NOT IN")):
            wanted = request.args.getlist(name)
            if wanted:
                sql += f" AND type {test} ({', '.join('?' * len(wanted))})"
                values.extend(wanted)
        # mastodon.md §3 Trap: filtered ones appear only when asked for
        if not is_true(request.args.get("include_filtered")):
            sql += " AND is_filtered = 0"
        if request.args.get("account_id"):
            sql += " AND person_id = ?"
            values.append(request.args["account_id"])
        for name in CURSORS:
            value = cursor(name)
            if value is not None and value.isdigit():
                sql += " AND n < ?" if name == "max_id" else " AND n > ?"
                values.append(int(value))
        is_upward = cursor("min_id") is not None
        sql += f" ORDER BY n {'ASC' if is_upward else 'DESC'} LIMIT ?"
        rows = [dict(row) for row in self.world.store.rows(sql, *values, limit)]
        return rows[::-1] if is_upward else rows

    def notification_body(self, row: dict[str, Any]) -> dict[str, Any]:
        """One notification with its status."""
        item = items.get(self.world, FEED, row["item_id"]) if row["item_id"] else None
        return notification_json(self.world, row, item)

    def notification(self, number: str) -> Response:
        """One notification by its id."""
        row = self.world.store.row("SELECT * FROM notification WHERE n = ? AND visible_at <= ?", number, time.time())
        if row is None or self.is_empty():
            raise feed_errors.not_found()
        return json_answer(self.notification_body(dict(row)))

    def statuses(self) -> Response:
        """Batch re-read: missing or hidden ones are left out (mastodon.md §5)."""
        wanted = request.args.getlist("id[]")
        found = [one for one in (items.find(self.world, FEED, each) for each in wanted) if one is not None]
        return json_answer([status_json(self.world, one) for one in self.seen(found)])

    def status(self, status_id: str) -> Response:
        """One status; 404 when deleted or not for us (mastodon.md §5)."""
        return json_answer(status_json(self.world, self.access(status_id)))

    def context(self, status_id: str) -> Response:
        """What is above and below a status (mastodon.md §5 Thread)."""
        with self.world.store.reading():
            item = self.access(status_id)
            above = self.seen(feed_verbs.ancestors(self.world, item))
            below = self.seen(feed_verbs.descendants(self.world, item))[:4096]
            return json_answer(
                {
                    "ancestors": [status_json(self.world, one) for one in above],
                    "descendants": [status_json(self.world, one) for one in below],
                }
            )

    def history(self, status_id: str) -> Response:
        """All versions of a status (mastodon.md §5 Edited)."""
        return json_answer(history_json(self.world, self.access(status_id)))

    def source(self, status_id: str) -> Response:
        """Plain text, of our own statuses only (mastodon.md §5 Edited)."""
        item = self.access(status_id)
        if item.author_id != self.me().id:
            raise FeedError(403, "This action is not allowed")
        return json_answer({"id": item.id, "text": item.text, "spoiler_text": ""})

    def picture(self, picture: str) -> Response:
        """A real PNG."""
        return Response(draw(picture), content_type="image/png", headers={"Cache-Control": "public, max-age=3600"})

    def permalink(self, handle: str, status_id: str) -> Response:
        """The page that `url` leads to: just the text, for a person who follows the link."""
        item = items.find(self.world, FEED, status_id)
        if item is None or not item.is_readable() or item.audience not in ("public", "unlisted"):
            raise feed_errors.not_found()
        return Response(f"@{handle}: {item.text}\n", content_type="text/plain; charset=utf-8")

    def seen(self, found: list[Item]) -> list[Item]:
        """Those that our account may see now."""
        if trace().is_other_account:
            found = [one for one in found if one.audience in ("public", "unlisted")]
        return [one for one in items.readable(self.world, found) if feed_verbs.is_for_us(self.world, one)]

    def access(self, status_id: str) -> Item:
        """A status that our account may see. Raises 404."""
        found = items.find(self.world, FEED, status_id)
        seen = self.seen([found]) if found is not None else []
        if not seen:
            raise feed_errors.not_found()
        return seen[0]

    def page(self, rows: list[Item], limit: int) -> list[Item]:
        """One page of statuses that are newest first (mastodon.md §3 Pagination).

        max_id: older than; since_id: the newest page above it; min_id: the page immediately above it.
        """
        for name in CURSORS:
            value = cursor(name)
            if value is not None and value.isdigit():
                edge = int(value)
                rows = [row for row in rows if (int(row.id) < edge if name == "max_id" else int(row.id) > edge)]
        return rows[-limit:] if cursor("min_id") is not None else rows[:limit]

    def paged(self, body: list[dict[str, Any]], ids: list[str], has_older: bool) -> Response:
        """The page with its Link header, which an empty page has not (mastodon.md §3)."""
        answer = json_answer(body)
        if not ids:
            return answer
        kept = "".join(f"{name}={value}&" for name, value in request.args.items(multi=True) if name not in CURSORS)
        url = f"{base(self.world)}{request.path.removeprefix('/feed')}?{kept}"
        older = [f'<{url}max_id={ids[-1]}>; rel="next"'] if has_older else []
        answer.headers["Link"] = ", ".join([*older, f'<{url}min_id={ids[0]}>; rel="prev"'])
        return answer


def _configuration() -> dict[str, Any]:
    return {
        "statuses": {
            "max_characters": MAX_CHARACTERS,
            "max_media_attachments": 4,
            "characters_reserved_per_url": CHARACTERS_PER_URL,
        },
        "media_attachments": {
            "supported_mime_types": ["image/png"],
            "image_size_limit": 16777216,
            "video_size_limit": 103809024,
            "description_limit": 1500,
        },
    }


def _cannot_look(error: CannotLook) -> Response:
    """The fault no_lookup, in the words of mastodon.md §6 (a parallel second request)."""
    del error
    return json_answer({"error": "There was a temporary problem serving your request, please try again"}, 503)
