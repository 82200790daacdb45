"""Replies, mentions and quotes: nothing missing, nothing double, whatever their authors' clocks say."""

from datetime import timedelta
from email.utils import format_datetime

import pytest

from inbox.platforms.contract import Malformed, RateLimited, TokenExpired, Unavailable
from inbox.platforms.items import Message, PostSeen, Unreadable
from inbox.settings import Pace
from tests.fixtures.app import MovingClock
from tests.platforms.bluesky.conftest import Scene
from tests.platforms.bluesky.desk import open_desk
from tests.platforms.bluesky.fake_world import Record, write_time


def test_a_reply_says_whose_it_is_and_what_it_hangs_on(scene: Scene) -> None:
    first = scene.world.post(scene.ana, "¿Cuándo llega mi pedido?", parent=scene.post)
    below = scene.world.post(scene.ben, "Same here", parent=first)
    found = scene.desk.messages("mentions")
    reply, nested = found[first.uri], found[below.uri]
    assert (reply.author.external_id, reply.author.handle) == (scene.ana.did, "ana.test")
    assert reply.author.display_name == "Ana Álvarez"
    assert (reply.kind, reply.audience, reply.version) == ("comment", "public", first.cid)
    assert reply.parent_id == reply.root_id == reply.post_id == scene.post.uri
    assert reply.parent_author_id == scene.shop.did
    assert (nested.parent_id, nested.post_id, nested.parent_author_id) == (first.uri, scene.post.uri, scene.ana.did)
    assert reply.permalink == f"https://bsky.app/profile/{scene.ana.did}/post/{first.uri.rpartition('/')[2]}"


def test_mentions_and_quotes(scene: Scene) -> None:
    mention = scene.world.mention(scene.ana, scene.shop, "😀 Hola ", ", ¿abren?")
    quote = scene.world.quote(scene.ben, scene.post, "Look")
    found = scene.desk.messages("mentions")
    assert found[mention.uri].kind == "mention"
    assert found[mention.uri].mentions_us
    mark = found[mention.uri].marks[0]
    assert found[mention.uri].text[mark.start : mark.end] == "@shop.test"
    assert (found[quote.uri].kind, found[quote.uri].post_id, found[quote.uri].text) == (
        "mention",
        scene.post.uri,
        "Look",
    )


def test_a_reply_in_somebody_elses_thread_stays_in_that_thread(scene: Scene) -> None:
    root = scene.world.post(scene.ana, "Which shop?")
    ours = scene.world.post(scene.shop, "Ours!", parent=root)
    below = scene.world.post(scene.ben, "Is it open?", parent=ours)
    found = scene.desk.messages("mentions")[below.uri]
    assert (found.kind, found.root_id, found.post_id, found.parent_author_id) == (
        "comment",
        root.uri,
        None,
        scene.shop.did,
    )


def test_the_servers_time_is_believed_only_where_it_is_the_servers(scene: Scene, moving_clock: MovingClock) -> None:
    now = moving_clock()
    late = scene.world.post(scene.ana, "From next week", parent=scene.post, created_at=now + timedelta(days=7))
    early = scene.world.post(scene.ana, "Two days old", parent=scene.post, created_at=now - timedelta(days=2))
    found = scene.desk.messages("mentions")
    assert found[late.uri].arrived_at is not None
    assert found[late.uri].authored_at == now + timedelta(days=7)
    assert found[early.uri].arrived_at is None
    assert found[early.uri].authored_at == now - timedelta(days=2)


def read_all(scene: Scene, page_size: int) -> tuple[int, set[str]]:
    desk = open_desk(scene.network, scene.shop, page_size=page_size)
    items = [item for item in desk.read("mentions") if isinstance(item, Message)]
    return len(items), {item.external_id for item in items}


@pytest.mark.parametrize("page_size", [1, 3, 5, 100])
def test_every_reply_is_read_whatever_the_page_size(scene: Scene, page_size: int) -> None:
    wanted = {scene.world.post(scene.ana, f"Reply {n}", parent=scene.post).uri for n in range(12)}
    _, found = read_all(scene, page_size)
    assert found == wanted


