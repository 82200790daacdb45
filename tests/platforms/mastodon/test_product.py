"""Relevo with a Mastodon channel from poll to settled answer, on both databases and on servers of three kinds."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from inbox.channels.models import ChannelState
from inbox.settings import Pace
from tests.fixtures.app import MovingClock
from tests.platforms.bluesky.product import Product, connect_product
from tests.platforms.mastodon.conftest import MakeScene, Scene

KINDS: dict[str, dict[str, Any]] = {
    "mastodon": {},
    "snac": {
        "version": "4.0.0 (not true; really snac/2.94)", "api_version": None, "instance_v2": 404, "link": "none",
        "numbers_mentions": True, "full_handles": True, "keeps_keys": False, "told_without_name": True,
        "has_batches": False, "is_html_404": True, "max_length": 100_000, "missing_parent": "top",
        "dead_token": (401, ""), "dead_token_on_me": (422, ""),
    },
    "gotosocial": {
        "version": "0.20.3+git-1a2b3c4", "api_version": None, "ids": "ulid", "keeps_keys": False, "link": "bare",
        "has_batches": False, "refuses_unknown": True, "missing_parent": "404", "max_length": 5000,
    },
}  # fmt: skip


@pytest.fixture
def open_product(app: Flask, session: Session) -> Any:
    def open_(scene: Scene) -> Product:
        given = {"service_url": scene.server.url, "access_token": scene.world.give_token(scene.shop)}
        return connect_product(app, session, given, [scene.server.url], Pace(), "mastodon")

    return open_


@pytest.mark.parametrize("kind", KINDS)
def test_from_poll_to_answer(make_scene: MakeScene, open_product: Any, kind: str, moving_clock: MovingClock) -> None:
    scene = make_scene(**KINDS[kind])
    product = open_product(scene)
    public = scene.world.post(scene.ana, "@shop are you open?", to=scene.post).external_id
    private = scene.world.post(scene.eva, "@shop my order is 123", visibility="direct").external_id
    quiet = scene.world.post(scene.ben, "when do you close?", to=scene.post).external_id
    product.poll()
    for asked in (public, private, quiet):
        assert product.conversation_of(asked).waiting_since is not None
    assert product.conversation_of(private).is_private
    answers = [product.answer(public, "Until eight!"), product.answer(private, "It left today.", mode="private")]
    product.send_all()
    assert [product.state_of(answer) for answer in answers] == ["sent", "sent"]
    native = scene.world.post(scene.shop, "@ben at eight", to=quiet)
    moving_clock.move(minutes=3)
    product.poll()
    for asked in (public, private, quiet):
        assert product.conversation_of(asked).waiting_since is None
    ours = {one.external_id: one.text for one in product.outbound()}
    assert len(ours) == 3
    assert native.external_id in ours
    said = {one.text: one.visibility for one in scene.world.statuses.values() if one.author is scene.shop}
    eva = scene.world.acct(scene.eva)
    assert said[f"@{eva} It left today."] == "direct"
    more = scene.world.post(scene.eva, "@shop it did not come", to=private, visibility="direct").external_id
    product.poll()
    assert product.conversation_of(more).id == product.conversation_of(private).id
    assert product.conversation_of(more).waiting_since is not None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_accepted", [True, False])
def test_a_lost_answer_is_looked_for_and_never_repeated_by_itself(
    make_scene: MakeScene, open_product: Any, moving_clock: MovingClock, kind: str, is_accepted: bool
) -> None:
    scene = make_scene(**KINDS[kind])
    product = open_product(scene)
    asked = scene.world.post(scene.eva, "@shop my order is 123", visibility="direct").external_id
    product.poll()
    delivery = product.answer(asked, "It left *today*.", mode="private")
    if is_accepted:
        scene.server.faults.hang_ups_after_post = 1
    else:
        scene.server.faults.hang_ups_before = 99
    product.send_all()
    scene.server.faults.hang_ups_before = 0
    assert product.state_of(delivery) == "unclear"
    for _ in range(120):
        moving_clock.move(5)
        product.look_all()
    assert product.state_of(delivery) == ("sent" if is_accepted else "needs_person")
    written = [one for one in scene.world.statuses.values() if one.author is scene.shop and one.parent == asked]
    assert len(written) == is_accepted


def test_a_misplaced_answer_is_deleted_again(
    make_scene: MakeScene, open_product: Any, moving_clock: MovingClock
) -> None:
    scene = make_scene(missing_parent="top")
    product = open_product(scene)
    asked = scene.world.post(scene.ana, "@shop are you open?")
    product.poll()
    product.answer(asked.external_id, "Until eight!")
    scene.server.faults.by_path[f"GET /api/v1/statuses/{asked.external_id}"] = (500, {}, b"")  # nobody can look ahead
    scene.world.delete(asked)
    product.send_all()
    (astray,) = [one for one in scene.world.statuses.values() if one.text == "@ana Until eight!"]
    assert astray.parent is None
    assert astray.is_gone
    assert product.conversation_of(asked.external_id).waiting_since is not None


def test_a_dead_token_asks_for_a_person_and_reconnecting_goes_on(
    scene: Scene, open_product: Any, moving_clock: MovingClock
) -> None:
    product = open_product(scene)
    scene.world.post(scene.ana, "@shop one")
    product.poll()
    kept = dict(scene.world.tokens)
    scene.world.tokens.clear()
    moving_clock.move(60)
    product.poll()
    assert (product.channel.state, product.channel.state_reason) == (ChannelState.NEEDS_YOU, "token_expired")
    scene.world.tokens.update(kept)
    scene.server.faults.by_path["GET /api/v1/accounts/verify_credentials"] = (502, {}, b"<html>")
    moving_clock.move(60)
    assert len(product.received()) == 1


def test_edits_and_deletions_reach_what_waits(scene: Scene, open_product: Any, moving_clock: MovingClock) -> None:
    product = open_product(scene)
    first, second = (scene.world.post(scene.ana, f"@shop {words}") for words in ("one", "two"))
    product.poll()
    scene.world.edit(first, "@shop one, and when?")
    scene.world.delete(second)
    for _ in range(3):
        moving_clock.move(minutes=16)
        product.recheck_all()
    received = product.received()
    assert received[first.external_id].text == "@shop one, and when?"
    assert product.versions_of(first.external_id) == ["@shop one"]
    assert received[second.external_id].gone_at is not None
