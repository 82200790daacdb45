"""What a connection makes of a bridge's answers, good and bad."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from inbox import clock
from inbox.fetch import Fetcher
from inbox.platforms.contract import Malformed, PlatformError, RateLimited, Refused, TokenExpired, Unavailable, Unclear
from inbox.platforms.http import BudgetedHttp, MemoryBudgets
from inbox.platforms.items import Author, Edited, GoneItem, IsGone, Message, PostSeen, Unknown, Unreadable
from inbox.platforms.outgoing import Absent, CannotLook, Found, Ok, Outgoing
from inbox.platforms.registry import get_connector
from tests.platforms.generic.bridges import SECRET, Running, push
from tests.platforms.generic.conftest import Scene

NOT_BEFORE = timedelta(minutes=1)


def outgoing(scene: Scene, text: str = "Gracias, Ana.") -> Outgoing:
    """Prepare an answer to Ana."""
    wanted = Outgoing(text, "1", {}, "public", recipient=Author("ana", handle="ana"))
    return scene.connection.prepare(wanted, "key-of-a-reply")


def says(scene: Scene, only: str, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
    """Let the bridge answer one call with this."""
    scene.bridge.faults.only = only
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    scene.bridge.faults.answers.append((status, raw, headers or {}))


def test_items_are_read_to_their_end_by_the_bridges_own_mark(scene: Scene) -> None:
    for number in range(230):
        scene.bridge.writes(str(number), f"Note {number}")
    cursor, seen = None, []
    for _ in range(4):
        page = scene.connection.fetch("mentions", cursor)
        seen += [item.external_id for item in page.items if isinstance(item, Message)]
        cursor = page.cursor_after
        if page.is_complete:
            break
    assert seen == [str(number) for number in range(230)]
    assert page.is_complete
    again = scene.connection.fetch("mentions", cursor)
    assert (list(again.items), again.is_complete, again.cursor_after) == ([], True, cursor)


def test_a_mark_that_does_not_move_ends_the_walk(scene: Scene) -> None:
    says(scene, "items", 200, {"items": [], "next": "5", "has_more": True})
    assert not scene.connection.fetch("mentions", {"after": "4"}).is_complete
    says(scene, "items", 200, {"items": [], "next": "5", "has_more": True})
    assert scene.connection.fetch("mentions", {"after": "5"}).is_complete


@pytest.mark.parametrize("body", [[], {}, {"items": {}}, b"<html>", b"[" * 100_000])
def test_an_answer_that_is_no_list_of_items_is_said_to_be_none(scene: Scene, body: Any) -> None:
    says(scene, "items", 200, body)
    with pytest.raises(Malformed):
        scene.connection.fetch("mentions", None)


def test_one_item_that_cant_be_read_keeps_no_other_out(scene: Scene) -> None:
    scene.bridge.items.extend([7, {"id": "a"}, {"type": "song", "id": "b"}])  # type: ignore[list-item]
    scene.bridge.writes("c", "Hello")
    items = scene.connection.fetch("mentions", None).items
    assert [type(item) for item in items] == [Unreadable, Unreadable, Unreadable, Message]
    assert next(item.reason for item in items if isinstance(item, Unreadable)) == "an item is not an object"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": ""}, "id is missing"),
        ({"id": True}, "id is missing"),
        ({"text": None}, "text is missing"),
        ({"author": {"name": "Ana"}}, "author.id is missing"),
        ({"author": 3}, "author is missing"),
        ({"kind": "fax"}, "kind is none of"),
        ({"audience": "everyone"}, "audience is none of"),
        ({"written_at": "yesterday"}, "written_at is no RFC 3339"),
        ({"written_at": "2026-11-20T18:31:00"}, "written_at is no RFC 3339"),
    ],
)
def test_what_an_item_lacks_is_said(scene: Scene, change: dict[str, Any], reason: str) -> None:
    item = scene.bridge.writes("1", "Hola") | change
    (found,) = scene.connection.parse("mentions", json.dumps(item).encode())
    assert isinstance(found, Unreadable)
    assert reason in found.reason


def test_everything_that_an_item_may_say(scene: Scene) -> None:
    item = scene.bridge.writes(
        "7",
        "¿Abren?",
        kind="comment",
        parent_id=6,
        post_id="p1",
        thread_id="t1",
        link="https://guestbook.example/7",
        attachments=[{"url": "https://guestbook.example/7.png", "alt": "A door"}, {"url": "javascript:1"}, 4],
        edited_at="2026-11-20T18:31:00+01:00",
        mentions_us=True,
    )
    (found,) = scene.connection.parse("mentions", json.dumps(item).encode())
    assert isinstance(found, Message)
    assert (found.author.external_id, found.author.scope) == (
        "ana",
        "guestbook.example",
    )  # two networks may have one id
    assert (found.kind, found.parent_id, found.post_id, found.root_id, found.thread_key) == (
        "comment",
        "6",
        "p1",
        "t1",
        None,
    )
    assert [(one.url, one.alt, one.kind) for one in found.pictures] == [
        ("https://guestbook.example/7.png", "A door", "image")
    ]
    assert found.edited_at is not None
    assert (found.edited_at.hour, found.version) == (17, "2026-11-20T18:31:00+01:00")
    others = [
        {"type": "edited", **item},
        {"type": "deleted", "id": "7"},
        {"type": "post", "id": "p1", "text": "We are open", "link": "data:text/html,x"},
    ]
    kinds = [scene.connection.parse("mentions", json.dumps(one).encode())[0] for one in others]
    assert [type(one) for one in kinds] == [Edited, GoneItem, PostSeen]
    assert isinstance(kinds[2], PostSeen)
    assert kinds[2].permalink is None


def test_a_reply_is_handed_over_once_under_our_id(scene: Scene) -> None:
    wanted = outgoing(scene)
    sent = scene.connection.send(wanted, "key-of-a-reply")
    scene.connection.send(wanted, "key-of-a-reply")
    assert sent.external_id == scene.connection.wanted_id(wanted) == "key-of-a-reply"
    assert list(scene.bridge.replies) == ["key-of-a-reply"]
    kept = scene.bridge.replies["key-of-a-reply"]
    assert (kept["text"], kept["in_reply_to"], kept["to"]) == (
        "Gracias, Ana.",
        "1",
        {"id": "ana", "handle": "ana"},
    )
    assert isinstance(scene.connection.find_sent(wanted, clock.now() - NOT_BEFORE), Found)


@pytest.mark.parametrize(("fault", "is_there"), [("before", False), ("after", True)])
def test_a_line_that_breaks_off_leaves_it_unclear_and_a_look_tells(scene: Scene, fault: str, is_there: bool) -> None:
    setattr(scene.bridge.faults, fault, 1)
    wanted = outgoing(scene)
    with pytest.raises(Unclear):
        scene.connection.send(wanted, "key-of-a-reply")
    found = scene.connection.find_sent(wanted, clock.now() - NOT_BEFORE)
    assert isinstance(found, Found) if is_there else found == Absent(is_sure=False)


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "is_surely_not_accepted"),
    [
        (400, {"error": "text_too_long"}, Refused, "text_too_long", True),
        (409, {"error": "something_of_theirs", "detail": "No."}, Refused, "refused", True),
        (404, {"error": "unknown_message"}, PlatformError, "gone", True),
        (410, b"<html>gone</html>", Unclear, "unclear", False),
        (401, {"error": "bad_signature"}, TokenExpired, "token_expired", True),
        (403, {"error": "may_not"}, PlatformError, "permission_missing", True),
        (429, {"error": "slowly"}, RateLimited, "rate_limited", True),
        (413, b"<html>too large</html>", Unclear, "unclear", False),
        (500, {"error": "oops"}, Unclear, "unclear", False),
        (408, {"error": "late"}, Unclear, "unclear", False),
        (200, b"<html>welcome</html>", Unclear, "unclear", False),
        (200, b"[]", Unclear, "unclear", False),
    ],
)
def test_what_an_answer_to_a_reply_means(
    scene: Scene, status: int, body: Any, kind: type[PlatformError], code: str, is_surely_not_accepted: bool
) -> None:
    says(scene, "send", status, body)
    with pytest.raises(kind) as raised:
        scene.connection.send(outgoing(scene), "key")
    assert (raised.value.code, raised.value.is_surely_not_accepted) == (code, is_surely_not_accepted)


@pytest.mark.parametrize("body", [{}, {"is_sent": "no"}, {"is_sent": False, "is_pending": True}, {"is_sent": None}])
def test_only_a_clear_no_is_a_proof_that_it_is_not_there(scene: Scene, body: Any) -> None:
    says(scene, "find", 200, body)
    assert isinstance(scene.connection.find_sent(outgoing(scene), clock.now()), CannotLook)


@pytest.mark.parametrize(("said", "seconds"), [("30", 30), ("999999999", 60), ("soon", 60), ("90000", 3600), ("", 60)])
def test_how_long_to_wait_is_read_with_a_limit(scene: Scene, said: str, seconds: int) -> None:
    says(scene, "items", 429, {"error": "slowly"}, {"Retry-After": said} if said else {})
    with pytest.raises(RateLimited) as raised:
        scene.connection.fetch("mentions", None)
    assert raised.value.until_at == clock.now() + timedelta(seconds=seconds)


def test_a_bridge_that_cant_look_keeps_no_reply_and_no_second_look_back(scene: Scene) -> None:
    assert scene.connection.preflight(outgoing(scene)) == Ok()
    assert scene.connection.recheck({"1": {}}) == {"1": Unknown()}
    says(scene, "look", 200, {"items": [{"type": "deleted", "id": "1"}, scene.bridge.writes("2", "Still here")]})
    looks = scene.connection.recheck({"1": {}, "2": {}, "3": {}})
    assert looks["1"] == IsGone()
    assert isinstance(looks["2"], Edited)
    assert looks["3"] == Unknown()


def test_a_push_is_read_only_with_its_signature(scene: Scene, bridge: Running) -> None:
    headers, body = push([bridge.writes("1", "Hola")])
    its: Any = scene.connection
    its.check_push({name.upper(): value for name, value in headers.items()}, body)
    (item,) = its.parse_push(body).items
    assert isinstance(item, Message)
    forged = [
        ({**headers, "Relevo-Signature": "v1=" + "0" * 64}, body),
        ({**headers, "Relevo-Signature": "ñ"}, body),
        ({**headers, "Relevo-Timestamp": "١٢٣"}, body),
        ({}, body),
        (headers, body + b" "),
        push([], secret="another secret that is as long as the first"),
    ]
    for said, what in forged:
        with pytest.raises(Refused) as raised:
            its.check_push(said, what)
        assert raised.value.code == "bad_signature"


def test_the_bridge_is_told_where_to_push(scene: Scene) -> None:
    its: Any = replace(scene.connection, account=replace(scene.connection.account, push_url="https://relevo.example/p"))  # type: ignore[type-var,attr-defined]
    scene.bridge.faults.only = "push_to"
    for _ in range(2):
        scene.bridge.faults.answers.append((200, b"{}", {}))
    its.start_push()
    its.stop_push()
    told = [one["url"] for one in scene.bridge.asked if one["do"] == "push_to"]
    assert told == ["https://relevo.example/p", None]
    with pytest.raises(Refused):  # the example offers no pushes
        its.start_push()


def test_a_push_of_yesterday_is_refused(scene: Scene, moving_clock: Any) -> None:
    headers, body = push([])
    moving_clock.move(299)
    its: Any = scene.connection
    its.check_push(headers, body)
    assert list(its.parse_push(body).items) == []
    moving_clock.move(2)
    with pytest.raises(Refused):
        its.check_push(headers, body)


@pytest.mark.parametrize(
    ("secret", "only_answer", "code"),
    [
        ("too short", None, "secret_too_short"),
        ("another secret that is as long as the first", None, "secret_refused"),
        (SECRET, (200, b"<html>", {}), "not_this_platform"),
        (SECRET, (200, b'{"account": {"name": "nobody"}}', {}), "not_this_platform"),
        (SECRET, (503, b"", {}), "server_error"),
    ],
)
def test_signing_in_says_what_is_wrong(
    bridge: Running, secret: str, only_answer: tuple[int, bytes, dict[str, str]] | None, code: str
) -> None:
    connector = get_connector("generic")
    http = BudgetedHttp(Fetcher([bridge.url]), MemoryBudgets(), "test", connector.read_budget)
    bridge.faults.only = "describe"
    bridge.faults.answers += [only_answer] if only_answer else []
    with pytest.raises((Refused, Unavailable)) as raised:
        connector.sign_in({"service_url": bridge.url, "secret": secret}, http)
    assert raised.value.code == code
    assert all(secret not in json.dumps(one) for one in bridge.asked)