def test_replies_of_one_millisecond_are_not_lost_at_the_end_of_a_page(scene: Scene, moving_clock: MovingClock) -> None:
    at = moving_clock() - timedelta(minutes=5)
    wanted = {
        scene.world.post(scene.ana, f"Tie {n}", parent=scene.post, created_at=at + timedelta(milliseconds=n // 4)).uri
        for n in range(20)
    }
    _, found = read_all(scene, 5)
    assert found == wanted


def test_a_later_poll_reads_an_hour_again_and_no_more(scene: Scene, moving_clock: MovingClock) -> None:
    old = scene.world.post(scene.ana, "Old", parent=scene.post)
    assert scene.desk.texts("mentions") == ["Old"]
    moving_clock.move(hours=3)
    scene.world.post(scene.ana, "New", parent=scene.post)
    scene.desk.read("mentions")
    scene.world.post(
        scene.ben, "Half an hour back", parent=scene.post, created_at=moving_clock() - timedelta(minutes=30)
    )
    page = scene.desk.connection.fetch("mentions", scene.desk.cursors["mentions"])
    assert sorted(item.text for item in page.items if isinstance(item, Message)) == [
        "Half an hour back",
        "New",
        "Old",
    ]  # one page holds more than is needed
    small = open_desk(scene.network, scene.shop, page_size=1)
    small.cursors = dict(scene.desk.cursors)
    found = small.messages("mentions")
    assert "New" in {message.text for message in found.values()}
    assert old.uri in found or len(found) == 2


def test_a_deep_walk_finds_what_was_back_dated_below_the_mark(scene: Scene, moving_clock: MovingClock) -> None:
    desk = open_desk(scene.network, scene.shop, page_size=2)
    for n in range(8):
        scene.world.mention(scene.ana, scene.shop, before=f"{n} ", created_at=moving_clock() - timedelta(hours=8 * n))
    desk.read("mentions")
    scene.world.mention(scene.ben, scene.shop, before="late ", created_at=moving_clock() - timedelta(days=2))
    assert "late @shop.test!" not in desk.texts("mentions")
    assert "late @shop.test!" in desk.texts("mentions", is_deep=True)
    assert "late @shop.test!" not in desk.texts("mentions")


def test_a_time_from_far_ahead_does_not_blind_the_walks_that_follow(scene: Scene, moving_clock: MovingClock) -> None:
    ahead = scene.world.post(scene.ana, "From 2099", parent=scene.post, created_at=moving_clock() + timedelta(days=1))
    ahead.indexed_at = moving_clock() + timedelta(days=26000)
    ahead.value = {**ahead.value, "createdAt": "2099-01-01T00:00:00.000Z"}
    desk = open_desk(scene.network, scene.shop, page_size=2)
    desk.read("mentions")
    wanted = {scene.world.post(scene.ben, f"Reply {n}", parent=scene.post).uri for n in range(6)}
    assert wanted <= desk.messages("mentions").keys()


def test_a_walk_goes_on_where_it_was_interrupted(scene: Scene) -> None:
    wanted = {scene.world.post(scene.ana, f"Reply {n}", parent=scene.post).uri for n in range(9)}
    desk = open_desk(scene.network, scene.shop, page_size=2)
    first = desk.connection.fetch("mentions", None)
    desk.cursors["mentions"] = first.cursor_after  # committed; then another process goes on
    newer = scene.world.post(scene.ben, "Meanwhile", parent=scene.post)
    found = {item.external_id for item in first.items if isinstance(item, Message)} | set(desk.messages("mentions"))
    assert found == wanted
    assert newer.uri in desk.messages("mentions")


def test_a_cursor_that_the_server_no_longer_knows_begins_the_walk_again(scene: Scene) -> None:
    reply = scene.world.post(scene.ana, "Still here?", parent=scene.post)
    lost = {"walk": {"page": "1795339185::bafy", "new_mark": None}}
    page = scene.desk.connection.fetch("mentions", lost)
    assert [item.external_id for item in page.items if isinstance(item, Message)] == [reply.uri]
    scene.network.faults.is_appview_away = True
    with pytest.raises(Unavailable):
        scene.desk.connection.fetch("mentions", lost)


def test_an_empty_page_with_a_cursor_is_not_the_end(scene: Scene) -> None:
    scene.network.faults.raw_answers.append(
        (200, "app.bsky.notification.listNotifications", b'{"notifications": [], "cursor": "opaque"}')
    )
    page = scene.desk.connection.fetch("mentions", None)
    assert (page.is_complete, page.cursor_after["walk"]["page"]) == (False, "opaque")


def test_the_tree_of_a_post_shows_what_was_never_notified(scene: Scene) -> None:
    orphan = scene.world.post(scene.ana, "Before its parent", parent=scene.post, is_notified=False)
    ours = scene.world.post(scene.shop, "Our own answer", parent=orphan)
    assert orphan.uri not in scene.desk.messages("mentions")
    items = scene.desk.read(f"comments:{scene.post.uri}")
    assert isinstance(items[0], PostSeen)
    below = [item for item in items if isinstance(item, Message)]
    assert [(item.external_id, item.author.external_id) for item in below] == [
        (orphan.uri, scene.ana.did),
        (ours.uri, scene.shop.did),
    ]


def test_a_deep_tree_is_read_to_its_end(scene: Scene) -> None:
    last: Record = scene.post
    for n in range(60):
        last = scene.world.post(scene.ana if n % 2 else scene.ben, f"Level {n}", parent=last)
    assert last.uri in scene.desk.messages(f"comments:{scene.post.uri}")


def test_a_tree_that_is_too_large_is_read_less_deep(scene: Scene) -> None:
    first = scene.world.post(scene.ana, "Level 1", parent=scene.post)
    below = first
    for n in range(2, 10):
        below = scene.world.post(scene.ben, f"Level {n}", parent=below)
    stream = f"comments:{scene.post.uri}"
    too_large = b" " * (9 * 1024 * 1024)
    scene.network.faults.raw_answers.append((200, "app.bsky.feed.getPostThread", too_large))
    assert len(scene.desk.messages(stream)) == 6
    assert scene.desk.cursors[stream] == {"depth": 6}
    assert len(scene.desk.messages(stream)) == 6
    scene.network.faults.by_nsid["app.bsky.feed.getPostThread"] = (200, too_large)
    assert scene.desk.read(stream) == []
    del scene.network.faults.by_nsid["app.bsky.feed.getPostThread"]
    assert set(scene.desk.messages(stream)) == {first.uri}


def test_a_deleted_post_has_no_comments_and_says_nothing_else(scene: Scene) -> None:
    del scene.world.records[scene.post.uri]
    assert scene.desk.read(f"comments:{scene.post.uri}") == []


def test_own_posts_bring_posts_and_native_answers(scene: Scene) -> None:
    question = scene.world.post(scene.ana, "Open?", parent=scene.post)
    answer = scene.world.post(scene.shop, "Yes", parent=question)
    items = scene.desk.read("own_posts")
    assert [item.external_id for item in items if isinstance(item, Message)] == [answer.uri]
    assert [item.external_id for item in items if isinstance(item, PostSeen)] == [scene.post.uri]


def test_pictures_come_with_their_addresses(scene: Scene) -> None:
    record = {"$type": "app.bsky.embed.images", "images": [{"alt": "broken cup", "image": {"ref": {"$link": "b"}}}]}
    shown = {"thumb": "https://cdn.example/t.jpg", "fullsize": "https://cdn.example/f.jpg", "alt": "broken cup",
             "aspectRatio": {"width": 4, "height": 3}}  # fmt: skip
    view = {"$type": "app.bsky.embed.images#view", "images": [shown]}
    reply = scene.world.post(scene.ana, "Look", parent=scene.post, embed=record, embed_view=view)
    picture = scene.desk.messages("mentions")[reply.uri].pictures[0]
    assert (picture.url, picture.alt, picture.width, picture.kind) == (
        "https://cdn.example/f.jpg", "broken cup", 4, "image",
    )  # fmt: skip


@pytest.mark.parametrize(
    "record",
    [
        {"text": 7, "createdAt": "2026-11-20T12:00:00Z"},
        {"createdAt": "2026-11-20T12:00:00Z"},
        {"text": None, "facets": "x"},
    ],
)
def test_one_row_that_cant_be_read_goes_into_quarantine_and_the_rest_goes_on(
    scene: Scene, record: dict[str, object]
) -> None:
    good = scene.world.post(scene.ana, "Good", parent=scene.post)
    bad = scene.world.post(scene.ben, "Bad", parent=scene.post)
    bad.value = {**record, "reply": bad.value["reply"]}
    items = scene.desk.read("mentions")
    assert {item.external_id for item in items if isinstance(item, Message)} == {good.uri}
    unread = next(item for item in items if isinstance(item, Unreadable))
    assert (unread.external_id, unread.reason) == (bad.uri, "text_missing")
    bad.value = {**bad.value, "text": "mended", "createdAt": write_time(scene.world.now())}
    assert scene.desk.connection.parse("mentions", unread.raw)[0] == unread


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b"null", b'{"notifications": 5}', b"<html>", b"", b'{"a": ' + b"[" * 90_000]
)
def test_a_page_of_another_shape_is_malformed(scene: Scene, body: bytes) -> None:
    scene.network.faults.by_nsid["app.bsky.notification.listNotifications"] = (200, body)
    with pytest.raises(Malformed) as caught:
        scene.desk.connection.fetch("mentions", None)
    assert caught.value.payload == body[:65536]


