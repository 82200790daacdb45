"""The control API under /sandbox: acting as fans and as the brand's own app, faults, traffic, and what is known."""

import hmac
import time
from dataclasses import replace
from datetime import datetime
from secrets import token_urlsafe
from typing import Any

from flask import Blueprint, Response, abort, request
from werkzeug.exceptions import HTTPException

from sandbox import fans, feed_verbs, items, push
from sandbox.answers import is_true, json_answer
from sandbox.fans import Saying
from sandbox.faults import KINDS
from sandbox.feed_text import length
from sandbox.identity import describe, identity_text, write_file
from sandbox.items import Item
from sandbox.settings import FEED, PERSONALITIES
from sandbox.threads import OTHERS, LongThread, churn, make_thread
from sandbox.traffic import Traffic
from sandbox.world import Person, World

# a length that says how long the fault stays on, for kinds whose own meaning is a stretch of time
LASTING = ("rate_limited", "outage")


class Control:
    """Routes of the control API."""

    def __init__(self, world: World, traffic: Traffic) -> None:
        self.world = world
        self.traffic = traffic
        self.blueprint = Blueprint("control", __name__, url_prefix="/sandbox")
        self.blueprint.before_request(self.enter)
        self.blueprint.register_error_handler(HTTPException, _http_error)
        for kind in (ValueError, KeyError, LookupError):
            self.blueprint.register_error_handler(kind, _wrong)
        add = self.blueprint.add_url_rule
        add("/state", view_func=self.state)
        add("/traffic", methods=["POST"], view_func=self.set_traffic)
        add("/faults", methods=["GET"], view_func=self.list_faults)
        add("/faults", methods=["POST"], view_func=self.add_fault)
        add("/faults", methods=["DELETE"], view_func=self.clear_faults)
        add("/pages/push", methods=["GET"], view_func=self.list_pushes)
        add("/pages/push", methods=["POST"], view_func=self.set_push)
        add("/feed/notice", methods=["POST"], view_func=self.notice)
        add("/<personality>/accepted", view_func=self.accepted)
        add("/<personality>/items", view_func=self.list_items)
        add("/<personality>/items/<item_id>", view_func=self.item)
        for name in ("post", "comment", "mention", "direct", "native", "edit", "delete", "thread", "churn", "token"):
            add(f"/<personality>/{name}", methods=["POST"], endpoint=name, view_func=getattr(self, name))

    def enter(self) -> None:
        """Only who has the control token."""
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self.world.identity.control_token.encode()):
            abort(401)
        if (request.view_args or {}).get("personality", FEED) not in PERSONALITIES:
            abort(404)

    def state(self) -> Response:
        """Counts, faults and traffic at a glance."""
        return json_answer(
            {
                "now": time.time(),
                "pace": self.world.settings.pace.factor,
                "faults": self.faults_now(),
                "traffic": self.traffic.describe(),
                **{one: self.counts(one) for one in PERSONALITIES},
                "push": {"callback_url": push.callback(self.world), "fields": push.subscribed_fields(self.world)},
            }
        )

    def counts(self, personality: str) -> dict[str, int]:
        """How much there is on a personality."""
        row = self.world.store.row(
            "SELECT count(*) AS items, coalesce(sum(is_accepted), 0) AS accepted, count(deleted_at) AS deleted, "
            "coalesce(sum(NOT is_ours), 0) AS from_fans FROM item WHERE personality = ?",
            personality,
        )
        return dict(row) if row else {}

    def set_traffic(self) -> Response:
        """Switches traffic on or off and sets its rate per minute and personality."""
        values = _body()
        self.traffic.turn(
            is_true(values["on"]) if "on" in values else None,
            float(values["rate_per_minute"]) if "rate_per_minute" in values else None,
        )
        return json_answer(self.traffic.describe())

    def faults_now(self) -> list[dict[str, Any]]:
        """The faults that are on."""
        return [fault.describe() for fault in self.world.faults.current()]

    def list_faults(self) -> Response:
        """The faults that are on."""
        return json_answer({"faults": self.faults_now()})

    def add_fault(self) -> Response:
        """Switches a fault on."""
        values = _body()
        kind, personality = str(values.pop("kind")), str(values.pop("personality"))
        if kind == "restore_token":
            for one in ("dead_token", "revoke_token"):
                self.world.faults.clear(personality, one)
            return json_answer({"cleared": True})
        if kind not in KINDS or personality not in PERSONALITIES:
            raise ValueError(f"unknown fault {kind} or personality {personality}")
        count = values.pop("count", None)
        lasts = values.pop("lasts_seconds", None)
        if kind in LASTING and lasts is None and count is None:
            lasts = _lasting(values)
        fault = self.world.faults.add(
            personality, kind, None if count is None else int(count), None if lasts is None else float(lasts), values
        )
        return json_answer(fault.describe(), 201)

    def clear_faults(self) -> Response:
        """Ends faults: all, or those of a personality or kind in the query."""
        cleared = self.world.faults.clear(request.args.get("personality"), request.args.get("kind"))
        return json_answer({"cleared": cleared})

    def list_pushes(self) -> Response:
        """The pushes, newest first."""
        rows = self.world.store.rows("SELECT * FROM push_event ORDER BY n DESC LIMIT 200")
        return json_answer(
            {
                "callback_url": push.callback(self.world),
                "fields": push.subscribed_fields(self.world),
                "events": [dict(row) for row in rows],
            }
        )

    def set_push(self) -> Response:
        """Sets the callback (with its handshake) and the fields, as the platform's dashboard would."""
        values = _body()
        token = str(values.get("verify_token", self.world.identity.verify_token))
        push.subscribe_callback(self.world, str(values["callback_url"]), token)
        push.subscribe_fields(self.world, list(values.get("fields", push.FIELDS)))
        return json_answer({"callback_url": push.callback(self.world), "fields": push.subscribed_fields(self.world)})

    def notice(self) -> Response:
        """Another kind of notification on the feed: follow, favourite, reblog …"""
        values = _body()
        fan = self.world.meet(FEED, str(values["by"]), values.get("name"))
        item = items.get(self.world, FEED, str(values["on"])) if values.get("on") else None
        feed_verbs.notify(self.world, str(values["type"]), fan, item)
        return json_answer({"type": values["type"]}, 201)

    def post(self, personality: str) -> Response:
        """A post of the brand."""
        return self.made(fans.post(self.world, personality, self.saying(_body())))

    def comment(self, personality: str) -> Response:
        """A fan's comment."""
        values = _body()
        on = items.get(self.world, personality, str(values["on"]))
        return self.made(fans.comment(self.world, personality, self.fan(personality, values), on, self.saying(values)))

    def mention(self, personality: str) -> Response:
        """A fan's mention."""
        values = _body()
        return self.made(
            fans.mention(
                self.world,
                personality,
                self.fan(personality, values),
                self.saying(values),
                values.get("where") == "page",
            )
        )

    def direct(self, personality: str) -> Response:
        """A fan's private message."""
        values = _body()
        return self.made(
            fans.direct(
                self.world, personality, self.fan(personality, values), self.saying(values), is_true(values.get("new"))
            )
        )

    def native(self, personality: str) -> Response:
        """The brand's answer by its own app."""
        values = _body()
        on = items.get(self.world, personality, str(values["on"])) if values.get("on") else None
        fan = self.world.meet(personality, str(values["direct"])) if values.get("direct") else None
        return self.made(fans.answer(self.world, personality, on, fan, self.saying(values)))

    def edit(self, personality: str) -> Response:
        """The author changes a text."""
        values = _body()
        item = items.get(self.world, personality, str(values["id"]))
        pictures = self.pictures(values) if "pictures" in values else None
        return self.made(fans.edit(self.world, item, str(values["text"]), pictures), 200)

    def delete(self, personality: str) -> Response:
        """The author (or `by`: brand, platform) deletes."""
        values = _body()
        item = items.get(self.world, personality, str(values["id"]))
        fans.delete(self.world, item, str(values.get("by", "author")))
        return self.made(items.get(self.world, personality, item.id), 200)

    def thread(self, personality: str) -> Response:
        """A long thread in one call."""
        values = _body()
        texts = tuple(str(one) for one in values.get("messages", ()))
        count = int(values.get("count", len(texts) or 10))
        texts = texts or tuple(self.traffic.phrase(personality, place) for place in range(count))
        return json_answer(
            make_thread(
                self.world,
                personality,
                LongThread(
                    by=str(values["by"]),
                    texts=texts,
                    on=values.get("on"),
                    others=tuple(values.get("others", OTHERS)),
                    edits=int(values.get("edits", 0)),
                    deletions=int(values.get("deletions", 0)),
                    pictures=int(values.get("pictures", 0)),
                    spacing_seconds=float(values.get("spacing_seconds", 0.0)),
                    churn_after_seconds=float(values.get("churn_after_seconds", 0.0)),
                ),
            ),
            201,
        )

    def churn(self, personality: str) -> Response:
        """Edits and deletes many at once."""
        values = _body()
        edit_ids, delete_ids = list(values.get("edit_ids", ())), list(values.get("delete_ids", ()))
        churn(self.world, personality, edit_ids, delete_ids)
        return json_answer({"edited": len(edit_ids), "deleted": len(delete_ids)})

    def token(self, personality: str) -> Response:
        """Gives the brand a new token; the old one is dead at once."""
        fresh = token_urlsafe(32)
        if personality == FEED:
            self.world.identity = replace(self.world.identity, feed_token=fresh)
        else:
            self.world.identity = replace(self.world.identity, pages_token="EAAS" + fresh)
        self.world.store.keep_setting("identity", identity_text(self.world.identity))
        port = int(self.world.url.rsplit(":", 1)[1])
        description = describe(self.world.identity, port)
        write_file(self.world.settings.data, description)
        return json_answer({"access_token": description[personality]["access_token"]}, 201)

    def accepted(self, personality: str) -> Response:
        """What the platform accepted through its API, oldest first."""
        rows = self.world.ledger.rows("SELECT * FROM accepted WHERE personality = ? ORDER BY accepted_no", personality)
        return json_answer(
            {
                "accepted": [
                    {**row, "id": row["item_id"], "visibility": row["audience"], "at": row["accepted_at"]}
                    for row in rows
                ]
            }
        )

    def list_items(self, personality: str) -> Response:
        """The newest items, newest first; `limit`, `kind` and `by` (handle) narrow them."""
        limit = int(request.args.get("limit", "50"))
        found = items.select(self.world, "personality = ? ORDER BY n DESC LIMIT 5000", personality)
        if request.args.get("kind"):
            found = [one for one in found if one.kind == request.args["kind"]]
        if request.args.get("by"):
            fan = self.world.person_by_handle(personality, request.args["by"].lstrip("@"))
            found = [one for one in found if fan is not None and one.author_id == fan.id]
        return json_answer({"items": [self.describe(one) for one in found[:limit]]})

    def item(self, personality: str, item_id: str) -> Response:
        """An item as the platform has it, with its versions."""
        item = items.find(self.world, personality, item_id)
        if item is None:
            abort(404)
        rows = items.versions(self.world, item)
        versions = [{"version_no": row["version_no"], "text": row["text"], "at": row["told_at"]} for row in rows]
        return json_answer({**self.describe(item), "versions": versions})

    def describe(self, item: Item) -> dict[str, Any]:
        """An item in the control API's words."""
        author = self.world.person(item.personality, item.author_id)
        return {
            "id": item.id,
            "kind": item.kind,
            "by": author.handle if author else None,
            "author_id": item.author_id,
            "text": item.text,
            "characters": length(item.text),
            "parent_id": item.parent_id,
            "thread_id": item.thread_id,
            "post_id": item.post_id,
            "visibility": item.audience,
            "recipients": list(item.recipients),
            "pictures": list(item.pictures),
            "authored_at": item.authored_at,
            "visible_at": item.visible_at,
            "edited_at": item.edited_at,
            "version_no": item.version_no,
            "deleted": item.deleted_at is not None,
            "deleted_at": item.deleted_at,
            "hidden": item.is_hidden,
            "liked": item.is_liked,
            "ours": item.is_ours,
            "accepted": item.is_accepted,
        }

    def made(self, item: Item, status: int = 201) -> Response:
        """The item that a call made or changed."""
        return json_answer(self.describe(item), status)

    def fan(self, personality: str, values: dict[str, Any]) -> Person:
        """The fan in `by`, with `name` when new."""
        return self.world.meet(personality, str(values["by"]), values.get("name"))

    def saying(self, values: dict[str, Any]) -> Saying:
        """What is said, from a body."""
        return Saying(
            text=str(values.get("text", "")),
            pictures=self.pictures(values),
            authored_at=_moment(values.get("authored_at")),
            arrived_at=_moment(values.get("arrived_at")),
            visible_after_seconds=float(values.get("visible_after_seconds", 0.0)),
            is_faceless=is_true(values.get("faceless")),
            audience=values.get("audience"),
            is_to_us=is_true(values.get("mention_us", True)),
        )

    def pictures(self, values: dict[str, Any]) -> tuple[str, ...]:
        """`pictures` as a number of new ones."""
        return fans.new_pictures(self.world, int(values.get("pictures", 0)))


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return dict(body)


def _moment(value: Any) -> float | None:
    """Seconds since 1970, or an ISO 8601 time with zone."""
    if value is None or isinstance(value, int | float):
        return value
    return datetime.fromisoformat(str(value)).timestamp()


def _lasting(values: dict[str, Any]) -> float | None:
    if "until" in values:
        return max(0.0, (_moment(values.pop("until")) or 0.0) - time.time())
    if "minutes" in values:
        return float(values["minutes"]) * 60
    return float(values["seconds"]) if "seconds" in values else None


def _wrong(error: Exception) -> Response:
    kind = "missing or unknown" if isinstance(error, LookupError) else "impossible"
    return json_answer({"error": f"{kind}: {error}"}, 422)


def _http_error(error: HTTPException) -> Response:
    return json_answer({"error": error.name}, error.code or 500)
