"""Real updates and answers, where RELEVO_RECORDINGS names the folder with them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from inbox.platforms.contract import Answered, RateLimited, Refused
from inbox.platforms.items import Edited, GoneItem, Message, Unreadable
from inbox.platforms.telegram.content import SERVICE
from inbox.platforms.telegram.errors import Migrated, error_of
from inbox.platforms.telegram.parse import WANTED, Us, parse_update

FOLDER = Path(os.environ["RELEVO_RECORDINGS"]) / "telegram"
US = Us("8123456789", "acme_ayuda_bot")
UPDATES = [*sorted(path.stem for path in FOLDER.glob("updates_*.json")), "telegrambots_Update"]
SILENT = {
    "updates_business_connection",
    "updates_chat_member",
    "updates_forum_topic_created",
    "updates_message_reaction_count",
    "updates_migrate_from_chat_id",
    "updates_migrate_to_chat_id",
    "updates_my_chat_member",
    "updates_pinned_message",
}


def read(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())


@pytest.mark.parametrize("name", UPDATES)
def test_every_update_is_read(name: str) -> None:
    items = parse_update(read(name), US)
    assert not [item for item in items if isinstance(item, Unreadable)]
    assert (items == []) == (name in SILENT)
    for item in items:
        if isinstance(item, Message):
            assert all(0 <= mark.start < mark.end <= len(item.text) for mark in item.marks)


def test_what_some_of_them_say() -> None:
    (gone, other) = parse_update(read("updates_deleted_business_messages"), US)
    assert (gone, other) == (GoneItem("123/456:123"), GoneItem("123/456:321"))
    (edited,) = parse_update(read("updates_edited_message"), US)
    assert isinstance(edited, Edited)
    assert edited.message.text == "Editing this message"
    (reply,) = parse_update(read("updates_message_different_topic_reply"), US)
    assert isinstance(reply, Message)
    assert (reply.parent_id, reply.thread_key) == ("-1001234567489:70", "-1001234567489:topic:33")
    (entities,) = parse_update(read("updates_entities"), US)
    assert isinstance(entities, Message)
    assert [entities.text[mark.start : mark.end] for mark in entities.marks] == ["look here"]


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("responses_too_long", Refused, "text_too_long"),
        ("responses_too_many_requests", RateLimited, "rate_limited"),
        ("responses_user_deactivated", Refused, "person_unreachable"),
        ("telegrambots_ResponseWithError", Migrated, "not_allowed"),
    ],
)
def test_errors(name: str, kind: type[Exception], code: str) -> None:
    error = error_of(Answered(400, {}, (FOLDER / f"{name}.json").read_bytes(), ""), is_write=True)
    assert isinstance(error, kind)
    assert (error.code, error.is_surely_not_accepted) == (code, True)


def test_the_documented_fields_are_all_known() -> None:
    spec = read("spec_bot_api_subset")["types"]
    updates = {field["name"] for field in spec["Update"]["fields"]}
    assert set(WANTED) <= updates
    for name in updates - {"update_id"} - set(WANTED):
        assert not [i for i in parse_update({"update_id": 1, name: {"id": 1}}, US) if isinstance(i, Unreadable)], name
    service = {f["name"] for f in spec["Message"]["fields"] if "ervice message" in f["description"][:40]}
    assert service <= SERVICE
