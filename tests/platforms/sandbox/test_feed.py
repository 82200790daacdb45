"""What only the feed does (platforms: Mastodon's kin)."""

import json

import pytest

from inbox.platforms.html_text import to_text
from inbox.platforms.items import Author, Message
from inbox.platforms.outgoing import Forbidden, Outgoing
from inbox.platforms.sandbox.feed import parse, writing
from tests.journeys.running import until
from tests.platforms.sandbox.conftest import Scene


def test_an_item_that_becomes_visible_after_a_newer_one_is_still_read(feed: Scene) -> None:
    post = feed.do("post", text="Hola")["id"]
    feed.read("mentions")
    late = feed.do("comment", by="tarde@plaza.test", on=post, text="Llego tarde", visible_after_seconds=1)["id"]
    early = feed.do("comment", by="antes@plaza.test", on=post, text="Llego antes")["id"]
    assert early in feed.messages("mentions")
    until(lambda: late in feed.messages("mentions"), "the late one is read")


def test_private_mentions_of_strangers_are_asked_for(feed: Scene) -> None:
    made = feed.do("direct", by="extrana@plaza.test", text="Hola, no me seguís")
    assert made["id"] in feed.messages("mentions")


def test_the_person_is_always_named_and_in_private_nobody_else_is(feed: Scene) -> None:
    made = feed.do("direct", by="eva@plaza.test", text="Privado")
    message = feed.messages("mentions")[made["id"]]
    told = Outgoing("Pregunta a @luis@plaza.test mejor", message.external_id, message.ref, "direct")
    prepared = feed.connection.prepare(told, "key")
    assert prepared.text.startswith("@eva@plaza.test ")
    assert "@luis" not in prepared.text
    sent = feed.connection.send(prepared, "key")
    assert sent.audience == "direct"
    assert len(json.loads(feed.site.accepted("feed")[0]["recipients"])) == 1


def test_a_wider_audience_is_refused_before_sending(feed: Scene) -> None:
    made = feed.do("direct", by="eva@plaza.test", text="Privado")
    message = feed.messages("mentions")[made["id"]]
    told = Outgoing("Hola a todos", message.external_id, message.ref, "public")
    assert feed.connection.preflight(told) == Forbidden("wider_audience")


def test_a_name_that_stands_there_already_is_not_put_twice() -> None:
    told = Outgoing("Hola @Ana@plaza.test, ya está", "1", {"acct": "ana@plaza.test"}, "public")
    assert writing.worded(told).text == "Hola @Ana@plaza.test, ya está"


@pytest.mark.parametrize(
    ("audience", "than", "expected"),
    [
        ("public", "direct", True),
        ("unlisted", "followers", True),
        ("direct", "public", False),
        ("public", "public", False),
        ("unknown", "public", True),
    ],
)
def test_what_is_wider(audience: str, than: str, expected: bool) -> None:
    assert writing.is_wider(audience, than) is expected


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hola</p>", "Hola"),
        ("<p>Uno</p><p>Dos</p>", "Uno\n\nDos"),
        ("<p>Uno<br>Dos</p>", "Uno\nDos"),
        ("<p>5 &lt; 7 &amp; 8</p>", "5 < 7 & 8"),
        ("<script>alert(1)</script><p>Hola</p>", "Hola"),
        (
            '<p><span class="h-card"><a href="https://plaza.test/@ana">@<span>ana</span></a></span> ok</p>',
            "@ana ok",
        ),
        ("sin etiquetas", "sin etiquetas"),
        ("<p>roto <b>sin cerrar", "roto sin cerrar"),
        ("", ""),
    ],
)
def test_html_becomes_text(html: str, text: str) -> None:
    assert to_text(html).text == text


def test_links_keep_their_place_in_the_text() -> None:
    plain = to_text('<p>Mira <a href="https://tienda.example/a">tienda.example/a</a> ya</p>')
    (mark,) = plain.marks
    assert plain.text[mark.start : mark.end] == "tienda.example/a"
    assert (mark.kind, mark.url) == ("link", "https://tienda.example/a")
    assert to_text('<a href="javascript:alert(1)">x</a>').marks == ()


@pytest.mark.parametrize(
    "status",
    [
        None,
        [],
        "x",
        {},
        {"id": 5},
        {"id": "1", "account": None},
        {"id": "1", "account": {"id": "2"}, "visibility": "odd"},
    ],
)
def test_what_is_no_status_is_unfit(status: object) -> None:
    with pytest.raises(parse.Unfit):
        parse.parse_status(status, "own")


def test_a_mention_whose_status_was_deleted_is_passed_over() -> None:
    assert parse.parse_notification({"id": "1", "type": "mention", "status": None}, "own") is None
    assert parse.parse_notification({"id": "1", "type": "favourite"}, "own") is None


def test_a_direct_status_is_an_exchange_of_its_people() -> None:
    account = {"id": "7", "acct": "eva@plaza.test", "username": "eva"}
    status = {
        "id": "1",
        "account": account,
        "visibility": "direct",
        "content": "<p>hola</p>",
        "mentions": [{"id": "own"}, {"id": "9"}],
    }
    message = parse.parse_status(status, "own")
    assert isinstance(message, Message)
    assert message.thread_key == "direct:7,9"
    assert message.author == Author("7", handle="eva@plaza.test", display_name="eva")
