"""What a page of Mastodon's becomes: own samples, of invented people."""

import json
from pathlib import Path
from typing import Any

import pytest

from inbox.platforms.html_text import to_text
from inbox.platforms.items import Message, PostSeen, Unreadable
from inbox.platforms.mastodon import parse
from inbox.platforms.mastodon.people import us
from inbox.platforms.mastodon.wording import shortened
from tests.platforms.mastodon.conftest import MakeScene, Scene
from tests.platforms.mastodon.desk import open_desk

US = us("1001", "shop", "https://social.example")
PAGE: list[dict[str, Any]] = json.loads((Path(__file__).parent / "samples" / "notifications.json").read_text("utf-8"))


def item(number: str) -> Any:
    return parse.parse_notification(next(row for row in PAGE if row["id"] == number), US)


def test_a_reply_with_a_link_and_an_emoji() -> None:
    found = item("90")
    assert found.text == (
        "@shop is it open?\nI ask for a friend & me :blobcat:\n\nThanks https://shop.example/hours?a=1&b=2"
    )
    assert [(mark.kind, found.text[mark.start : mark.end], mark.url) for mark in found.marks] == [
        ("mention", "@shop", "https://social.example/@shop"),
        ("link", "https://shop.example/hours?a=1&b=2", "https://shop.example/hours?a=1&b=2"),
    ]
    assert (found.kind, found.audience, found.parent_id, found.parent_author_id) == ("comment", "public", "70", "1001")
    assert (found.mentions, found.mentions_us) == (["1001"], True)
    assert (found.author.external_id, found.author.scope, found.author.handle) == ("1002", "social.example", "ana")
    assert found.author.avatar_url == "https://social.example/a/ana.png"
    assert found.arrived_at is not None
    assert found.authored_at is not None
    assert (found.arrived_at - found.authored_at).total_seconds() == 1.5
    assert (found.version, found.edited_at) == ("1", None)
    assert found.permalink == "https://social.example/@ana/80"


def test_a_warning_stands_above_and_what_is_attached_is_shown() -> None:
    found = item("89")
    assert found.text == "damaged parcel\n\n@shop it came broken"
    assert found.text[found.marks[0].start : found.marks[0].end] == "@shop"
    assert found.version == "2026-11-23T09:30:00.000Z"
    assert [(one.kind, one.url, one.alt) for one in found.pictures] == [
        ("image", "https://social.example/m/5.jpg", "A box with a hole"),
        ("video", "https://other.example/6.mp4", ""),
        ("file", None, ""),
    ]
    assert (found.pictures[0].width, found.pictures[0].height) == (800, 600)


def test_polls_and_quotes_are_words() -> None:
    assert item("88").text == "@shop which one?\n\n○ The red one\n○ The blue one"
    quote = item("87")
    assert quote.text == "Look at this\n\nRE: https://social.example/@shop/70"
    assert quote.text[quote.marks[-1].start : quote.marks[-1].end] == quote.marks[-1].url
    assert quote.mentions_us


def test_a_direct_message_belongs_to_its_people() -> None:
    found = item("86")
    assert (found.kind, found.audience, found.thread_key) == ("direct", "direct", "direct:eva@other.example")
    assert found.ref["acct"] == "eva@other.example"


def test_what_is_none_of_our_business_is_nothing_and_what_is_unfit_is_kept() -> None:
    assert [item(number) for number in ("85", "84", "83", "82")] == [None] * 4
    kept = item("81")
    assert isinstance(kept, Unreadable)
    assert kept.external_id == "81"
    assert json.loads(kept.raw) == PAGE[-1]
    assert isinstance(parse.parse_notification("what?", US), Unreadable)


def test_our_own_statuses_are_posts_or_answers_and_boosts_are_neither() -> None:
    ours = PAGE[6]["status"]
    assert isinstance(post := parse.parse_own(ours, US), PostSeen)
    assert (post.external_id, post.like_count, post.comment_count, post.is_ours) == ("70", 5, 2, True)
    answer = parse.parse_own(ours | {"in_reply_to_id": "80"}, US)
    assert isinstance(answer, Message)
    assert parse.parse_own(ours | {"reblog": ours}, US) is None
    assert parse.parse_own(PAGE[0]["status"], US) is None


