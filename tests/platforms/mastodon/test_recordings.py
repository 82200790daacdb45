"""Real answers of real servers, where RELEVO_RECORDINGS points: each becomes items, or is knowingly left out."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inbox.platforms.contract import Answered, PlatformError, TokenExpired
from inbox.platforms.items import Message, PostSeen
from inbox.platforms.mastodon import errors, parse, profile
from inbox.platforms.mastodon.calls import _of_me
from inbox.platforms.mastodon.people import Us, us
from inbox.platforms.mastodon.values import ident, text, things
from inbox.platforms.mastodon.walk import next_page
from inbox.platforms.shallow import load

ROOT = Path(os.environ["RELEVO_RECORDINGS"])
SERVERS = {"mock": "http://127.0.0.1:8304", "snac": "http://127.0.0.1:8301", "takahe": "https://takahe.test"}
# As VCR writes them: one answer's text in single quotes over many lines.
_STRING = re.compile(r"^      string: ('(?:[^']|'')*')", re.MULTILINE)


def of_servers() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for server in SERVERS:
        for path in sorted((ROOT / "mastodon_servers" / server).glob("*.json")):
            kept = json.loads(path.read_text("utf-8"))
            if "response" in kept:
                yield server, path.stem, kept


def of_mastodon() -> Iterator[Any]:
    for path in sorted((ROOT / "mastodon").glob("*.yaml")):
        for found in _STRING.findall(path.read_text("utf-8")):
            folded = re.sub(r"\n +", " ", found[1:-1].replace("''", "'"))
            try:
                yield load(folded.encode())
            except ValueError:
                continue


def is_status(value: Any) -> bool:
    return isinstance(value, dict) and "visibility" in value and isinstance(value.get("account"), dict)


def statuses_in(value: Any) -> Iterator[dict[str, Any]]:
    if is_status(value):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from statuses_in(inner)


def rows_in(value: Any) -> Iterator[dict[str, Any]]:
    rows = value if isinstance(value, list) else [value]
    yield from (row for row in rows if isinstance(row, dict) and "type" in row and "account" in row)


def brand(server: str) -> Us:
    body = json.loads((ROOT / "mastodon_servers" / server / "verify_credentials.json").read_text("utf-8"))
    me = body["response"]["body"]
    return us(ident(me), me["acct"], SERVERS[server])


def test_every_status_of_every_server_is_a_message() -> None:
    seen = 0
    for server, name, kept in of_servers():
        ours = brand(server)
        for status in statuses_in(kept["response"]["body"]):
            found = parse.parse_status(status, ours)
            assert found.external_id == status["id"], (server, name)
            assert found.author.scope == ours.scope
            assert "<" not in found.text or "&lt;" in status["content"], (server, name)
            assert isinstance(parse.parse_own(status, ours), Message | PostSeen | None)
            seen += 1
    assert seen > 100


def test_every_notification_of_every_server_is_an_item_or_left_out() -> None:
    kinds: dict[str, set[str]] = {}
    for server, _, kept in of_servers():
        for row in rows_in(kept["response"]["body"]):
            found = parse.parse_notification(row, brand(server))
            assert found is None or isinstance(found, Message)
            if found is None:
                assert row["type"] != "mention" or row.get("status") is None
            else:
                assert found.mentions_us
            kinds.setdefault(row["type"], set()).add(type(found).__name__)
    assert "Message" in kinds["mention"]
    assert kinds["favourite"] == kinds["follow"] == {"NoneType"}


def test_direct_messages_of_every_server_are_of_one_exchange_with_their_answers() -> None:
    for server in SERVERS:
        kept = json.loads((ROOT / "mastodon_servers" / server / "context_direct.json").read_text("utf-8"))
        first = json.loads((ROOT / "mastodon_servers" / server / "fan_direct.json").read_text("utf-8"))
        ours = brand(server)
        asked = parse.parse_status(first["response"]["body"], ours)
        assert asked.kind == "direct"
        for row in things(kept["response"]["body"], "descendants"):
            answer = parse.parse_status(row, ours)
            # an answer that names nobody has no exchange of its own: it is its parent's
            assert answer.thread_key in (asked.thread_key, None)
            assert answer.thread_key is not None or answer.parent_id == asked.external_id


def test_pages_lead_on_and_empty_ones_do_not() -> None:
    for _, _, kept in of_servers():
        body = kept["response"]["body"]
        if isinstance(body, list):
            headers = kept["response"]["headers"]
            answered = Answered(200, headers, b"", "")
            assert (next_page(body, answered) is None) is (not body)


def test_every_bad_token_of_every_server_is_known() -> None:
    seen = set()
    for server, name, kept in of_servers():
        if "bad_token" in name or "revoked" in name:
            answered = answered_of(kept)
            assert answered.status in errors.DOUBTFUL, (server, name)
            if "verify_credentials" in name:
                assert isinstance(_of_me(answered), TokenExpired), (server, name)
                seen.add(server)
    assert seen == set(SERVERS)


def test_every_bad_answer_means_something() -> None:
    for server, name, kept in of_servers():
        answered = answered_of(kept)
        if answered.status < 400 or not kept["request"]["url"].partition("/api/")[2]:
            continue
        path = "/api/" + kept["request"]["url"].partition("/api/")[2].partition("?")[0]
        assert isinstance(errors.read_error(answered, path), PlatformError)
        found = errors.write_error(answered, path, "POST")
        assert found is None or found.is_surely_not_accepted, (server, name)
        if name in ("post_too_long", "post_cw_counts", "post_limit_url") and answered.status < 500:
            assert found is not None
            assert found.code == "text_too_long", (server, name)
        if name == "post_scope_403":
            assert found is not None
            assert found.code == "permission_missing_writing", (server, name)


def test_every_instance_is_read() -> None:
    lengths = {}
    for server, name, kept in of_servers():
        if name in ("instance_v1", "instance_v2") and kept["response"]["status"] == 200:
            lengths[server, name] = profile.instance_of(kept["response"]["body"])
    assert {found.max_length for (server, _), found in lengths.items() if server == "snac"} == {100_000}
    assert {found.is_mastodon for (server, _), found in lengths.items() if server == "takahe"} == {False}
    assert {found.is_mastodon for (server, _), found in lengths.items() if server == "mock"} == {True}


def test_every_status_and_notification_of_mastodon_itself_is_read() -> None:
    ours = us("117020565966271181", "mastodonpy_test", "http://localhost:3000")
    statuses = rows = 0
    for body in of_mastodon():
        for status in statuses_in(body):
            if "uri" in status:
                assert parse.parse_status(status, ours).external_id == status["id"]
                statuses += 1
        for row in rows_in(body):
            if text(row, "created_at"):
                found = parse.parse_notification(row, ours)
                assert found is None or isinstance(found, Message)
                rows += 1
    assert statuses > 20
    assert rows > 5


@pytest.mark.parametrize("server", SERVERS)
def test_what_a_server_granted_is_enough(server: str) -> None:
    kept = json.loads((ROOT / "mastodon_servers" / server / "oauth_token.json").read_text("utf-8"))
    assert profile.lacking(kept["response"]["body"]["scope"]) is None


def answered_of(kept: dict[str, Any]) -> Answered:
    body = kept["response"]["body"]
    raw = body["_raw"].encode() if isinstance(body, dict) and set(body) == {"_raw"} else json.dumps(body).encode()
    return Answered(kept["response"]["status"], kept["response"]["headers"], raw, kept["request"]["url"])
