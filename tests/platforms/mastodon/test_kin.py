"""What was seen of servers that speak this API (mastodon.md §10): a test for each thing, over real HTTP."""

import random

import pytest

from inbox.platforms.contract import Gone, RateLimited, Refused, TokenExpired, Unavailable, Unclear
from inbox.platforms.mastodon import profile
from inbox.platforms.mastodon.calls import ME
from inbox.platforms.mastodon.errors import paused_until, read_budget
from inbox.platforms.outgoing import Absent, Found
from tests.fixtures.app import MovingClock
from tests.platforms.mastodon.conftest import MakeScene, Scene
from tests.platforms.mastodon.desk import open_desk

DEAD = {
    "401 in words": ((401, '{"error":"Der Zugriffs-Token ist ungültig"}'), None),
    "401 and nothing, 422 about itself": ((401, ""), (422, "")),
    "400 in plain text": ((400, "Invalid Bearer token"), None),
    "422 and nothing": ((422, ""), None),
}


def test_rows_that_become_readable_out_of_order_are_not_missed(scene: Scene, moving_clock: MovingClock) -> None:
    chance, seen, hidden = random.Random(7), set[str](), []
    for number in range(200):
        post = scene.world.post(scene.ana, f"@shop question {number}", is_shown=chance.random() < 0.7)
        hidden += [row for row in scene.world.notifications if row.status is post and not row.is_shown]
        moving_clock.move(0.4)
        for row in [row for row in hidden if (moving_clock() - row.at).total_seconds() > 4]:
            row.is_shown = True  # readable long after younger ones
            hidden.remove(row)
        seen |= set(scene.desk.texts())
    for row in hidden:
        row.is_shown = True
    seen |= set(scene.desk.texts())
    assert len(seen) == 200
    assert not any("min_id" in dict(one.query) or "since_id" in dict(one.query) for one in scene.server.asked)


def test_a_walk_over_many_pages_keeps_its_mark_until_it_has_arrived(
    make_scene: MakeScene, moving_clock: MovingClock
) -> None:
    scene = make_scene(most_limit=10)
    for number in range(35):
        scene.world.post(scene.ana, f"@shop {number}")
        moving_clock.move(60)
    assert len(scene.desk.texts()) == 35
    for number in range(35, 60):
        scene.world.post(scene.ana, f"@shop {number}")
        moving_clock.move(60)
    first = scene.desk.connection.fetch("mentions", scene.desk.cursors["mentions"])
    assert not first.is_complete
    assert first.cursor_after["mark"] == (scene.desk.cursors["mentions"] or {})["mark"]
    assert {f"@shop {number}" for number in range(35, 60)} <= set(scene.desk.texts())


@pytest.mark.parametrize("keeps_keys", [True, False])
def test_the_key_is_sent_and_never_relied_on(
    make_scene: MakeScene, moving_clock: MovingClock, keeps_keys: bool
) -> None:
    scene = make_scene(keeps_keys=keeps_keys)
    asked = scene.world.post(scene.ana, "@shop are you open?")
    reply = scene.desk.reply(scene.desk.message(asked.external_id), "Until eight!")
    scene.server.faults.hang_ups_after_post = 1
    began = moving_clock()
    with pytest.raises(Unclear):
        scene.desk.connection.send(reply, "key-1")
    assert scene.server.asked[-1].headers["idempotency-key"] == "key-1"
    found = scene.desk.connection.find_sent(reply, began)
    assert isinstance(found, Found)
    assert found.sent.parent_id == asked.external_id
    assert len(scene.server.paths("POST")) == 1


def test_what_is_not_there_is_never_surely_absent(scene: Scene, moving_clock: MovingClock) -> None:
    asked = scene.world.post(scene.ana, "@shop are you open?")
    reply = scene.desk.reply(scene.desk.message(asked.external_id), "Until eight!")
    scene.server.faults.hang_ups_before = 1
    with pytest.raises(Unclear):
        scene.desk.connection.send(reply, "key-1")
    found = scene.desk.connection.find_sent(reply, moving_clock())
    assert found == Absent(is_sure=False)
    assert scene.desk.connection.verify().limits.lookup_lag_seconds is None


def test_a_direct_reply_that_the_list_of_our_statuses_hides_is_found_below_its_parent(
    make_scene: MakeScene, moving_clock: MovingClock
) -> None:
    scene = make_scene(lists_directs=False)
    asked = scene.world.post(scene.ana, "@shop my order is 123", visibility="direct")
    reply = scene.desk.reply(scene.desk.message(asked.external_id), "It left today.")
    scene.server.faults.hang_ups_after_post = 1
    with pytest.raises(Unclear):
        scene.desk.connection.send(reply, "key-1")
    assert isinstance(scene.desk.connection.find_sent(reply, moving_clock()), Found)


