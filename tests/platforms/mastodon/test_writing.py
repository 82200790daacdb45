"""How replies are worded: the person named, nobody else let in, nothing wider than what is answered."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.platforms.contract import PermissionMissing, Refused, Unclear
from inbox.platforms.items import Author, Message
from inbox.platforms.mastodon import writing
from inbox.platforms.mastodon.people import us
from inbox.platforms.outgoing import Forbidden, Ok, Outgoing, ParentGone
from tests.platforms.mastodon.conftest import Scene
from tests.platforms.mastodon.desk import open_desk
from tests.platforms.mastodon.fake_world import World

US = us("1", "shop", "https://social.example")


def worded(text: str, acct: str = "ana", audience: str = "public") -> str:
    outgoing = Outgoing(text, "7", {"acct": acct}, audience)
    said = writing.worded(outgoing, US).text
    assert writing.worded(Outgoing(said, "7", {"acct": acct}, audience), US).text == said  # each attempt says the same
    return said


@pytest.mark.parametrize(
    ("text", "acct", "said"),
    [
        ("Hello!", "ana", "@ana Hello!"),
        ("Hello!", "eva@other.example", "@eva@other.example Hello!"),
        ("Hello @ana!", "ana", "Hello @ana!"),
        ("Hello @ANA.", "ana", "Hello @ANA."),
        ("Hello @ana@social.example!", "ana", "Hello @ana@social.example!"),
        ("Hello @eva!", "eva@other.example", "Hello @eva@other.example!"),
        ("see https://social.example/@ana", "ana", "@ana see https://social.example/@ana"),
        ("write to hello@ana.example", "ana", "@ana write to hello@ana.example"),
        ("@ana @ben both of you", "ana", "@ana @ben both of you"),
        ("Hi", "fan@127.0.0.1:8301", "@fan@127.0.0.1:8301 Hi"),
    ],
)
def test_the_person_is_named(text: str, acct: str, said: str) -> None:
    assert worded(text, acct) == said


@pytest.mark.parametrize(
    "text",
    [
        "@ben knows",
        "ask @ben@other.example",
        "(@ben)",
        "@@ben",
        "é@ben",
        "/@ben",
        "https://social.example/(@ben",
        "@ana.b",
        "@ben:80",
        "@eva",
    ],
)
def test_a_direct_reply_lets_nobody_else_in(text: str) -> None:
    world = World("social.example", lambda: None)  # type: ignore[arg-type,return-value]
    for name, host in (("ana", ""), ("ben", ""), ("eva", ""), ("ben", "other.example"), ("ana.b", "")):
        world.add_person(name, host)
    said = worded(text, "ana", "direct")
    assert [world.acct(one) for one in world.named_in(said)] == ["ana"]
    assert writing.BREAK in said
    assert said.replace(writing.BREAK, "").endswith(text)


@given(st.text("@ab.-_/ é:x\u200b", max_size=30))
def test_whatever_is_typed_a_direct_reply_names_the_person_alone(text: str) -> None:
    world = World("social.example", lambda: None)  # type: ignore[arg-type,return-value]
    for name in ("ana", "a", "b", "ab", "ba", "aa", "x", "a.b", "a-b"):
        world.add_person(name)
    assert {one.name for one in world.named_in(worded(text, "ana", "direct"))} == {"ana"}


def test_addresses_and_mail_stay_whole_in_a_direct_reply() -> None:
    text = "See https://other.example/@ben/7 or write to help@other.example"
    assert worded(text, "ana", "direct") == f"@ana {text}"


@pytest.mark.parametrize(
    ("visibility", "audience"),
    [("public", "public"), ("unlisted", "unlisted"), ("private", "followers"), ("direct", "direct")],
)
def test_an_answer_reaches_whom_the_message_reached(scene: Scene, visibility: str, audience: str) -> None:
    asked = scene.world.post(scene.ana, "@shop hello?", visibility=visibility)
    message = scene.desk.message(asked.external_id)
    assert message.audience == audience
    sent = scene.desk.connection.send(scene.desk.reply(message, "Hello!"), "key-1")
    assert scene.world.statuses[sent.external_id].visibility == visibility
    assert (sent.audience, sent.parent_id) == (audience, asked.external_id)


def test_wider_answers_are_refused_before_and_at_sending(scene: Scene) -> None:
    asked = scene.world.post(scene.ana, "@shop hello?", visibility="private")
    message = scene.desk.message(asked.external_id)
    wider = scene.desk.reply(message, "Hello!", audience="unlisted")
    assert scene.desk.connection.preflight(wider) == Forbidden("wider_audience")
    assert scene.desk.connection.preflight(scene.desk.reply(message, "Hello!")) == Ok()
    for audience in ("private", "everybody"):
        strange = scene.desk.reply(message, "Hello!", audience=audience)
        assert scene.desk.connection.preflight(strange) == Forbidden("wider_audience")
        with pytest.raises(Refused):
            scene.desk.connection.send(strange, "key-1")
    assert scene.server.paths("POST") == []
    scene.world.delete(asked)
    assert scene.desk.connection.preflight(scene.desk.reply(message, "Hello!")) == ParentGone()


def test_what_only_some_servers_know_is_as_narrow_as_can_be(scene: Scene) -> None:
    asked = scene.world.post(scene.ana, "@shop hello?", visibility="mutuals_only")
    message = scene.desk.message(asked.external_id)
    scene.desk.connection.send(scene.desk.reply(message, "Hello!"), "key-1")
    assert scene.server.asked[-1].form["visibility"] == "direct"


def test_likes_and_deletions(scene: Scene) -> None:
    asked = scene.world.post(scene.ana, "@shop hello?")
    message = scene.desk.message(asked.external_id)
    connection = scene.desk.connection
    liked = connection.like(message.external_id, message.ref, "key-2")
    assert asked.favourited
    assert scene.desk.message(asked.external_id).is_liked
    connection.unlike(message.external_id, message.ref, liked)
    assert not asked.favourited
    sent = connection.send(scene.desk.reply(message, "Hello!"), "key-1")
    assert connection.delete_own(sent.external_id, sent.ref) is True
    assert connection.delete_own(sent.external_id, sent.ref) is False


def test_a_missing_permission_says_which(scene: Scene) -> None:
    asked = scene.world.post(scene.ana, "@shop hello?")
    message = scene.desk.message(asked.external_id)
    narrow = open_desk(scene.server, scene.shop, scene.world.give_token(scene.shop, "read:statuses read:accounts"))
    reply = narrow.reply(message, "Hello!")
    calls: list[tuple[str, Any]] = [
        ("permission_missing_notifications", lambda: narrow.connection.fetch("mentions", None)),
        ("permission_missing_writing", lambda: narrow.connection.send(reply, "key-1")),
        ("permission_missing_likes", lambda: narrow.connection.like(message.external_id, message.ref, "key-2")),
    ]
    for code, call in calls:
        with pytest.raises(PermissionMissing) as lacks:
            call()
        assert lacks.value.code == code


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b"<html>"), (503, b'{"error":"There was a temporary problem serving your request"}'), (403, b"<html>"),
     (302, b""), (200, b"<html>ok</html>"), (200, b"[]")],
)  # fmt: skip
def test_whatever_is_no_clear_answer_to_a_write_is_unclear(scene: Scene, status: int, body: bytes) -> None:
    asked = scene.world.post(scene.ana, "@shop hello?")
    reply = scene.desk.reply(scene.desk.message(asked.external_id), "Hello!")
    scene.server.faults.by_path["POST /api/v1/statuses"] = (status, {}, body)
    with pytest.raises(Unclear):
        scene.desk.connection.send(reply, "key-1")


def test_an_answer_that_names_only_the_status_is_enough(scene: Scene) -> None:
    asked = scene.world.post(scene.ana, "@shop hello?")
    reply = scene.desk.reply(scene.desk.message(asked.external_id), "Hello!")
    body = f'{{"id": 77, "in_reply_to_id": "{asked.external_id}"}}'.encode()
    scene.server.faults.by_path["POST /api/v1/statuses"] = (200, {}, body)
    sent = scene.desk.connection.send(reply, "key-1")
    assert (sent.external_id, sent.parent_id) == ("77", asked.external_id)


def test_ids_of_strangers_lead_nowhere_else(scene: Scene) -> None:
    scene.desk.connection.recheck({"../accounts/1/block?x=": {}})
    assert "/api/v1/statuses/..%2Faccounts%2F1%2Fblock%3Fx%3D" in scene.server.paths()


def test_words_are_recognised_as_servers_show_them() -> None:
    outgoing = Outgoing("@eva@other.example See *this*:  https://shop.example/a", "7", {}, "public")
    author = Author("1")
    assert writing.plain(outgoing.text) == "@eva See *this*: https://shop.example/a"
    shown = Message("8", author, "comment", "public", "@eva See this: https://shop.example/a", parent_id="7")
    assert writing.is_same(shown, outgoing)
    other = Message("8", author, "comment", "public", "@eva See that: https://shop.example/a", parent_id="7")
    assert not writing.is_same(other, outgoing)
