"""What may come in from a platform (RULES E5)."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.conversations.models import Message as Row
from inbox.conversations.models import RawPayload
from inbox.intake import borders
from inbox.intake.borders import Unacceptable
from inbox.intake.raw import drop_expired
from inbox.platforms.items import Author, Mark, Message, Picture
from tests.factories.basics import make_channel
from tests.factories.items import take_in
from tests.fixtures.app import MovingClock


def given_message(**values: Any) -> Message:
    known: dict[str, Any] = {
        "external_id": "m1",
        "author": Author("id-lucia"),
        "kind": "comment",
        "audience": "public",
        "text": "hola",
    }
    return Message(**known | values)


def test_nul_and_lone_surrogates_become_replacement_characters_one_for_one() -> None:
    assert borders.clean_text("a\0b\ud800c😀") == "a\ufffdb\ufffdc😀"
    assert borders.clean_text("plain") == "plain"
    assert borders.clean_json({"a\0": ["\udfff", 1, None]}) == {"a\ufffd": ["\ufffd", 1, None]}


@given(st.text(alphabet=st.characters(min_codepoint=0, max_codepoint=0x10FFFF, categories=None)))
def test_clean_text_keeps_its_length_and_can_be_written(text: str) -> None:
    clean = borders.clean_text(text)
    assert len(clean) == len(text)
    assert "\0" not in clean
    clean.encode()


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"external_id": ""}, "id_missing"),
        ({"external_id": "x" * 1001}, "id_too_long"),
        ({"external_id": "x\0"}, "id_unusable"),
        ({"author": Author("y" * 1001)}, "author_id_too_long"),
        ({"parent_id": "x" * 1001}, "other_id_too_long"),
        ({"kind": "story"}, "item_malformed"),
        ({"audience": "everyone"}, "item_malformed"),
        ({"authored_at": datetime(2026, 1, 1)}, "time_without_zone"),  # noqa: DTZ001
        ({"text": "x" * 1_000_001}, "text_too_long"),
    ],
)
def test_what_can_not_be_kept_says_why(values: dict[str, Any], code: str) -> None:
    with pytest.raises(Unacceptable) as caught:
        borders.clean_message(given_message(**values))
    assert caught.value.code == code


def test_ids_of_a_thousand_characters_and_odd_times_are_fine() -> None:
    at = datetime(2026, 5, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    clean = borders.clean_message(
        given_message(external_id="x" * 1000, authored_at=at, arrived_at=datetime(1, 1, 1, tzinfo=UTC))
    )
    assert (clean.authored_at, clean.arrived_at) == (datetime(2026, 5, 1, 10, tzinfo=UTC), None)


def test_only_web_addresses_and_marks_within_the_text_come_in() -> None:
    clean = borders.clean_message(
        given_message(
            text="mira esto",
            permalink="javascript:alert(1)",
            marks=[
                Mark("link", 0, 4, url="https://shop.example"),
                Mark("link", 0, 4, url="data:text/html,x"),
                Mark("link", 5, 99, url="https://shop.example"),
                Mark("mention", 5, 9, external_id="id-omar"),
            ],
            pictures=[Picture("file:///etc/passwd", kind="hologram", width=-3, height=2**40)],
        )
    )
    assert clean.permalink is None
    assert [(mark.kind, mark.start) for mark in clean.marks] == [("link", 0), ("mention", 5)]
    picture = clean.pictures[0]
    assert (picture.url, picture.kind, picture.width, picture.height) == (None, "file", 0, 2**31 - 1)


def test_long_names_are_cut() -> None:
    clean = borders.clean_author(Author("id-1", handle="h" * 600, display_name="\0" + "n" * 600))
    assert (len(clean.handle), len(clean.display_name), clean.display_name[0]) == (500, 500, "\ufffd")


def test_payloads_are_compressed_and_carry_no_tokens() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl"
    raw = json.dumps({"next": "https://graph.example/next?access_token=EAAB123456&limit=5", "jwt": token}).encode()
    kept = borders.unpack(borders.pack(raw))
    assert b"EAAB123456" not in kept
    assert token.encode() not in kept
    assert borders.unpack(borders.pack(b"\xff\xfe not text")) == b"\xff\xfe not text"


def test_text_that_no_database_keeps_comes_in_cleaned(session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session)
    author = Author("id-\u00f1", display_name="Ana\0", handle="ana\udc00.test")
    item = given_message(text="¿a\0b\ud83d?", author=author, ref={"cid\0": "\ud800"}, raw={"text": "a\0b\ud83d"})
    take_in(session, channel, item, given_message(external_id="m2", text="\U0001f468\u200d\U0001f469"))
    session.commit()
    row = session.scalars(select(Row).where(Row.external_id == "m1")).one()
    assert row.text == "¿a\ufffdb\ufffd?"
    assert row.platform_ref == {"cid\ufffd": "\ufffd"}
    assert row.contact is not None
    assert row.contact.display_name == "Ana\ufffd"


def test_raw_payloads_are_dropped_after_thirty_days(session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session)
    take_in(session, channel, given_message())
    moving_clock.move(days=29)
    take_in(session, channel, given_message(external_id="m2", authored_at=clock.now()))
    assert drop_expired(session) == 0
    moving_clock.move(days=1)
    assert drop_expired(session) == 1
    assert len(session.scalars(select(RawPayload.id)).all()) == 1
