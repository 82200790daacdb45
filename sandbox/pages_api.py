"""The pages personality's read API under /pages/v25.0, as facebook.md describes it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from sandbox import items, pages_errors
from sandbox.answers import is_true, json_answer, trace
from sandbox.graph_fields import BadFields, Field, parse_fields
from sandbox.items import CannotLook, Item
from sandbox.pages_entry import PagesEntry
from sandbox.pages_errors import GraphError
from sandbox.pages_json import (
    DETAILED_MESSAGES,
    comment_json,
    conversation_json,
    conversations_by_time,
    message_json,
    messages_of,
    post_json,
    worded,
)
from sandbox.pages_paging import page_by_time, page_of_cursors
from sandbox.pictures import draw, may_show
from sandbox.push import callback, subscribed_fields
from sandbox.settings import PAGES
from sandbox.world import Person, World

Fields = tuple[Field, ...]


class PagesApi(PagesEntry):
    """Routes of the pages personality over one world."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.blueprint = Blueprint("pages", __name__, url_prefix="/pages")
        self.blueprint.before_request(self.enter)
        self.blueprint.after_request(self.leave)
        self.blueprint.register_error_handler(GraphError, pages_errors.error_answer)
        self.blueprint.register_error_handler(HTTPException, pages_errors.unknown_path)
        self.blueprint.register_error_handler(CannotLook, lambda error: pages_errors.no_look())
        self.blueprint.register_error_handler(
            BadFields, lambda error: pages_errors.error_answer(GraphError(2500, f"Syntax error in fields: {error}"))
        )
        add = self.blueprint.add_url_rule
        add("/media/<picture>.png", view_func=self.picture)
        add("/<version>", view_func=self.batch, strict_slashes=False)
        add("/<version>/debug_token", view_func=self.debug_token)
        add("/<version>/<node>", view_func=self.node)
        add("/<version>/<node>/<edge>", view_func=self.edge)
        self.edges: dict[str, Callable[[str], Response]] = {
            "published_posts": self.published_posts,
            "feed": self.feed,
            "visitor_posts": self.visitor_posts,
            "tagged": self.tagged,
            "comments": self.comments,
            "conversations": self.conversations,
            "messages": self.messages,
            "subscribed_apps": self.subscribed_apps,
            "likes": self.likes,
        }

    def is_empty(self) -> bool:
        """Whether lists are empty: another page without life, or a token of the wrong type (facebook.md §3)."""
        return trace().is_other_account or self.world.faults.on(PAGES, "empty_200") is not None

    def resolve(self, node: str) -> str:
        """`me` is the page of a page token."""
        return self.page().id if node == "me" else node

    def batch(self, version: str) -> Response:
        """`?ids=a,b,c`: one answer keyed by the ids as asked (recorded: pyfb_messages_multi_ids).

        What happens with a vanished one is not documented: it is left out; with the fault strict_batch the whole
        call answers 100/33.
        """
        del version
        wanted = [one for one in request.args.get("ids", "").split(",") if one]
        if not wanted or len(wanted) > 50:
            raise pages_errors.bad("Param ids must hold 1 to 50 ids")
        is_strict = self.world.faults.on(PAGES, "strict_batch") is not None
        body = {}
        for one in wanted:
            try:
                body[one] = self.one(self.resolve(one), self.fields())
            except GraphError as error:
                if is_strict or error.body["code"] != 100 or error.body.get("error_subcode") != 33:
                    raise
        return json_answer(body)

    def node(self, version: str, node: str) -> Response:
        """One object by its id."""
        del version
        return json_answer(self.one(self.resolve(node), self.fields()))

    def edge(self, version: str, node: str, edge: str) -> Response:
        """A list that hangs on an object."""
        del version
        if edge not in self.edges:
            raise GraphError(2500, f"Unknown path components: /{edge}")
        with self.world.store.reading():
            return self.edges[edge](self.resolve(node))

    def fields(self) -> Fields:
        """The `fields` parameter."""
        return parse_fields(request.args.get("fields", ""))

    def root(self, node: str, edge: str) -> str:
        """The address of an edge, for paging."""
        return f"{self.world.url}/pages/{(request.view_args or {}).get('version')}/{node}/{edge}"

    def one(self, node: str, fields: Fields) -> dict[str, Any]:
        """Any object in words. Raises 100/33 for what vanished (facebook.md §9)."""
        if node == self.page().id:
            if not trace().is_other_account and self.world.faults.on(PAGES, "empty_200"):
                raise GraphError(190, "Error validating access token: the session is for a person", 492, 400)
            return self.page_json(self.page(), fields)
        if self.is_empty():
            raise pages_errors.gone(node)
        if node.startswith("t_"):
            return self.conversation(node, fields)
        item = self.access(node)
        if item.kind == "direct":
            self.check_detailed(item, fields)
            return message_json(self.world, item, fields)
        if item.kind == "comment":
            return comment_json(self.world, item, fields)
        return self.with_comments(item, fields)

    def access(self, node: str, verb: str = "get") -> Item:
        """An object that stands. Raises 100/33."""
        found = items.find(self.world, PAGES, node) if not self.is_empty() else None
        seen = items.readable(self.world, [found]) if found is not None else []
        if not seen:
            raise pages_errors.gone(node, verb)
        return seen[0]

    def page_json(self, page: Person, fields: Fields) -> dict[str, Any]:
        """The page itself."""
        return worded(
            "Page",
            fields,
            {
                "id": lambda: page.id,
                "name": lambda: page.name,
                "link": lambda: f"https://pages.example/{page.id}",
                "username": lambda: page.handle.split(".")[0],
                "category": lambda: "Home appliances",
                "tasks": lambda: ["MODERATE", "MESSAGING", "CREATE_CONTENT"],
                "followers_count": lambda: 1200,
                "fan_count": lambda: 1200,
                "picture": lambda: {"data": {"url": f"{self.world.url}/feed/avatars/{page.id}.png"}},
            },
        )

    def conversation(self, node: str, fields: Fields) -> dict[str, Any]:
        """A conversation, with its messages when asked for (facebook.md §5)."""
        row = self.world.store.row("SELECT * FROM conversation WHERE id = ?", node)
        if row is None:
            raise pages_errors.gone(node)
        body = conversation_json(self.world, dict(row), tuple(one for one in fields if one.name != "messages"))
        for one in fields:
            if one.name == "messages":
                body["messages"] = self.message_page(node, one.inside, one)
        return body

    def with_comments(self, post: Item, fields: Fields) -> dict[str, Any]:
        """A post, with its comments when asked for."""
        body = post_json(self.world, post, fields)
        for one in fields:
            if one.name == "comments":
                body["comments"] = self.comment_page(post, one.inside, one.limits, one)
        return body

    def check_detailed(self, item: Item, fields: Fields) -> None:
        """facebook.md §5: details only for the 20 newest; older ones answer that the message was deleted."""
        if not fields or all(one.name in ("id", "created_time") for one in fields):
            return
        newest = messages_of(self.world, item.thread_id)[:DETAILED_MESSAGES]
        if item.id not in {one.id for one in newest}:
            raise GraphError(100, "(#100) This message has been deleted and its details are not available.")

    def published_posts(self, node: str) -> Response:
        """The page's own posts, newest first (facebook.md §3.1)."""
        return self.posts(node, "published_posts", "kind = 'post'")

    def feed(self, node: str) -> Response:
        """Also visitors' posts and posts tagging the page (facebook.md §3.1)."""
        return self.posts(node, "feed", "kind IN ('post', 'visitor_post')")

    def visitor_posts(self, node: str) -> Response:
        """Visitors' posts on the page."""
        return self.posts(node, "visitor_posts", "kind = 'visitor_post' AND tags_us = 0")

    def tagged(self, node: str) -> Response:
        """Posts elsewhere that tag the page: the mentions (facebook.md §3.1)."""
        return self.posts(node, "tagged", "kind = 'visitor_post' AND tags_us = 1")

    def posts(self, node: str, edge: str, where: str) -> Response:
        """A list of posts."""
        self.check_page(node)
        found = (
            []
            if self.is_empty()
            else items.select(self.world, f"personality = ? AND {where} ORDER BY authored_at DESC, n DESC", PAGES)
        )
        fields = self.fields()
        return json_answer(
            page_by_time(
                items.readable(self.world, found), lambda one: self.with_comments(one, fields), self.root(node, edge)
            )
        )

    def comments(self, node: str) -> Response:
        """Comments of a post, or replies of a comment (facebook.md §3.2)."""
        if self.is_empty():
            return json_answer({"data": []})
        return json_answer(self.comment_page(self.access(node), self.fields(), dict(request.args.items())))

    def comment_page(
        self, on: Item, fields: Fields, asked: dict[str, str], nested: Field | None = None
    ) -> dict[str, Any]:
        """One page with filter, order, since and summary."""
        is_stream = asked.get("filter") == "stream"
        if on.kind == "comment":
            where, value = "parent_id = ?", on.id
        else:
            where, value = ("post_id = ?" if is_stream else "post_id = ? AND parent_id IS NULL"), on.id
        found = items.readable(
            self.world, items.select(self.world, f"personality = ? AND {where} ORDER BY authored_at, n", PAGES, value)
        )
        if asked.get("since"):
            since = _moment(asked["since"])
            found = [one for one in found if one.authored_at >= since]
        is_backwards = asked.get("order") == "reverse_chronological"
        if is_backwards:
            found.reverse()
        elif not is_stream and asked.get("order") != "chronological" and on.kind != "comment":
            # facebook.md §3 order: with ranking on, top-level comments come ranked
            found.sort(key=lambda one: self.world.chance("rank", one.n))
        body = page_of_cursors(
            found,
            lambda one: f"{one.authored_at:020.6f}:{one.n:012d}",
            lambda one: comment_json(self.world, one, fields),
            self.root(on.id, "comments"),
            nested,
        )
        if is_true(asked.get("summary")):
            body["summary"] = {
                "order": "chronological" if is_stream else "ranked",
                "total_count": self.total(where, value),
                "can_comment": True,
            }
        return body

    def total(self, where: str, value: str) -> int:
        """Counts deleted ones too: facebook.md §3, never compare total_count with the number read."""
        sql = f"SELECT count(*) AS n FROM item WHERE personality = ? AND {where}"  # noqa: S608
        row = self.world.store.row(sql, PAGES, value)
        return int(row["n"]) if row else 0

    def likes(self, node: str) -> Response:
        """Who likes it: we or nobody."""
        item = self.access(node)
        page = self.page()
        return json_answer({"data": [{"id": page.id, "name": page.name}] if item.is_liked else []})

    def conversations(self, node: str) -> Response:
        """Newest updated_time first; no since, no until (facebook.md §5)."""
        self.check_page(node)
        if request.args.get("since") or request.args.get("until"):
            raise pages_errors.bad("Time-based pagination is not available for the conversations endpoint")
        is_asked = str(request.args.get("platform", "messenger")).lower() == "messenger"
        rows = conversations_by_time(self.world) if is_asked and not self.is_empty() else []
        if request.args.get("user_id"):
            rows = [row for row in rows if row["person_id"] == request.args["user_id"]]
        fields = self.fields()
        return json_answer(
            page_of_cursors(
                rows,
                lambda row: f"{row['updated']:020.6f}:{row['n']:012d}",
                lambda row: self.conversation(row["id"], fields),
                self.root(node, "conversations"),
            )
        )

    def messages(self, node: str) -> Response:
        """Messages of a conversation, newest first (facebook.md §5)."""
        row = self.world.store.row("SELECT id FROM conversation WHERE id = ?", node)
        if row is None or self.is_empty():
            raise pages_errors.gone(node)
        return json_answer(self.message_page(node, self.fields()))

    def message_page(self, node: str, fields: Fields, nested: Field | None = None) -> dict[str, Any]:
        """All ids are listed, details only for the 20 newest (facebook.md §5)."""
        found = messages_of(self.world, node)
        detailed = {one.id for one in found[:DETAILED_MESSAGES]}
        return page_of_cursors(
            found,
            lambda one: f"{one.authored_at:020.6f}:{one.n:012d}",
            lambda one: message_json(self.world, one, fields, one.id in detailed),
            self.root(node, "messages"),
            nested,
        )

    def subscribed_apps(self, node: str) -> Response:
        """What the page is subscribed to (facebook.md §10)."""
        self.check_page(node)
        fields = subscribed_fields(self.world)
        app = {"id": self.world.identity.app_id, "name": "Relevo", "subscribed_fields": fields}
        return json_answer({"data": [app] if fields and callback(self.world) else []})

    def check_page(self, node: str) -> None:
        """The edge belongs to the token's own page."""
        if node != self.page().id:
            raise pages_errors.gone(node)

    def picture(self, picture: str) -> Response:
        """A real PNG behind an address that expires (facebook.md §3: fetch soon)."""
        if not may_show(self.world, picture, request.args.get("oh", ""), request.args.get("oe", "")):
            return Response("URL signature expired", status=403, content_type="text/plain")
        return Response(draw(picture), content_type="image/png")


def _moment(text: str) -> float:
    """A datetime or unix seconds (facebook.md §3.2 since)."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise pages_errors.bad(f"Param since is not a time: {text}") from error