def test_a_direct_reply_names_the_person(scene: Scene) -> None:
    asked = scene.world.post(scene.eva, "@shop my order is 123", visibility="direct")
    reply = scene.desk.reply(scene.desk.message(asked.external_id), "It left today.")
    sent = scene.desk.connection.send(reply, "key-1")
    assert reply.text == "@eva@other.example It left today."
    assert scene.world.statuses[sent.external_id].mentions == [scene.eva]
    assert scene.world.statuses[sent.external_id].visibility == "direct"


def test_direct_messages_come_as_mentions_and_conversations_are_not_asked(scene: Scene) -> None:
    asked = scene.world.post(scene.ana, "@shop my order is 123", visibility="direct")
    message = scene.desk.message(asked.external_id)
    assert (message.kind, message.audience, message.thread_key) == ("direct", "direct", "direct:ana")
    assert not any("conversations" in path for path in scene.server.paths())


@pytest.mark.parametrize("ids", ["ulid", "int"])
def test_ids_are_opaque(make_scene: MakeScene, ids: str) -> None:
    scene = make_scene(ids=ids, most_limit=5)
    for number in range(12):
        scene.world.post(scene.ana, f"@shop {number}", to=scene.post)
    assert len(scene.desk.texts()) == 12
    message = scene.desk.message(next(one.external_id for one in scene.world.statuses.values() if one.parent))
    assert message.parent_id == scene.post.external_id
    sent = scene.desk.connection.send(scene.desk.reply(message, "Yes"), "key-1")
    assert sent.parent_id == message.external_id


@pytest.mark.parametrize(("everywhere", "on_me"), DEAD.values(), ids=DEAD)
def test_a_dead_token_is_known_however_it_is_told(
    make_scene: MakeScene, everywhere: tuple[int, str], on_me: tuple[int, str] | None
) -> None:
    scene = make_scene(dead_token=everywhere, dead_token_on_me=on_me)
    asked = scene.world.post(scene.ana, "@shop hello?")
    reply = scene.desk.reply(scene.desk.message(asked.external_id), "Hello!")
    scene.world.tokens.clear()
    for call in (lambda: scene.desk.connection.fetch("mentions", None), scene.desk.connection.verify):
        with pytest.raises(TokenExpired):
            call()
    with pytest.raises(TokenExpired) as dead:
        scene.desk.connection.send(reply, "key-1")
    assert dead.value.is_surely_not_accepted


def test_a_token_that_says_whose_it_is_lives_whatever_else_is_refused(scene: Scene) -> None:
    scene.server.faults.by_path["GET /api/v1/notifications"] = (400, {}, b"nginx: bad request")
    with pytest.raises(Refused):
        scene.desk.connection.fetch("mentions", None)
    scene.server.faults.by_path[f"GET {ME}"] = (503, {}, b"<html>")
    with pytest.raises(Unavailable):  # nobody can say now: it is not dead
        scene.desk.connection.fetch("mentions", None)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((422, '{"error":"Validation failed: Text character limit of 500 exceeded"}'), "text_too_long"),
        ((400, '{"error":"Status is too long"}'), "text_too_long"),
        ((422, '{"error":"バリデーションに失敗しました"}'), "refused"),
        (None, None),
    ],
)
def test_a_text_that_is_too_long_is_refused_or_taken(
    make_scene: MakeScene, answer: tuple[int, str] | None, code: str | None
) -> None:
    scene = make_scene(too_long=answer)
    asked = scene.world.post(scene.ana, "@shop hello?")
    reply = scene.desk.reply(scene.desk.message(asked.external_id), "a" * 600)
    if code is None:
        assert scene.desk.connection.send(reply, "key-1").parent_id == asked.external_id
        return
    with pytest.raises(Refused) as refused:
        scene.desk.connection.send(reply, "key-1")
    assert refused.value.code == code
    assert refused.value.is_surely_not_accepted


def test_a_reply_to_what_is_gone_says_so_or_hangs_nowhere(make_scene: MakeScene) -> None:
    for missing, html in (("404", False), ("404", True), ("top", False)):
        scene = make_scene(missing_parent=missing, is_html_404=html)
        asked = scene.world.post(scene.ana, "@shop hello?")
        reply = scene.desk.reply(scene.desk.message(asked.external_id), "Hello!")
        scene.world.delete(asked)
        if missing == "top":
            assert scene.desk.connection.send(reply, "key-1").parent_id == ""
            continue
        # only words of the server's own prove that nothing was accepted
        with pytest.raises(Unclear if html else Gone) as gone:
            scene.desk.connection.send(reply, "key-1")
        assert gone.value.is_surely_not_accepted is not html


