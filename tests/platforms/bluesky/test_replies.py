"""Public replies leave exactly once: fixed beforehand, put under a key of our own, looked up by it."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from inbox.platforms.bluesky.tid import is_tid, tid_for
from inbox.platforms.contract import RateLimited, Refused, TokenExpired, Unavailable, Unclear
from inbox.platforms.items import Author, Message
from inbox.platforms.outgoing import Absent, Forbidden, Found, Ok, Outgoing, ParentGone
from tests.fixtures.app import START, MovingClock
from tests.platforms.bluesky.conftest import Scene
from tests.platforms.bluesky.fake_world import GATE, Record, write_time


def question_of(scene: Scene, text: str = "¿Abren mañana?") -> Message:
    record = scene.world.post(scene.ana, text, parent=scene.post)
    return scene.desk.messages("mentions")[record.uri]


def ours(scene: Scene) -> list[Record]:
    return [r for r in scene.world.posts() if r.did == scene.shop.did and r.uri != scene.post.uri]


def test_a_reply_reaches_its_parent(scene: Scene) -> None:
    question = question_of(scene)
    outgoing = scene.desk.reply_to(question, "Sí, @ana.test: https://shop.example/hours #hoy", lang="es")
    sent = scene.desk.connection.send(outgoing, "delivery-1")
    (record,) = ours(scene)
    assert record.value["reply"] == {
        "root": {"uri": scene.post.uri, "cid": scene.post.cid},
        "parent": {"uri": question.external_id, "cid": question.version},
    }
    assert record.value["langs"] == ["es"]
    assert sent.external_id == record.uri == scene.desk.connection.wanted_id(outgoing)
    assert (sent.parent_id, sent.version, sent.audience) == (question.external_id, record.cid, "public")
    encoded = record.value["text"].encode()
    marked = [encoded[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode() for f in record.value["facets"]]
    assert marked == ["@ana.test", "https://shop.example/hours", "#hoy"]
    assert record.value["facets"][0]["features"][0]["did"] == scene.ana.did


def test_our_reply_reads_back_as_it_was_sent(scene: Scene) -> None:
    question = question_of(scene)
    sent = scene.desk.connection.send(scene.desk.reply_to(question, "Sí 😀\n\nhasta las 20 h"), "delivery-1")
    seen = scene.desk.messages("own_posts")[sent.external_id]
    assert seen.text == scene.desk.connection.as_stored("Sí 😀\n\nhasta las 20 h")
    assert (seen.parent_id, seen.version, seen.author.external_id) == (sent.parent_id, sent.version, scene.shop.did)


def test_what_was_frozen_and_thawed_is_the_same_reply(scene: Scene, moving_clock: MovingClock) -> None:
    outgoing = scene.desk.reply_to(question_of(scene), "Yes")
    frozen = json.loads(json.dumps(asdict(outgoing)))
    thawed = Outgoing(**{**frozen, "recipient": Author(**frozen["recipient"])})
    scene.desk.connection.send(outgoing, "delivery-1")
    moving_clock.move(3600)
    scene.desk.connection.send(thawed, "delivery-1")
    assert len(ours(scene)) == 1


def test_after_a_hang_up_the_look_finds_it_and_sending_again_makes_no_second(scene: Scene) -> None:
    outgoing = scene.desk.reply_to(question_of(scene), "Yes")
    scene.network.faults.hang_ups_after_write = 1
    with pytest.raises(Unclear):
        scene.desk.connection.send(outgoing, "delivery-1")
    found = scene.desk.connection.find_sent(outgoing, START)
    assert isinstance(found, Found)
    assert found.sent == scene.desk.connection.send(outgoing, "delivery-1")
    assert len(ours(scene)) == 1


def test_a_hang_up_before_anything_was_kept_is_a_sure_absence(scene: Scene) -> None:
    outgoing = scene.desk.reply_to(question_of(scene), "Yes")
    scene.network.faults.hang_ups_before_write = 1
    with pytest.raises(Unclear):
        scene.desk.connection.send(outgoing, "delivery-1")
    assert scene.desk.connection.find_sent(outgoing, START) == Absent(is_sure=True)


def test_something_else_under_our_key_is_looked_at_and_not_overwritten(scene: Scene) -> None:
    question = question_of(scene)
    outgoing = scene.desk.reply_to(question, "Yes")
    scene.world.post(scene.shop, "Yes, edited elsewhere", rkey=outgoing.preset["rkey"])
    sent = scene.desk.connection.send(outgoing, "delivery-1")
    assert (sent.text, sent.parent_id) == ("Yes, edited elsewhere", None)
    assert [record.value["text"] for record in ours(scene)] == ["Yes, edited elsewhere"]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_after_a_write_is_unclear(scene: Scene, status: int) -> None:
    outgoing = scene.desk.reply_to(question_of(scene), "Yes")
    scene.network.faults.by_nsid["com.atproto.repo.putRecord"] = (
        status, b'{"error": "InternalServerError", "message": "Internal Server Error"}',
    )  # fmt: skip
    with pytest.raises(Unclear) as caught:
        scene.desk.connection.send(outgoing, "delivery-1")
    assert not caught.value.is_surely_not_accepted


@pytest.mark.parametrize("body", [b"<html>no</html>", b"", b"{}", b'{"message": "x"}'])
def test_a_refusal_that_is_not_the_platforms_own_is_unclear(scene: Scene, body: bytes) -> None:
    scene.network.faults.by_nsid["com.atproto.repo.putRecord"] = (403, body)
    with pytest.raises(Unclear):
        scene.desk.connection.send(scene.desk.reply_to(question_of(scene), "Yes"), "delivery-1")


@pytest.mark.parametrize("body", [b"{}", b"[]", b"not json", b'{"uri": 1, "cid": null}'])
def test_a_good_status_with_a_strange_body_is_unclear(scene: Scene, body: bytes) -> None:
    scene.network.faults.by_nsid["com.atproto.repo.putRecord"] = (200, body)
    with pytest.raises(Unclear):
        scene.desk.connection.send(scene.desk.reply_to(question_of(scene), "Yes"), "delivery-1")


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        ((400, "InvalidRequest", "record/text must not be longer than 3000"), Refused, "text_too_long"),
        ((400, "InvalidRequest", "Invalid app.bsky.feed.post record"), Refused, "refused"),
        ((401, "AccountDeactivated", "no"), TokenExpired, "account_deactivated"),
        ((401, "AccountTakedown", "no"), TokenExpired, "account_takendown"),
        ((401, "AuthMissing", "no"), TokenExpired, "token_expired"),
        ((429, "RateLimitExceeded", "no"), RateLimited, "rate_limited"),
        ((400, "RepoNotFound", "no"), Refused, "not_allowed"),
    ],
)
def test_refusals_of_the_platform_itself_were_surely_not_accepted(
    scene: Scene, answer: tuple[int, str, str], kind: type[Refused], code: str
) -> None:
    status, name, message = answer
    scene.network.faults.by_nsid["com.atproto.repo.putRecord"] = (
        status, json.dumps({"error": name, "message": message}).encode(),
    )  # fmt: skip
    with pytest.raises(kind) as caught:
        scene.desk.connection.send(scene.desk.reply_to(question_of(scene), "Yes"), "delivery-1")
    assert caught.value.code == code
    assert caught.value.is_surely_not_accepted


def test_a_stale_token_does_not_lose_or_double_a_reply(scene: Scene) -> None:
    outgoing = scene.desk.reply_to(question_of(scene), "Yes")
    scene.world.expire_access_tokens()
    scene.desk.connection.send(outgoing, "delivery-1")
    assert len(ours(scene)) == 1


def test_no_connection_is_surely_not_accepted(scene: Scene) -> None:
    outgoing = scene.desk.reply_to(question_of(scene), "Yes")
    scene.network.close()
    with pytest.raises(Unavailable) as caught:
        scene.desk.connection.send(outgoing, "delivery-1")
    assert (caught.value.code, caught.value.is_surely_not_accepted) == ("connection_refused", True)


def test_preflight_sees_what_stands_against_a_reply(scene: Scene) -> None:
    outgoing = scene.desk.reply_to(question_of(scene), "Yes")
    assert scene.desk.connection.preflight(outgoing) == Ok()
    gate = f"at://{scene.shop.did}/{GATE}/1"
    scene.world.records[gate] = Record(gate, {"$type": GATE, "post": scene.post.uri}, scene.world.moment())
    assert scene.desk.connection.preflight(outgoing) == Forbidden("replies_closed")
    del scene.world.records[gate]
    scene.ana.blocks.add(scene.shop.did)
    assert scene.desk.connection.preflight(outgoing) == Forbidden("blocked")
    scene.ana.blocks.clear()
    del scene.world.records[outgoing.parent_id]
    assert scene.desk.connection.preflight(outgoing) == ParentGone()
    scene.network.faults.is_appview_away = True
    with pytest.raises(Unavailable):
        scene.desk.connection.preflight(outgoing)


def test_replies_are_written_while_the_appview_is_away(scene: Scene) -> None:
    outgoing = scene.desk.reply_to(question_of(scene), "Yes")
    scene.network.faults.is_appview_away = True
    sent = scene.desk.connection.send(outgoing, "delivery-1")
    assert isinstance(scene.desk.connection.find_sent(outgoing, START), Found)
    assert sent.external_id == ours(scene)[0].uri


def test_nothing_private_is_answered_in_public(scene: Scene) -> None:
    private = Outgoing("Your order is 12345", "chat:1:2", {"convo": "1", "id": "2"}, "private", mode="public")
    prepared = scene.desk.connection.prepare(private, "delivery-1")
    assert scene.desk.connection.preflight(prepared) == Forbidden("wider_audience")
    with pytest.raises(Refused) as caught:
        scene.desk.connection.send(prepared, "delivery-1")
    assert (caught.value.code, caught.value.is_surely_not_accepted) == ("wider_audience", True)
    assert ours(scene) == []


def test_deleting_is_quiet_when_there_is_nothing_and_refuses_what_is_not_ours(scene: Scene) -> None:
    question = question_of(scene)
    sent = scene.desk.connection.send(scene.desk.reply_to(question, "Yes"), "delivery-1")
    for _ in range(2):
        scene.desk.connection.delete_own(sent.external_id, sent.ref)
    assert ours(scene) == []
    with pytest.raises(Refused):
        scene.desk.connection.delete_own(question.external_id, question.ref)


def test_likes_are_given_once_and_taken_back(scene: Scene) -> None:
    question = question_of(scene)
    liked = scene.desk.connection.like(question.external_id, question.ref, "like-1")
    assert scene.desk.connection.like(question.external_id, question.ref, "like-1") == liked
    assert scene.desk.messages("mentions")[question.external_id].is_liked is False  # notifications don't tell
    assert scene.desk.messages(f"comments:{scene.post.uri}")[question.external_id].is_liked
    assert sum("feed.like" in uri for uri in scene.world.records) == 1
    scene.desk.connection.unlike(question.external_id, question.ref, liked)
    assert not scene.desk.messages(f"comments:{scene.post.uri}")[question.external_id].is_liked


def test_keys_are_valid_and_different(moving_clock: MovingClock) -> None:
    keys = {tid_for(f"delivery {n}", START) for n in range(5000)}
    assert len(keys) == 5000
    assert all(is_tid(key) for key in keys)
    assert tid_for("one", START) == tid_for("one", START)
    assert tid_for("one", datetime(2026, 1, 1, tzinfo=UTC)) < tid_for("two", datetime(2026, 1, 2, tzinfo=UTC))


def test_times_are_written_as_the_network_writes_them(scene: Scene) -> None:
    outgoing = scene.desk.reply_to(question_of(scene), "Yes")
    assert outgoing.preset["record"]["createdAt"] == write_time(START)
