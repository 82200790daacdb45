"""What payloads become: our own samples, and whatever else a server may send."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.platforms.bluesky.chat_parse import Convo, parse_chat, parse_convo
from inbox.platforms.bluesky.errors import error_of, read_budget
from inbox.platforms.bluesky.facets import make_facets, read_marks
from inbox.platforms.bluesky.parse import parse_notification, parse_post
from inbox.platforms.bluesky.session import expires_at, home_of
from inbox.platforms.bluesky.streams import parse_again, posts_below
from inbox.platforms.bluesky.values import parse_time
from inbox.platforms.bluesky.walk import Walk, page_again
from inbox.platforms.contract import Answered, PlatformError
from inbox.platforms.dates import skew
from inbox.platforms.items import GoneItem, Message, PostSeen, Unreadable

SHOP = "did:plc:shopshopshopshopshopshop"
EVA = "did:plc:evaevaevaevaevaevaevaeva"
OUR_POST = f"at://{SHOP}/app.bsky.feed.post/3kshop2222222"


def sample(name: str) -> Any:
    return json.loads((Path(__file__).parent / "samples" / f"{name}.json").read_text())


def test_notifications_and_what_is_none() -> None:
    items = [parse_notification(row, SHOP, {}) for row in sample("notifications")["notifications"]]
    reply, quote, like, unknown = items
    assert like is None
    assert unknown is None
    assert isinstance(reply, Message)
    assert isinstance(quote, Message)
    marked = [(mark.kind, reply.text[mark.start : mark.end]) for mark in reply.marks]
    assert marked == [("mention", "@shop.example"), ("link", "https://eva.example/foto"), ("tag", "#queja")]
    assert (reply.mentions, reply.mentions_us, reply.author.display_name) == ((SHOP,), True, "Eva «la de siempre»")
    assert reply.arrived_at is not None
    assert reply.ref["people"] == {"eva.example": EVA, "shop.example": SHOP}
    assert (quote.text, quote.post_id, quote.arrived_at) == ("https://tom.example/review", OUR_POST, None)
    assert json.loads(json.dumps(reply.ref)) == reply.ref


@pytest.mark.parametrize(
    ("name", "pictures", "text"),
    [
        ("images", [("image", "https://cdn.example/f/1.jpg"), ("image", "https://cdn.example/f/2.jpg")], "See"),
        ("video", [("video", None)], "See"),
        ("external", [], "See\nhttps://news.example/a"),
        ("quote", [], "See\nhttps://bsky.app/profile/did:plc:tomtomtomtomtomtomtomtom/post/3kother222222"),
        (
            "quote_with_images",
            [("image", "https://cdn.example/f/3.jpg")],
            "See\nhttps://bsky.app/profile/did:plc:tomtomtomtomtomtomtomtom/post/3kother222222",
        ),
        ("of_tomorrow", [], "See"),
    ],
)
def test_what_is_attached(name: str, pictures: list[tuple[str, str | None]], text: str) -> None:
    message = parse_post(sample("embeds")[name], SHOP)
    assert isinstance(message, Message)
    assert [(picture.kind, picture.url) for picture in message.pictures] == pictures
    assert message.text == text
    assert all(message.text[mark.start : mark.end] == mark.url for mark in message.marks)
    assert message.is_liked


def test_a_tree_parents_first_and_its_holes() -> None:
    items = parse_again("comments:x", sample("thread"), SHOP)
    assert isinstance(items[0], PostSeen)
    assert [item.text for item in items[1:] if isinstance(item, Message)] == [
        "Are they dishwasher safe?", "They are.", "Great!",
    ]  # fmt: skip
    assert len(items) == 4
    assert len(list(posts_below(sample("thread")["thread"]))) == 4


def test_a_log_of_private_messages() -> None:
    convo = Convo("3kconvo", {})
    views = [entry.get("message") for entry in sample("chat_log")["logs"]]
    message, gone = parse_chat(views[1], convo, SHOP), parse_chat(views[3], convo, SHOP)
    assert isinstance(message, Message)
    assert (message.external_id, message.text) == ("chat:3kconvo:3kmsg1", "¿Tenéis la taza azul?")
    assert gone == GoneItem("chat:3kconvo:3kmsg0")
    assert parse_chat({"$type": "chat.bsky.convo.defs#systemMessageView", "id": "x"}, convo, SHOP) is None


@pytest.mark.parametrize("written", ["", "plain", "¿qué?", "👩‍👩‍👧 @ana.test", "a\ud800b", "\x00", "e\u0301"])
@pytest.mark.parametrize("start", [-1, 0, 1, 2, 5, 9, 10**9])
@pytest.mark.parametrize("length", [-3, 0, 1, 4, 10**12])
def test_offsets_that_are_wrong_never_leave_the_text(written: str, start: int, length: int) -> None:
    feature = {"$type": "app.bsky.richtext.facet#link", "uri": "https://x.example"}
    facet = {"index": {"byteStart": start, "byteEnd": start + length}, "features": [feature]}
    for mark in read_marks(written, [facet]):
        assert 0 <= mark.start < mark.end <= len(written)


@pytest.mark.parametrize(
    ("written", "marked"),
    [
        ("see https://a.example/x(y)z.", ["https://a.example/x(y)z"]),
        ("(https://a.example/x)", ["https://a.example/x"]),
        ("(https://a.example/wiki_(b))", ["https://a.example/wiki_(b)"]),
        ("mail me@ana.test or @ana.test!", ["@ana.test"]),
        ("@nobody.test #1 #ok ¿#sí?", ["#ok", "#sí"]),
        ("https://a.example/#top @ANA.test", ["https://a.example/#top", "@ANA.test"]),
        ("😀 https://a.example 😀 #tag", ["https://a.example", "#tag"]),
    ],
)
def test_what_is_marked_in_our_own_texts(written: str, marked: list[str]) -> None:
    encoded = written.encode()
    facets = make_facets(written, {"ana.test": "did:plc:ana"})
    found = [encoded[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode() for f in facets]
    assert found == marked
    assert [written[mark.start : mark.end] for mark in read_marks(written, facets)] == marked


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@given(JSON)
def test_nothing_that_json_can_say_raises(raw: Any) -> None:
    parse_notification(raw, SHOP, {})
    parse_post(raw, SHOP)
    parse_chat(raw, Convo("1", {}), SHOP)
    parse_convo(raw)
    parse_again("mentions", raw, SHOP)
    list(posts_below(raw))
    home_of(raw)
    Walk.of(raw)
    read_marks("text", raw if isinstance(raw, list) else [raw])


def corrupted(value: Any, rng: random.Random) -> Any:
    """Put something of another type somewhere into a payload."""
    if rng.random() < 0.06:
        return rng.choice([None, 7, "", "x", [], {}, True, [None], {"uri": 5}, -1.5, "\ud800", "at://x", 10**30])
    if isinstance(value, dict):
        return {key: corrupted(inner, rng) for key, inner in value.items() if rng.random() > 0.02}
    if isinstance(value, list):
        return [corrupted(inner, rng) for inner in value]
    return value


@pytest.mark.parametrize("seed", range(300))
def test_payloads_with_wrong_types_are_read_or_kept(seed: int) -> None:
    rng = random.Random(seed)
    for row in sample("notifications")["notifications"][:2]:
        broken = corrupted(row, rng)
        item = parse_notification({**broken, "reason": "reply"} if isinstance(broken, dict) else broken, SHOP, {})
        assert item is None or isinstance(item, Message | Unreadable)
    for view in sample("embeds").values():
        assert isinstance(parse_post(corrupted(view, rng), SHOP), Message | PostSeen | Unreadable)
    for entry in sample("chat_log")["logs"]:
        parse_chat(corrupted(entry.get("message"), rng), Convo("1", {}), SHOP)


@given(st.integers(100, 599), st.binary(max_size=40) | JSON.map(lambda raw: json.dumps(raw).encode()), st.booleans())
def test_every_error_answer_is_one_of_ours(status: int, body: bytes, is_write: bool) -> None:
    headers = {"retry-after": "x", "ratelimit-reset": "9" * 30, "date": "yesterday"}
    answered = Answered(status, headers, body, "https://pds.example/xrpc/x")
    for is_chat in (True, False):
        error = error_of(answered, is_write=is_write, is_chat=is_chat)
        assert isinstance(error, PlatformError)
    read_budget(headers, status)
    assert skew(answered) is None


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "a.e30.c", "a.eyJleHAiOiJ4In0.c", "a.eyJleHAiOjFlOTk5fQ.c", "…"])
def test_tokens_that_say_nothing_have_no_end(token: str) -> None:
    assert expires_at(token) is None


@pytest.mark.parametrize("written", ["", "x", "2026", "2026-11-20", "2026-11-20T10:00:00", "9999-99-99T00:00:00Z",
                                     "0001-01-01T00:00:00+23:59"])  # fmt: skip
def test_times_without_a_zone_or_sense_are_none(written: str) -> None:
    assert parse_time(written) is None


def test_the_next_page_begins_a_millisecond_later_only_where_the_cursor_is_a_time() -> None:
    first, last = parse_time("2026-11-20T10:00:00.000Z"), parse_time("2026-11-20T09:00:00.000Z")
    assert first is not None
    assert last is not None
    assert page_again("2026-11-20T09:00:00.000Z", [first, last]) == "2026-11-20T09:00:00.001Z"
    assert page_again("2026-11-20T09:00:00.000Z", [last, last]) == "2026-11-20T09:00:00.000Z"
    assert page_again("opaque::cid", [first, last]) == "opaque::cid"
    assert page_again(None, [first, last]) is None
