"""What each kind of update becomes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.platforms.items import Edited, GoneItem, Item, Message, PostSeen, Unreadable
from inbox.platforms.telegram.content import SERVICE
from inbox.platforms.telegram.entities import read_marks, units_of
from inbox.platforms.telegram.parse import Us, parse_update
from tests.platforms.telegram.conftest import GROUP

SAMPLES = Path(__file__).parent / "samples"
BOT_ID = "8123456789"
US = Us(BOT_ID, "acme_ayuda_bot", {GROUP: -1001234500009}.get)
FORUM = -1001234500003


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def items(name: str, us: Us = US) -> list[Item]:
    return parse_update(sample(name), us)


def message(name: str, us: Us = US) -> Message:
    (found,) = [item for item in items(name, us) if isinstance(item, Message)]
    return found


def test_a_channels_post_is_a_post_and_comments_hang_on_it() -> None:
    (post,) = items("automatic_forward")
    assert isinstance(post, PostSeen)
    assert (post.external_id, post.is_ours, post.has_stream) == (f"{GROUP}:40", True, False)
    assert post.author is not None
    assert (post.author.display_name, post.permalink) == ("Acme", "https://t.me/acme_amigos/40")
    again, comment = items("comment_under_post")  # the bot may have come after the post
    assert again == post
    assert isinstance(comment, Message)
    assert (comment.post_id, comment.parent_id, comment.kind) == (f"{GROUP}:40", f"{GROUP}:40", "comment")
    assert (comment.audience, comment.thread_key, comment.root_id) == ("public", None, None)
    reply = message("reply_in_comments")
    assert (reply.parent_id, reply.parent_author_id, reply.root_id) == (f"{GROUP}:41", "5501", f"{GROUP}:40")
    (own,) = items("channel_post")
    assert isinstance(own, PostSeen)
    assert own.external_id == "-1001234500009:12"


def test_who_speaks_for_the_group_or_its_channel_is_us_and_nobody_else() -> None:
    assert message("answer_of_anonymous_admin").author.external_id == BOT_ID
    assert message("answer_of_linked_channel").author.external_id == BOT_ID
    unknown = message("answer_of_linked_channel", replace(US, linked_channel=lambda _: None))
    assert unknown.author.external_id == "-1001234500009"
    stranger = message("stranger_as_channel")
    assert (stranger.author.external_id, stranger.author.display_name) == ("-1001777", "Otra tienda")


def test_a_topics_header_is_no_reply_and_its_messages_are_one_thread() -> None:
    first, reply = message("topic_message"), message("topic_reply")
    assert (first.parent_id, first.thread_key) == (None, f"{FORUM}:topic:33")
    assert (reply.parent_id, reply.thread_key) == (f"{FORUM}:71", f"{FORUM}:topic:33")
    assert first.ref == {"chat": FORUM, "id": 71, "topic": 33}
    assert first.permalink == "https://t.me/c/1234500003/71"


def test_marks_are_counted_in_characters() -> None:
    found = message("entities")
    words = [(mark.kind, found.text[mark.start : mark.end], mark.url or mark.external_id) for mark in found.marks]
    assert words == [
        ("mention", "@acme_ayuda_bot", "https://t.me/acme_ayuda_bot"),
        ("link", "https://acme.example/a", "https://acme.example/a"),
        ("link", "aquí", "https://acme.example/b"),
        ("mention", "Ben", "5502"),
        ("tag", "#verde", None),
    ]
    assert (found.mentions_us, found.kind, found.mentions) == (True, "mention", ["5502"])


@given(st.text(max_size=40), st.integers(-3, 90), st.integers(-3, 90))
def test_no_offset_breaks_a_text(text: str, offset: int, length: int) -> None:
    marks = read_marks(text, [{"type": "hashtag", "offset": offset, "length": length}, "nonsense", {"type": "url"}])
    for mark in marks:
        assert 0 <= mark.start < mark.end <= len(text)
    if 0 <= offset < units_of(text) and length > 0:
        assert len(marks) == 1


def test_an_album_is_one_thread_of_pictures() -> None:
    first, second = message("album_first"), message("album_second")
    assert first.thread_key == second.thread_key == f"{GROUP}:album:1376"
    assert (first.text, [picture.width for picture in first.pictures]) == ("Llegó así, rota", [1280])
    assert (second.text, [picture.kind for picture in second.pictures]) == ("", ["image"])


@pytest.mark.parametrize(
    ("name", "text", "attached"),
    [
        ("sticker", "😍", [("sticker", "😍 · acme")]),
        ("voice", "", [("audio", "1:23")]),
        ("location", "📍 40.41678, -3.70379", []),
        ("venue", "📍 Acme Sol, Puerta del Sol 1", []),
        ("contact", "👤 Ana Álvarez, +34600111222", []),
        ("poll", "📊 ¿Verde o azul?\n– Verde\n– Azul", []),
        ("document", "La factura 2026-118", [("file", "factura.pdf")]),
        ("animation", "", [("video", "0:03")]),
    ],
)
def test_what_is_no_text_is_said_in_words(name: str, text: str, attached: list[tuple[str, str]]) -> None:
    found = message(name)
    assert (found.text, [(picture.kind, picture.alt) for picture in found.pictures]) == (text, attached)
    assert (found.kind, found.audience, found.thread_key) == ("direct", "private", "chat:5501")
    assert found.is_sticker == (name == "sticker")
    assert all(found.text[mark.start : mark.end] == found.text[2:] for mark in found.marks)


def test_private_messages_to_a_channel_are_private_one_exchange_a_person() -> None:
    found = message("channel_direct")
    assert (found.kind, found.audience, found.thread_key) == ("direct", "private", "channel:-1001234500010:5501")
    assert found.ref["channel_topic"] == 5501
    assert found.permalink is None


def test_a_businesss_greeting_settles_nothing() -> None:
    found = message("business_greeting")
    assert (found.author.external_id, found.is_automatic) == (BOT_ID, True)
    assert (found.external_id, found.thread_key) == ("biz-7/5502:9", "business:biz-7:5502")


def test_what_nobody_says_is_skipped_and_what_is_new_is_kept_whole() -> None:
    assert items("joined") == []
    (kept,) = items("new_kind")
    assert isinstance(kept, Unreadable)
    assert json.loads(kept.raw) == sample("new_kind")
    odd: Any
    for odd in (None, 5, [], {}, {"update_id": 1}, {"update_id": 1, "message": {"chat": {"id": 1}}},
                {"update_id": 1, "horoscope": {"sign": "leo"}}, {"message": {}}):  # fmt: skip
        assert [type(item) for item in parse_update(odd, US)] == [Unreadable]


@pytest.mark.parametrize("name", sorted(SERVICE))
def test_every_service_message_is_skipped(name: str) -> None:
    update = sample("joined")
    update["message"] = {n: v for n, v in update["message"].items() if not n.startswith("new_")} | {name: {"x": 1}}
    assert parse_update(update, US) == []


def test_edits_and_deletions_are_events() -> None:
    update = sample("comment_under_post")
    update["edited_message"] = update.pop("message") | {"edit_date": 1795600999}
    (edited,) = parse_update(update, US)
    assert isinstance(edited, Edited)
    assert edited.message.edited_at is not None
    deleted = {"business_connection_id": "biz-7", "chat": {"id": 5502, "type": "private"}, "message_ids": [9, 10]}
    gone = parse_update({"update_id": 1, "deleted_business_messages": deleted}, US)
    assert gone == [GoneItem("biz-7/5502:9"), GoneItem("biz-7/5502:10")]
