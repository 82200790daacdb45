"""Second looks: deleted, edited, hidden and unknown are four different things."""

import pytest

from inbox.platforms.contract import Gone, RateLimited
from inbox.platforms.items import Context, Edited, IsGone, Message, NotVisible, Present, Unknown
from tests.platforms.bluesky.conftest import Scene


def test_what_a_second_look_finds(scene: Scene) -> None:
    names = ("kept", "edited", "deleted", "blocked", "asleep")
    people = {name: scene.world.add_person(f"{name}.test") for name in names}
    posts = {name: scene.world.post(person, f"I am {name}", parent=scene.post) for name, person in people.items()}
    refs = {message.external_id: message.ref for message in scene.desk.messages("mentions").values()}
    posts["edited"].value = {**posts["edited"].value, "text": "I was edited"}
    del scene.world.records[posts["deleted"].uri]
    people["blocked"].blocks.add(scene.shop.did)
    people["asleep"].status = "deactivated"
    looks = scene.desk.connection.recheck(refs)
    assert looks[posts["kept"].uri] == Present(posts["kept"].cid)
    edited = looks[posts["edited"].uri]
    assert isinstance(edited, Edited)
    assert (edited.message.text, edited.message.version) == ("I was edited", posts["edited"].cid)
    assert looks[posts["deleted"].uri] == IsGone()
    assert looks[posts["blocked"].uri] == NotVisible("blocked")
    assert isinstance(looks[posts["asleep"].uri], NotVisible)


def test_many_are_looked_at_in_batches(scene: Scene) -> None:
    for n in range(60):
        scene.world.post(scene.ana, f"Reply {n}", parent=scene.post)
    refs = {message.external_id: message.ref for message in scene.desk.messages("mentions").values()}
    scene.world.calls.clear()
    assert set(map(type, scene.desk.connection.recheck(refs).values())) == {Present}
    assert scene.world.calls == ["app.bsky.feed.getPosts"] * 3


def test_a_look_that_failed_tells_nothing(scene: Scene) -> None:
    reply = scene.world.post(scene.ana, "Hello", parent=scene.post)
    refs = {reply.uri: {"uri": reply.uri, "cid": reply.cid}}
    del scene.world.records[reply.uri]
    scene.network.faults.by_nsid["app.bsky.feed.getPostThread"] = (502, b'{"error": "UpstreamFailure"}')
    assert scene.desk.connection.recheck(refs) == {reply.uri: Unknown()}
    scene.network.faults.by_nsid["app.bsky.feed.getPostThread"] = (429, b'{"error": "RateLimitExceeded"}')
    with pytest.raises(RateLimited):
        scene.desk.connection.recheck(refs)


def test_an_edit_is_seen_by_polls_too(scene: Scene) -> None:
    reply = scene.world.post(scene.ana, "Helo", parent=scene.post)
    before = scene.desk.messages("mentions")[reply.uri]
    reply.value = {**reply.value, "text": "Hello?"}
    after = scene.desk.messages("mentions")[reply.uri]
    assert before.version != after.version == reply.cid


def test_what_a_message_hangs_on(scene: Scene) -> None:
    first = scene.world.post(scene.ana, "Question", parent=scene.post)
    second = scene.world.post(scene.ben, "Me too", parent=first)
    third = scene.world.post(scene.ana, "And?", parent=second)
    context = scene.desk.connection.context(third.uri, {})
    assert context.post is not None
    assert (context.post.external_id, context.post.is_ours) == (scene.post.uri, True)
    assert [item.text for item in context.ancestors] == ["Question", "Me too"]
    assert all(isinstance(item, Message) for item in context.ancestors)
    assert scene.desk.connection.context("chat:1:2", {}) == Context(None)
    with pytest.raises(Gone):
        scene.desk.connection.context(f"{third.uri}x", {})


def test_a_hole_above_a_message_ends_its_context(scene: Scene) -> None:
    first = scene.world.post(scene.ana, "Question", parent=scene.post)
    second = scene.world.post(scene.ben, "Me too", parent=first)
    del scene.world.records[first.uri]
    assert scene.desk.connection.context(second.uri, {}) == Context(None)
