"""Real answers of real servers, where RELEVO_RECORDINGS names them: every message lands, every error is ours."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inbox.platforms.bluesky.chat_parse import Convo, parse_chat, parse_convo
from inbox.platforms.bluesky.errors import StaleToken, error_of, read_budget
from inbox.platforms.bluesky.parse import NOTIFIED, parse_notification, parse_post
from inbox.platforms.bluesky.session import home_of
from inbox.platforms.bluesky.streams import posts_below
from inbox.platforms.bluesky.tid import is_tid
from inbox.platforms.bluesky.values import author_of, parse_time, text, thing, things
from inbox.platforms.contract import (
    Answered,
    Gone,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
    Unclear,
)
from inbox.platforms.items import GoneItem, Message, PostSeen

ROOT = Path(os.environ["RELEVO_RECORDINGS"]) / "bluesky"
NETWORK = sorted((ROOT / "network").glob("*.json"))
ANYBODY = "did:plc:nobodynobodynobodynobody"


def load(path: Path) -> Any:
    return json.loads(path.read_text())


def bodies() -> Iterator[tuple[str, Any]]:
    """Yield every recorded JSON answer."""
    for path in NETWORK:
        yield path.stem, load(path)["response"]["body"]
    for path in sorted((ROOT / "responses").glob("*.json")):
        yield path.stem, load(path)
    for path in sorted((ROOT / "appview_snapshots").glob("*.json")):
        yield path.stem, restored(load(path))


def restored(value: Any) -> Any:
    """Give the snapshots' normalised ids (record(3), user(1)) the shape of real ones, a post its author's DID."""
    if isinstance(value, list):
        return [restored(inner) for inner in value]
    if not isinstance(value, dict):
        return re.sub(r"user\((\d+)\)", r"did:plc:user\1", value) if isinstance(value, str) else value
    found = {key: restored(inner) for key, inner in value.items()}
    uri = found.get("uri")
    if isinstance(uri, str) and uri.startswith("record("):
        did = text(thing(found, "author"), "did") or "did:plc:unknown"
        kind = text(thing(found, "record"), "$type") or "app.bsky.feed.post"
        found["uri"] = f"at://{did}/{kind}/{uri[7:-1]}"
    return found


def views(value: Any) -> Iterator[Any]:
    """Yield everything that is the view of a post, however deep."""
    if isinstance(value, list):
        for inner in value:
            yield from views(inner)
    elif isinstance(value, dict):
        if {"uri", "cid", "author", "record"} <= value.keys() and "/app.bsky.feed.post/" in str(value["uri"]):
            yield value
        for inner in value.values():
            yield from views(inner)


def test_every_notification_that_brings_a_message_lands() -> None:
    landed = 0
    for name, body in bodies():
        for row in body if isinstance(body, list) else things(body, "notifications"):
            item = parse_notification(row, ANYBODY, {})
            if text(row, "reason") not in NOTIFIED:
                assert item is None, (name, row)
                continue
            assert isinstance(item, Message), (name, item)
            assert item.external_id == row["uri"]
            assert item.text.startswith(row["record"]["text"])
            assert item.version == row["cid"]
            landed += 1
    assert landed > 90


def test_every_post_lands_for_us_and_for_others() -> None:
    landed = 0
    for name, body in bodies():
        for view in views(body):
            for us in (ANYBODY, author_of(view["uri"]) or ""):
                item = parse_post(view, us)
                assert isinstance(item, Message | PostSeen), (name, item)
                landed += 1
    assert landed > 300


def test_every_facet_lies_in_its_text() -> None:
    for name, body in bodies():
        for view in views(body):
            item = parse_post(view, ANYBODY)
            assert isinstance(item, Message), name
            for mark in item.marks:
                assert 0 <= mark.start < mark.end <= len(item.text), (name, mark)
                if mark.kind == "mention":
                    assert item.text[mark.start] == "@", (name, mark)


def test_every_tree_is_walked_whole() -> None:
    walked = 0
    for _, body in bodies():
        tree = thing(body, "thread") if isinstance(body, dict) and "thread" in body else body
        if isinstance(tree, dict) and text(tree, "$type").endswith("#threadViewPost"):
            below = [view["uri"] for view in posts_below(tree)]
            assert len(below) == len(set(below))
            assert below[0] == tree["post"]["uri"]
            walked += len(below)
    assert walked > 40


EXPECTED: dict[str, type[PlatformError]] = {
    "ExpiredToken": StaleToken,
    "InvalidToken": TokenExpired,
    "AuthMissing": TokenExpired,
    "AuthenticationRequired": TokenExpired,
    "AccountDeactivated": TokenExpired,
    "AccountTakedown": TokenExpired,
    "RateLimitExceeded": RateLimited,
    "UpstreamFailure": Unavailable,
    "InternalServerError": Unavailable,
    "NotFound": Gone,
    "RecordNotFound": Gone,
    "BlobNotFound": Gone,
    "HandleNotFound": Refused,
    "InvalidRequest": Refused,
    "InvalidSwap": Refused,
    "MethodNotImplemented": Unavailable,
    "PayloadTooLarge": Refused,
    "PayloadTooLargeError": Refused,
}


def errors() -> list[Any]:
    found = [(path, load(path)["response"]) for path in NETWORK]
    return [pytest.param(path.stem, answer, id=path.stem) for path, answer in found if answer["status"] >= 400]


@pytest.mark.parametrize(("name", "answer"), errors())
def test_every_recorded_error_is_one_of_ours(name: str, answer: Any) -> None:
    headers = {key.lower(): value for key, value in answer["headers"].items()}
    answered = Answered(answer["status"], headers, json.dumps(answer["body"]).encode(), "https://pds.example")
    is_chat = name.startswith("chat-")
    error = error_of(answered, is_chat=is_chat)
    wanted = PermissionMissing if is_chat else EXPECTED[answer["body"]["error"]]
    assert isinstance(error, wanted)
    as_write = error_of(answered, is_write=True)
    if answer["status"] >= 500:
        assert isinstance(as_write, Unclear)
    else:
        assert as_write.is_surely_not_accepted
        assert not isinstance(as_write, Gone)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("text-301-graphemes", "text_too_long"),
        ("text-family-emoji-bytes", "text_too_long"),
        ("record-too-big", "text_too_long"),
        ("post-create-deactivated", "account_deactivated"),
        ("session-refresh-takendown", "account_takendown"),
        ("resolve-handle-unknown", "handle_unknown"),
        ("appview-down-getPosts", "server_error"),
        ("chat-listConvos-no-proxy-header", "direct_not_offered"),
        ("chat-listConvos-proxy-to-unknown-did", "direct_not_offered"),
    ],
)
def test_errors_that_a_member_must_understand(name: str, code: str) -> None:
    answer = load(ROOT / "network" / f"{name}.json")["response"]
    answered = Answered(answer["status"], {}, json.dumps(answer["body"]).encode(), "")
    assert error_of(answered, is_chat=name.startswith("chat-")).code == code


def test_recorded_budgets_are_read() -> None:
    answer = load(ROOT / "network" / "rate-limit-headers-createRecord.json")["response"]
    seen = read_budget({key.lower(): value for key, value in answer["headers"].items()}, 200)
    assert seen is not None
    assert (seen.limit_count, seen.remaining_count) == (3000, 2951)


def test_homes_are_found_in_every_session() -> None:
    homes = {name: home_of(body) for name, body in bodies() if isinstance(body, dict) and "didDoc" in body}
    assert len(homes) > 5
    assert all(homes.values())


def test_private_messages_of_the_recordings() -> None:
    log = load(ROOT / "responses" / "chat.bsky.convo.getLog.json")["logs"]
    items = [parse_chat(entry["message"], Convo("1", {}), ANYBODY) for entry in log if "message" in entry]
    assert {type(item) for item in items} == {Message, GoneItem}
    convo = parse_convo(load(ROOT / "responses" / "chat.bsky.convo.getConvo.json")["convo"])
    assert convo is not None
    assert len(convo.profiles) == 1


def vectors(name: str) -> list[str]:
    lines = (ROOT / f"interop_{name}.txt").read_text().splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def test_the_vectors_of_keys_and_times() -> None:
    assert all(is_tid(one) for one in vectors("tid_syntax_valid"))
    assert not any(is_tid(one) for one in vectors("tid_syntax_invalid"))
    times = vectors("datetime_syntax_valid")
    assert [one for one in times if parse_time(one) is None] == []