def test_a_stale_token_is_refreshed_once_and_kept(scene: Scene) -> None:
    reply = scene.world.post(scene.ana, "Hello?", parent=scene.post)
    scene.world.expire_access_tokens()
    assert reply.uri in scene.desk.messages("mentions")
    assert scene.desk.keeper.refresh_count == 1
    scene.desk.read("own_posts")
    assert scene.desk.keeper.refresh_count == 1


def test_a_dead_refresh_token_needs_a_person(scene: Scene) -> None:
    scene.world.expire_access_tokens()
    scene.world.revoke_all()
    with pytest.raises(TokenExpired):
        scene.desk.connection.fetch("mentions", None)


def test_the_network_away_and_back(scene: Scene) -> None:
    reply = scene.world.post(scene.ana, "Hello?", parent=scene.post)
    scene.network.faults.is_appview_away = True
    with pytest.raises(Unavailable) as caught:
        scene.desk.connection.fetch("mentions", None)
    assert caught.value.code == "server_error"
    scene.network.faults.is_appview_away = False
    assert reply.uri in scene.desk.messages("mentions")


def test_a_spent_budget_stops_polls_and_not_replies(scene: Scene, moving_clock: MovingClock) -> None:
    resets_at = moving_clock() + timedelta(seconds=120)
    scene.network.faults.rate_headers = {
        "RateLimit-Limit": "3000", "RateLimit-Remaining": "200", "RateLimit-Reset": str(int(resets_at.timestamp())),
    }  # fmt: skip
    scene.desk.connection.fetch("mentions", None)
    with pytest.raises(RateLimited) as caught:
        scene.desk.connection.fetch("mentions", None)
    assert caught.value.until_at == resets_at
    moving_clock.move(121)
    scene.desk.connection.fetch("mentions", None)


