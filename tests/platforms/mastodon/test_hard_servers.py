"""Answers that are too large, refused by what stands in front of a server, or never the same page twice."""

import json

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.channels.models import ChannelState
from inbox.intake.borders import unpack
from inbox.intake.models import Quarantined
from inbox.platforms.contract import PermissionMissing, Refused, TokenExpired, Unavailable
from inbox.platforms.mastodon.calls import ME
from inbox.platforms.mastodon.values import first_id
from inbox.platforms.outgoing import ParentGone
from inbox.settings import Pace
from tests.fixtures.app import MovingClock
from tests.platforms.bluesky.product import connect_product
from tests.platforms.mastodon.conftest import MakeScene, Scene

LISTED = "/api/v1/notifications"
WHOLE = 9 * 1024 * 1024


def limits_asked(scene: Scene) -> list[str]:
    return [dict(one.query)["limit"] for one in scene.server.asked if one.path == LISTED]


def test_large_posts_are_read_in_smaller_pages_and_one_that_never_fits_is_skipped(
    app: Flask, session: Session, scene: Scene, moving_clock: MovingClock
) -> None:
    given = {"service_url": scene.server.url, "access_token": scene.world.give_token(scene.shop)}
    product = connect_product(app, session, given, [scene.server.url], Pace(), "mastodon")
    product.poll()
    moving_clock.move(60)
    some = [scene.world.post(scene.ana, f"@shop {number}") for number in range(4)]
    for one in some:
        moving_clock.move(10)
        one.more = {"card": {"html": "x" * (WHOLE // 3)}}
    some[1].more = {"card": {"html": "x" * WHOLE}}
    small = scene.world.post(scene.ben, "when do you close?", to=scene.post)
    scene.server.asked.clear()
    for _ in range(4):  # as often as would call a person
        product.poll()
        moving_clock.move(minutes=3)
    assert (product.channel.state, product.channel.failing_since_at) == (ChannelState.ACTIVE, None)
    wanted = {some[0].external_id, some[2].external_id, some[3].external_id}
    assert wanted <= set(product.received())
    rows = product.rows(select(Quarantined))
    row = next(row.external_id for row in scene.world.notifications if row.status is some[1])
    assert [json.loads(unpack(one.compressed)) for one in rows if one.stream_name == "mentions"] == [{"id": row}]
    tree = product.streams()[f"comments:{scene.post.external_id}"]
    assert tree.failure_code is None
    assert limits_asked(scene)[:4] == ["80", "20", "5", "1"]
    assert limits_asked(scene).count("80") == 1  # for an hour no more than fits is asked for
    small.more = {"card": {"html": "x" * WHOLE}}
    for _ in range(4):
        product.poll()
        moving_clock.move(minutes=3)
    tree = product.streams()[f"comments:{scene.post.external_id}"]
    assert (tree.failure_code, tree.last_complete_at is not None) == ("tree_too_large", True)
    assert (product.channel.state, product.channel.failing_since_at) == (ChannelState.ACTIVE, None)


def test_the_first_row_of_a_broken_list_is_named_or_not() -> None:
    assert first_id(b'[{"account": {"id": "9", "a": [1, {}]}, "id" : "12", "status": {"content": "xx') == "12"
    assert first_id(b' [ {"id": 7, "typ') == "7"
    for head in (b"", b"[", b"[]", b"{", b'[{"a": {"id": "9"', b'[{"id', b"[{" * 30000, b'[{"a": ' + b"[" * 60000):
        assert first_id(head) == ""


def grow(scene: Scene, moving_clock: MovingClock, count: int, seconds: float = 60) -> None:
    for number in range(count):
        scene.world.post(scene.ana, f"@shop {number}")
        moving_clock.move(seconds)


def test_a_page_that_fails_keeps_its_place_and_one_that_is_refused_begins_again_once(
    make_scene: MakeScene, moving_clock: MovingClock
) -> None:
    scene = make_scene(most_limit=10)
    grow(scene, moving_clock, 25)
    desk = scene.desk
    began = desk.connection.fetch("mentions", None).cursor_after
    scene.server.faults.answers = [(502, {}, b"<html>")]
    with pytest.raises(Unavailable) as failed:
        desk.connection.fetch("mentions", began)
    assert failed.value.code == "server_error"
    again: tuple[int, dict[str, str], bytes] = (422, {}, b'{"error":"no such page"}')
    confirmed: tuple[int, dict[str, str], bytes] = (200, {}, json.dumps(scene.world.show_person(scene.shop)).encode())
    refused = [again, confirmed, again, confirmed]
    scene.server.faults.answers = list(refused)
    page = desk.connection.fetch("mentions", began)
    assert (len(page.items), page.is_complete) == (10, False)
    scene.server.faults.answers = list(refused)
    with pytest.raises(Refused):
        desk.connection.fetch("mentions", page.cursor_after)
    desk.cursors["mentions"] = page.cursor_after
    assert len(desk.texts()) == 15
    assert "walk" not in (desk.cursors["mentions"] or {})


@pytest.mark.parametrize("body", [b"", b"<html>Forbidden</html>", b'{"message":"blocked"}'])
def test_a_no_that_the_server_did_not_write_is_an_outage(scene: Scene, body: bytes) -> None:
    asked = scene.world.post(scene.ana, "@shop are you open?")
    message = scene.desk.message(asked.external_id)
    connection, faults = scene.desk.connection, scene.server.faults.by_path
    faults[f"GET {ME}"] = faults[f"GET {LISTED}"] = (403, {}, body)
    for call in (connection.verify, lambda: connection.fetch("mentions", None)):
        with pytest.raises(Unavailable) as away:
            call()
        assert away.value.code == "server_error"
    faults.clear()
    path = f"GET /api/v1/statuses/{asked.external_id}"
    for status in (404, 410):
        faults[path] = (status, {}, body)
        with pytest.raises(Unavailable):
            connection.preflight(scene.desk.reply(message, "Until eight!"))
        faults[path] = (status, {}, b'{"error":"Record not found"}')
        assert connection.preflight(scene.desk.reply(message, "Until eight!")) == ParentGone()
    own = b'{"error":"This action is outside the authorized scopes"}'
    faults[f"GET {ME}"] = faults[f"GET {LISTED}"] = (403, {}, own)
    with pytest.raises(PermissionMissing):
        connection.verify()
    faults[f"GET {ME}"] = (401, {}, body)
    with pytest.raises(TokenExpired):
        connection.verify()


def test_a_deep_walk_ends_for_the_night_where_it_would_keep_what_is_new_waiting(
    make_scene: MakeScene, moving_clock: MovingClock
) -> None:
    scene = make_scene(most_limit=1)
    grow(scene, moving_clock, 100)
    scene.desk.read()
    moving_clock.move(1000)
    grow(scene, moving_clock, 100)
    scene.desk.read()
    moving_clock.move(1000)
    pages = list(scene.desk.pages("mentions", is_deep=True))
    assert (len(pages), pages[-1].is_complete) == (140, True)
    moving_clock.move(1000)
    seen = 0
    for page in scene.desk.pages("mentions", is_deep=True):
        seen += len(page.items)
        moving_clock.move(30)
    assert seen == 12  # a slow server: five minutes, and what is new is read again
    scene.world.post(scene.ana, "@shop late")
    assert "@shop late" in scene.desk.texts()


def test_a_server_that_does_not_heed_where_a_page_begins_is_doubted(
    make_scene: MakeScene, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = make_scene(most_limit=10)
    grow(scene, moving_clock, 1)
    scene.desk.read()
    mark = (scene.desk.cursors["mentions"] or {})["mark"]
    grow(scene, moving_clock, 25)
    first = scene.desk.connection.fetch("mentions", scene.desk.cursors["mentions"])
    top = scene.server.asked[-1]
    rows = [scene.world.show_row(row) for row in scene.world.notifications[::-1][:10]]
    scene.server.faults.answers = [(200, {}, json.dumps(rows).encode())]
    assert top.path == LISTED
    page = scene.desk.connection.fetch("mentions", first.cursor_after)
    assert (page.is_complete, page.cursor_after) == (True, {"mark": mark, "is_doubted": True})
    scene.desk.cursors["mentions"] = page.cursor_after
    assert len(scene.desk.texts()) >= 25


def test_a_tree_that_is_refused_says_so_on_its_stream(scene: Scene) -> None:
    scene.server.faults.by_path[f"GET /api/v1/statuses/{scene.post.external_id}/context"] = (
        422,
        {},
        b'{"error":"no"}',
    )
    page = scene.desk.connection.fetch(f"comments:{scene.post.external_id}", None)
    assert (page.items, page.is_complete, page.lacks) == ([], True, "tree_unreadable")