@pytest.mark.parametrize(("v2", "v1", "length"), [(404, 200, 5000), (500, 200, 100_000), (404, 404, 500)])
def test_limits_are_read_the_old_way_too(make_scene: MakeScene, v2: int, v1: int, length: int) -> None:
    scene = make_scene(instance_v2=v2, max_length=length)
    if v1 != 200:
        scene.server.faults.by_path["GET /api/v1/instance"] = (v1, {}, b"")
    assert scene.desk.connection.verify().limits.public.max_length == length


@pytest.mark.parametrize(
    ("version", "count", "url_length"),
    [
        ("4.6.4", "mastodon", 23),
        ("4.3.0-beta.2+glitch", "mastodon", 23),
        ("takahe/0.11.0", "characters", None),
        ("4.0.0 (not true; really snac/2.94)", "characters", None),
        ("2.7.2 (compatible; Pleroma 2.9.1)", "characters", None),
        ("0.20.3+git-1a2b3c4", "characters", None),
        ("", "characters", None),
    ],
)
def test_others_than_mastodon_count_addresses_whole(version: str, count: str, url_length: int | None) -> None:
    row = {"version": version, "configuration": {"statuses": {"characters_reserved_per_url": 23}}}
    limits = profile.limits(profile.instance_of(row))
    assert (limits.private.count, limits.private.url_length) == (count, url_length)
    assert limits.handle_prefix == "@{handle} "


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-reset": "2026-11-23T10:05:00.492968Z"}, 300),
        ({"x-ratelimit-reset": "EPOCH"}, 300),
        ({"retry-after": "120"}, 120),
        ({"retry-after": "30, Mon, 23 Nov 2026 11:00:00 GMT"}, 30),
        ({"retry-after": "Mon, 23 Nov 2026 10:02:00 GMT"}, 120),
        ({"retry-after": "99999999"}, 3600),
        ({"x-ratelimit-reset": "9999-01-01T00:00:00Z"}, 3600),
        ({"x-ratelimit-reset": "soon", "retry-after": "a while"}, 60),
        ({}, 60),
    ],
)
def test_how_long_to_wait_is_read_in_every_spelling(
    moving_clock: MovingClock, headers: dict[str, str], seconds: float
) -> None:
    shift = moving_clock().timestamp() - 1795428000  # what is written above is told from 2026-11-23T10:00Z
    moving_clock.move(-shift)
    told = {
        name: str(int(moving_clock().timestamp()) + 300) if said == "EPOCH" else said for name, said in headers.items()
    }
    assert (paused_until(told) - moving_clock()).total_seconds() == pytest.approx(seconds, abs=1)


def test_a_wait_is_told_by_our_clock(moving_clock: MovingClock) -> None:
    ahead = {"date": "Mon, 23 Nov 2026 11:00:00 GMT", "x-ratelimit-reset": "2026-11-23T11:05:00Z"}
    moving_clock.move(1795428000 - moving_clock().timestamp())
    assert (paused_until(ahead) - moving_clock()).total_seconds() == pytest.approx(300, abs=1)


def test_a_429_pauses_reading_and_leaves_the_cursor(scene: Scene, moving_clock: MovingClock) -> None:
    limits = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "0"}
    scene.server.faults.answers = [(429, limits, b'{"error":"Zu viele Anfragen"}')]
    with pytest.raises(RateLimited) as limited:
        scene.desk.connection.fetch("mentions", None)
    assert (limited.value.until_at - moving_clock()).total_seconds() == 60
    asked = len(scene.server.asked)
    with pytest.raises(RateLimited):  # before the server is asked again
        scene.desk.connection.fetch("mentions", None)
    assert len(scene.server.asked) == asked
    moving_clock.move(61)
    assert scene.desk.texts() == []


def test_a_server_that_starts_is_left_alone_for_a_while(moving_clock: MovingClock) -> None:
    seen = read_budget({"retry-after": "3600, Mon, 23 Nov 2026 11:00:00 GMT"}, 503)
    assert seen is not None
    assert seen.paused_until_at is not None
    assert (seen.paused_until_at - moving_clock()).total_seconds() == 120
    assert read_budget({}, 503) is None


@pytest.mark.parametrize("link", ["none", "bare", "broken"])
def test_pages_are_found_whatever_the_links_say(make_scene: MakeScene, link: str, moving_clock: MovingClock) -> None:
    scene = make_scene(link=link, most_limit=10)
    for number in range(35):
        scene.world.post(scene.ana, f"@shop {number}")
        scene.world.tell(scene.shop, "favourite", scene.ben, scene.post)
        moving_clock.move(30)
    assert len(scene.desk.texts()) == 35
    for one in scene.server.asked:
        if one.path == "/api/v1/notifications":
            assert ("limit", "80") in one.query
            assert ("types[]", "mention") in one.query
    assert {one.headers["host"] for one in scene.server.asked} == {scene.world.domain}