def test_names_of_other_servers_are_shortened_with_their_marks() -> None:
    html = 'To <a href="https://o.example/@eva">@eva@o.example</a> and <a href="https://s.example/">this</a>'
    found = shortened(to_text(html))
    assert found.text == "To @eva and this"
    assert [found.text[mark.start : mark.end] for mark in found.marks] == ["@eva", "this"]


@pytest.mark.parametrize("name", ["content", "created_at", "mentions", "media_attachments", "url", "poll", "edited_at"])
@pytest.mark.parametrize("instead", [None, 7, "x", [], {}, [None], {"options": 3}])
def test_whatever_a_field_holds_the_item_is_read(name: str, instead: Any) -> None:
    status = PAGE[0]["status"] | {name: instead}
    assert isinstance(parse.parse_notification(PAGE[0] | {"status": status}, US), Message)


def test_a_reply_that_drops_the_mention_is_found_below_our_post(scene: Scene) -> None:
    first = scene.world.post(scene.ana, "no mention here", to=scene.post)
    second = scene.world.post(scene.ben, "nor here", to=first)
    posts = [one for one in scene.desk.read("own_posts") if isinstance(one, PostSeen)]
    assert [post.external_id for post in posts] == [scene.post.external_id]
    assert scene.desk.texts() == []
    below = [one for one in scene.desk.read(f"comments:{scene.post.external_id}") if isinstance(one, Message)]
    found = {one.external_id: one for one in below}
    assert {one.post_id for one in found.values()} == {scene.post.external_id}
    assert {one.root_id for one in found.values()} == {first.external_id}
    assert found[second.external_id].parent_id == first.external_id
    context = scene.desk.connection.context(second.external_id, {})
    assert context.post is not None
    assert (context.post.external_id, context.post.is_ours) == (scene.post.external_id, True)
    assert [one.external_id for one in context.ancestors] == [first.external_id]


@pytest.mark.parametrize("has_batches", [True, False])
def test_edits_and_deletions_are_seen_when_looked_at_again(make_scene: MakeScene, has_batches: bool) -> None:
    scene = make_scene(has_batches=has_batches)
    asked = [scene.world.post(scene.ana, f"@shop {number}") for number in range(25)]
    scene.world.edit(asked[3], "@shop three!")
    scene.world.delete(asked[4])
    looks = scene.desk.connection.recheck({one.external_id: {} for one in asked})
    kinds = [type(looks[one.external_id]).__name__ for one in asked]
    assert kinds == ["Edited"] * 4 + ["IsGone"] + ["Edited"] * 20
    assert looks[asked[3].external_id].message.text == "@shop three!"  # type: ignore[union-attr]
    scene.server.faults.by_path[f"GET /api/v1/statuses/{asked[4].external_id}"] = (403, {}, b'{"error":"no"}')
    again = scene.desk.connection.recheck({asked[4].external_id: {}})
    assert type(again[asked[4].external_id]).__name__ == "NotVisible"


def test_quotes_are_asked_for_where_the_server_knows_them(scene: Scene) -> None:
    for version, kinds in (("6", ["mention"]), ("7", ["mention", "quote"]), ("x", ["mention"])):
        desk = open_desk(scene.server, scene.shop, api_version=version)
        desk.read()
        assert [value for name, value in scene.server.asked[-1].query if name == "types[]"] == kinds


def test_quarantine_is_read_again(scene: Scene) -> None:
    parsed = scene.desk.connection.parse
    assert [type(one).__name__ for one in parsed("mentions", json.dumps(PAGE).encode())] == ["Message"] * 5 + [
        "Unreadable"
    ]
    assert [type(one).__name__ for one in parsed("own_posts", b"{")] == ["Unreadable"]
    comment = json.dumps(PAGE[0]["status"]).encode()
    assert [one.post_id for one in parsed("comments:70", comment)] == ["70"]  # type: ignore[union-attr]