def test_a_server_whose_clock_is_ahead_does_not_silence_us_for_longer(scene: Scene, moving_clock: MovingClock) -> None:
    theirs = moving_clock() + timedelta(seconds=600)
    scene.network.faults.rate_headers = {
        "Date": format_datetime(theirs, usegmt=True),
        "RateLimit-Limit": "3000", "RateLimit-Remaining": "0", "RateLimit-Reset": str(int(theirs.timestamp()) + 30),
    }  # fmt: skip
    scene.desk.connection.fetch("mentions", None)
    with pytest.raises(RateLimited) as caught:
        scene.desk.connection.fetch("mentions", None)
    assert caught.value.until_at - moving_clock() <= timedelta(seconds=31)


def test_too_many_requests_say_until_when(scene: Scene, moving_clock: MovingClock) -> None:
    scene.network.faults.by_nsid["app.bsky.notification.listNotifications"] = (
        429, b'{"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}',
    )  # fmt: skip
    scene.network.faults.rate_headers = {"Retry-After": "290"}
    with pytest.raises(RateLimited) as caught:
        scene.desk.connection.fetch("mentions", None)
    assert caught.value.until_at == moving_clock() + timedelta(seconds=290)


def test_the_skew_of_the_servers_clock_is_told(scene: Scene, moving_clock: MovingClock) -> None:
    page = scene.desk.connection.fetch("mentions", None)
    assert page.skew is not None
    assert page.skew.smallest == 0
    moving_clock.at += timedelta(milliseconds=0)
    scene.network.world.now = lambda: moving_clock() + timedelta(minutes=10)
    page = scene.desk.connection.fetch("mentions", None)
    assert page.skew is not None
    assert page.skew.smallest == 600


def test_the_overlap_follows_the_pace(scene: Scene, moving_clock: MovingClock) -> None:
    desk = open_desk(scene.network, scene.shop, page_size=1, pace=Pace().at(3600))
    scene.world.post(scene.ana, "Old", parent=scene.post)
    desk.read("mentions")
    moving_clock.move(10)
    scene.world.post(scene.ana, "New", parent=scene.post)
    scene.world.post(scene.ana, "Newer", parent=scene.post)
    assert len(desk.read("mentions")) == 3  # one below the mark minus a second ends the walk
