"""Payloads of each platform, and random damage to them as no server should send it."""

import copy
import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from inbox.platforms.bluesky.chat_parse import Convo, parse_chat
from inbox.platforms.bluesky.parse import parse_notification, parse_post
from inbox.platforms.items import Item
from inbox.platforms.sandbox.feed import parse as feed
from inbox.platforms.sandbox.pages import parse as pages

Parse = Callable[[Any], Item | None]
SCRIPT = "<script>alert(1)</script>"
_SHOP = "did:plc:shopshopshopshopshopshop"
_SAMPLES = Path(__file__).parents[1] / "platforms" / "bluesky" / "samples"


def _nested(levels: int) -> Any:
    found: Any = 1
    for _ in range(levels):
        found = {"x": [found]}
    return found


ODD: Sequence[Any] = (
    None,
    True,
    -1,
    0,
    2**63,
    10**40,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "\0",
    "a\0b",
    "\ud800",
    "x\udfff\ud800y",
    "\u202e\u2066reversed",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349\u035a" * 40,
    SCRIPT,
    f'"><img src=x onerror=alert(1)>{SCRIPT}',
    "</bdi></p></li></ol><style>*{display:none}</style>",
    "{{ 7 * 7 }}{% for x in y %}%(name)s%s",
    "javascript:alert(1)",
    "https://evil.example\\@bank.example/\"onmouseover='x'",
    "x" * 1001,
    "x" * 5000,
    "y" * 30_000,
    "\U0001f1ea\U0001f1f8" * 3_000,
    "http://a.b " * 2_000,
    "@a " * 2_000,
    "<a href='http://a'>x</a>" * 500,
    "<![",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "2026-13-45",
    "2026-11-20T11:59:00",
    [],
    {},
    [None, 1, "x", {}, []],
    {"id": {"id": []}},
    {"id": "x", "uri": "\0"},
    ["x"] * 3_000,
    [{"id": "1", "url": "https://cdn.example/1.png", "type": "image"}] * 500,
    _nested(30),
)


def _bluesky_notifications() -> list[Any]:
    return list(json.loads((_SAMPLES / "notifications.json").read_text())["notifications"])


def _bluesky_posts() -> list[Any]:
    return [row for row in _bluesky_notifications() if row.get("record")]


def _chat() -> list[Any]:
    facet = {"index": {"byteStart": 0, "byteEnd": 4}, "features": [{"$type": "x#link", "uri": "https://a.example"}]}
    message = {"$type": "chat.bsky.convo.defs#messageView", "id": "m1", "rev": "1", "text": "hola https://a.example"}
    sender: dict[str, Any] = {
        "sender": {"did": "did:plc:evaevaevaevaevaevaevaeva"},
        "sentAt": "2026-11-20T11:59:00.000Z",
    }
    return [message | sender | {"facets": [facet], "replyTo": {"id": "m0", "sender": dict(sender["sender"])}}]


def _feed() -> list[Any]:
    account = {
        "id": "7",
        "acct": "eva@plaza.test",
        "username": "eva",
        "display_name": "Eva",
        "url": "https://p.test/eva",
    }
    picture = {"type": "image", "url": "https://c.test/1.png", "meta": {"original": {"width": 1, "height": 1}}}
    status = {
        "id": "100",
        "account": account | {"avatar_static": "https://c.test/a.png", "bot": False},
        "visibility": "public",
        "content": "<p>¿Abren <a href='https://t.test'>hoy</a>?</p>",
        "created_at": "2026-11-20T11:59:00.000Z",
        "edited_at": None,
        "in_reply_to_id": "99",
        "in_reply_to_account_id": "own",
        "mentions": [{"id": "own", "acct": "shop"}],
        "media_attachments": [picture | {"description": "A lamp"}],
        "url": "https://p.test/eva/100",
        "favourited": False,
    }
    return [{"id": "1", "type": "mention", "created_at": "2026-11-20T11:59:01.000Z", "status": status}]


def _comments() -> list[Any]:
    return [
        {
            "id": "10_100",
            "message": "¿Abren hoy?",
            "created_time": "2026-11-20T11:59:00+0000",
            "from": {"id": "77", "name": "Eva"},
            "parent": {"id": "10_99", "from": {"id": "5"}},
            "attachment": {
                "type": "photo",
                "media": {"image": {"src": "https://c.test/1.png", "width": 4, "height": 4}},
            },
            "message_tags": [{"id": "own", "offset": 1, "length": 5}],
            "permalink_url": "https://p.test/100",
            "is_hidden": False,
            "user_likes": False,
        }
    ]


def _directs() -> list[Any]:
    image = {"image_data": {"url": "https://c.test/2.png", "width": 4, "height": 4}, "mime_type": "image/png"}
    message = {"id": "m_5", "message": "hola", "created_time": "2026-11-20T11:59:00+0000", "from": {"id": "77"}}
    conversation = {"id": "t_1", "participants": {"data": [{"id": "77"}, {"id": "own"}]}}
    return [{"message": message | {"attachments": {"data": [image]}}, "conversation": conversation}]


def _direct(row: Any) -> Item:
    inner = row if isinstance(row, dict) else {}
    return pages.parse_direct(inner.get("message"), "own", inner.get("conversation"))


# By name: whole payloads, and how their connector reads one.
PLATFORMS: Mapping[str, tuple[Callable[[], list[Any]], Parse]] = {
    "bluesky notifications": (_bluesky_notifications, lambda row: parse_notification(row, _SHOP, {})),
    "bluesky posts": (_bluesky_posts, lambda row: parse_post(row, _SHOP)),
    "bluesky chat": (_chat, lambda row: parse_chat(row, Convo("c1", {}), _SHOP)),
    "feed notifications": (_feed, lambda row: feed.parse_notification(row, "own")),
    "feed own": (lambda: [row["status"] for row in _feed()], lambda row: feed.parse_own(row, "7")),
    "feed comments": (lambda: [row["status"] for row in _feed()], lambda row: feed.parse_comment(row, "own", "9")),
    "pages comments": (_comments, lambda row: pages.parse_comment(row, "own", "10_1")),
    "pages visitors": (_comments, lambda row: pages.parse_visitor_post(row, "own")),
    "pages posts": (_comments, lambda row: pages.parse_post(row, "own")),
    "pages direct": (_directs, _direct),
}


def damaged(rng: random.Random, payload: Any) -> Any:
    """Return a payload with some of its values replaced, left out, doubled or put under another name."""
    found = copy.deepcopy(payload)
    for _ in range(rng.choice((1, 1, 2, 4))):
        found = _damage(rng, found)
    return found


def _damage(rng: random.Random, value: Any) -> Any:
    if not isinstance(value, dict | list) or not value or rng.random() < 0.12:
        return copy.deepcopy(rng.choice(ODD))
    key = rng.choice(list(value)) if isinstance(value, dict) else rng.randrange(len(value))
    match rng.randrange(12):
        case 0:
            del value[key]
        case 1 if isinstance(value, list):
            value += value * 20
        case 2 if isinstance(value, dict):
            other = rng.choice(list(value))
            value[other] = value.pop(key)
        case _:
            value[key] = _damage(rng, value[key])
    return value