def test_pages_are_counted(make_scene: MakeScene, moving_clock: MovingClock) -> None:
    scene = make_scene(most_limit=1)
    for number in range(160):
        scene.world.post(scene.ana, f"@shop {number}")
    with pytest.raises(RateLimited) as limited:
        scene.desk.texts()
    assert 0 < (limited.value.until_at - moving_clock()).total_seconds() <= 900
    moving_clock.move(901)
    kept = scene.desk.cursors["mentions"]
    assert len(scene.desk.texts()) >= 15
    assert kept is not None
    assert kept["walk"]["count"] == 140


def test_kinds_that_were_not_asked_for_are_left_out(make_scene: MakeScene) -> None:
    scene = make_scene(heeds_types=False)
    scene.world.post(scene.ana, "@shop hello")
    for kind in ("favourite", "reblog", "severed_relationships", "moderation_warning", "a kind of tomorrow"):
        scene.world.tell(scene.shop, kind, scene.ben, scene.post)
    assert scene.desk.texts() == ["@shop hello"]


def test_a_server_that_refuses_what_it_does_not_know_is_asked_for_everything(make_scene: MakeScene) -> None:
    scene = make_scene(refuses_unknown=True, default_limit=1)
    scene.world.post(scene.ana, "@shop hello")
    scene.world.tell(scene.shop, "favourite", scene.ben, scene.post)
    assert scene.desk.texts() == ["@shop hello"]


def test_what_a_policy_hides_is_read(scene: Scene) -> None:
    scene.world.post(scene.eva, "@shop psst", visibility="direct")
    scene.world.notifications[-1].is_filtered = True
    assert scene.desk.texts() == ["@shop psst"]


def test_markup_is_text_and_a_mention_without_status_is_nothing(make_scene: MakeScene) -> None:
    scene = make_scene(bolds=True, null_status=True)
    scene.world.delete(scene.world.post(scene.ana, "@shop never mind"))
    scene.world.post(scene.ana, "@shop <script>alert(1)</script> & more")
    assert scene.desk.texts() == ["@shop <script>alert(1)</script> & more"]


def test_connections_closed_without_notice_are_opened_again_for_reading_alone(scene: Scene) -> None:
    asked = scene.world.post(scene.ana, "@shop hello")
    message = scene.desk.message(asked.external_id)
    scene.server.hang_up()
    assert scene.desk.texts() == ["@shop hello"]
    scene.server.faults.hang_ups_before = 1  # on a fresh connection, too
    assert scene.desk.texts() == ["@shop hello"]
    scene.server.faults.hang_ups_before = 1
    with pytest.raises(Unclear):
        scene.desk.connection.send(scene.desk.reply(message, "Hello!"), "key-1")
    assert scene.server.paths("POST") == ["/api/v1/statuses"]


def test_mentions_that_are_numbered_name_nobody_wrong(make_scene: MakeScene) -> None:
    scene = make_scene(numbers_mentions=True, full_handles=True, told_without_name=True)
    desk = open_desk(scene.server, scene.shop)
    asked = scene.world.post(scene.ana, "@shop my order is 123", visibility="direct")
    message = desk.message(asked.external_id)
    assert message.mentions_us
    assert message.mentions == [scene.shop.external_id]
    sent = desk.connection.send(desk.reply(message, "It left today."), "key-1")
    own = desk.message(sent.external_id, "own_posts")
    assert own.thread_key == message.thread_key
    assert own.text == desk.connection.as_stored(desk.reply(message, "It left today.").text)
    assert (own.members, own.mentions) == ([], [])


def test_server_pages_in_html_are_no_news_of_anything(make_scene: MakeScene) -> None:
    scene = make_scene(is_html_404=True, has_batches=False)
    here, gone = scene.world.post(scene.ana, "@shop a"), scene.world.post(scene.ana, "@shop b")
    scene.world.delete(gone)
    looks = scene.desk.connection.recheck({here.external_id: {}, gone.external_id: {}})
    assert type(looks[here.external_id]).__name__ == "Edited"
    assert type(looks[gone.external_id]).__name__ == "IsGone"
    for path in (here.external_id, gone.external_id):
        scene.server.faults.by_path[f"GET /api/v1/statuses/{path}"] = (404, {}, b"<h1>It works!</h1>")
    scene.server.faults.by_path[f"GET {ME}"] = (404, {}, b"<h1>It works!</h1>")
    looks = scene.desk.connection.recheck({here.external_id: {}, gone.external_id: {}})
    assert {type(look).__name__ for look in looks.values()} == {"Unknown"}
