"""What holds on both personalities: reading without gaps, sending once, looking, errors in our words."""

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from inbox.platforms.contract import (
    Malformed,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
    Unclear,
)
from inbox.platforms.items import Edited, IsGone, Item, Message, PostSeen, Unreadable
from inbox.platforms.outgoing import Absent, CannotLook, Found, Ok, Outgoing, ParentGone
from inbox.platforms.sandbox.feed.connection import FeedConnection
from inbox.platforms.sandbox.pages.connection import PagesConnection
from inbox.replies.settle import find_wrong
from inbox.settings import Pace
from tests.platforms.sandbox.conftest import Scene, now, short

# The longest page of the two, in posts.
PAGES_AT_ONCE = 100


def asked(scene: Scene, text: str = "¿Cuánto tarda el pedido?", **given: Any) -> tuple[str, Message]:
    """Let a fan comment under a fresh post; return the post's id and the comment as it is read."""
    post = scene.do("post", text="Rebajas de otoño")["id"]
    made = scene.do("comment", by="ana@plaza.test", name="Ana Plaza", on=post, text=text, **given)
    return post, scene.messages(f"comments:{post}")[short(made["id"])]


def answer_to(message: Message, text: str = "En dos días.", **given: Any) -> Outgoing:
    values: dict[str, Any] = {"audience": message.audience, "recipient": message.author} | given
    return Outgoing(text, message.external_id, message.ref, thread_key=message.thread_key, **values)


def test_it_says_whose_account_it_is(scene: Scene) -> None:
    verified = scene.connection.verify()
    expected = scene.site.told[scene.name]["account_id" if scene.name == "feed" else "page_id"]
    assert (verified.external_id, verified.is_alive) == (expected, True)
    assert verified.limits.public.max_length == (500 if scene.name == "feed" else 8000)
    prefix = verified.limits.handle_prefix.replace("{handle}", "eva@plaza.test")  # counted as it will be sent
    assert prefix == ("@eva@plaza.test " if scene.name == "feed" else "")


def test_a_comment_is_read_with_its_place_its_author_and_its_words(scene: Scene) -> None:
    post, message = asked(scene, "¿Hacéis envíos a Canarias?", pictures=1)
    assert message.text.endswith("¿Hacéis envíos a Canarias?")
    assert (message.kind, message.audience, message.post_id) == ("comment", "public", post)
    assert message.root_id == message.external_id
    assert len(message.pictures) == 1
    assert message.author.external_id
    assert message.raw


def test_a_reply_to_a_comment_belongs_to_its_root(scene: Scene) -> None:
    post, message = asked(scene)
    made = scene.do("comment", by="luis@plaza.test", on=message.ref.get("id", message.external_id), text="A mí, tres.")
    found = scene.messages(f"comments:{post}")[short(made["id"])]
    assert (found.root_id, found.parent_id) == (message.external_id, message.external_id)


def test_our_own_posts_are_seen(scene: Scene) -> None:
    ids = {scene.do("post", text=f"Número {n}")["id"] for n in range(3)}
    seen = {item.external_id for item in scene.read("own_posts") if isinstance(item, PostSeen)}
    assert ids <= seen


def test_a_private_message_is_private_and_names_its_exchange(scene: Scene) -> None:
    made = scene.do("direct", by="eva@plaza.test", text="Os escribo por privado")
    message = scene.messages("mentions" if scene.name == "feed" else "direct")[made["id"]]
    assert message.kind == "direct"
    assert message.audience in ("direct", "private")
    assert message.thread_key


def test_300_arrivals_between_reads_are_all_read_and_then_nothing_is_missing(scene: Scene) -> None:
    post = scene.do("post", text="Sorteo")["id"]
    stream = f"comments:{post}"
    scene.read(stream)
    wanted: set[str] = set()
    for part in range(3):
        made = scene.do("thread", by=f"fan{part}@plaza.test", on=post, count=100)
        wanted |= {short(one) for one in made["ids"]}
        read = set(scene.messages(stream))
        assert {short(one) for one in made["ids"]} <= read
    assert wanted <= set(scene.messages(stream, is_deep=True))


def test_a_page_with_one_bad_item_keeps_the_others(scene: Scene) -> None:
    post = scene.do("post", text="Novedades")["id"]
    for name in ("eva", "luis"):
        scene.do("comment", by=f"{name}@plaza.test", on=post, text="¿Qué tal?")
    stream = "mentions" if scene.name == "feed" else f"comments:{post}"
    path = "notifications" if scene.name == "feed" else "/comments"
    scene.site.fault(scene.name, "malformed_item", count=1, path=path)
    items = scene.read(stream)
    bad = [item for item in items if isinstance(item, Unreadable)]
    assert len(bad) == 1
    assert bad[0].raw
    assert [item for item in items if isinstance(item, Message)]
    replayed = scene.connection.parse(stream, bad[0].raw)
    assert len(replayed) == 1


def test_an_edit_and_a_deletion_are_found_by_looking_again(scene: Scene) -> None:
    post, message = asked(scene)
    other = scene.do("comment", by="luis@plaza.test", on=post, text="Borradme")
    gone = scene.messages(f"comments:{post}")[short(other["id"])]
    scene.do("edit", id=str(message.ref.get("id", message.external_id)), text="¿Y a Baleares?")
    scene.do("delete", id=other["id"])
    looks = scene.connection.recheck({message.external_id: message.ref, gone.external_id: gone.ref})
    edited = looks[message.external_id]
    assert isinstance(edited, Edited)
    assert edited.message.text.endswith("¿Y a Baleares?")
    assert isinstance(looks[gone.external_id], IsGone)


def test_a_reply_is_accepted_under_what_it_answers_and_found_again(scene: Scene) -> None:
    _post, message = asked(scene)
    outgoing = scene.connection.prepare(answer_to(message), "key-1")
    started = now()
    assert isinstance(scene.connection.preflight(outgoing), Ok)
    sent = scene.connection.send(outgoing, "key-1")
    assert sent.parent_id == outgoing.parent_id
    found = scene.connection.find_sent(outgoing, started)
    assert isinstance(found, Found)
    assert found.sent.external_id == sent.external_id
    assert len(scene.site.accepted(scene.name)) == 1


def test_a_reply_that_was_put_elsewhere_is_not_told_as_in_its_place(scene: Scene) -> None:
    _post, message = asked(scene)
    outgoing = scene.connection.prepare(answer_to(message), "key-1")
    scene.site.fault(scene.name, "misplace", count=1)
    assert find_wrong(outgoing, scene.connection.send(outgoing, "key-1")) == "misplaced"


def test_what_was_not_sent_is_not_surely_absent(scene: Scene) -> None:
    _post, message = asked(scene)
    outgoing = scene.connection.prepare(answer_to(message), "key-1")
    found = scene.connection.find_sent(outgoing, now())
    assert isinstance(found, Absent)
    assert not found.is_sure


@pytest.mark.parametrize("kind", ["drop_after_accept", "error_500_after_accept", "error_503_after_accept"])
def test_a_lost_answer_is_unclear_and_the_reply_is_there(scene: Scene, kind: str) -> None:
    _post, message = asked(scene)
    outgoing = scene.connection.prepare(answer_to(message), "key-1")
    scene.site.fault(scene.name, kind, count=1)
    started = now()
    with pytest.raises(Unclear):
        scene.connection.send(outgoing, "key-1")
    assert isinstance(scene.connection.find_sent(outgoing, started - timedelta(seconds=1)), Found)
    assert len(scene.site.accepted(scene.name)) == 1


def test_a_refusal_is_surely_no_acceptance(scene: Scene) -> None:
    _post, message = asked(scene)
    scene.site.fault(scene.name, "refuse", count=1, reason="Not in this tone")
    with pytest.raises(Refused) as caught:
        scene.connection.send(scene.connection.prepare(answer_to(message), "key-1"), "key-1")
    assert caught.value.is_surely_not_accepted
    assert "Not in this tone" in caught.value.detail
    assert scene.site.accepted(scene.name) == []


def test_a_look_that_fails_says_so(scene: Scene) -> None:
    _post, message = asked(scene)
    outgoing = scene.connection.prepare(answer_to(message), "key-1")
    scene.site.fault(scene.name, "no_lookup")
    scene.connection.send(outgoing, "key-1")
    found = scene.connection.find_sent(outgoing, now() - timedelta(seconds=5))
    assert isinstance(found, CannotLook)


def test_a_deleted_parent_is_seen_before_sending(scene: Scene) -> None:
    _post, message = asked(scene)
    outgoing = scene.connection.prepare(answer_to(message), "key-1")
    scene.do("delete", id=str(message.ref.get("id", message.external_id)))
    assert isinstance(scene.connection.preflight(outgoing), ParentGone)


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("dead_token", {}, TokenExpired),
        ("revoke_token", {}, TokenExpired),
        ("missing_permission", {}, PermissionMissing),
        ("rate_limited", {"seconds": 120}, RateLimited),
        ("error_500", {}, Unavailable),
        ("error_503_html", {}, Unavailable),
        ("outage", {}, Unavailable),
        ("malformed_json", {}, Malformed),
    ],
)
def test_every_failure_of_a_read_is_one_of_ours(
    scene: Scene, kind: str, given: dict[str, Any], expected: type[PlatformError]
) -> None:
    scene.site.fault(scene.name, kind, **given)
    with pytest.raises(expected) as caught:
        scene.read("own_posts")
    token = scene.given["access_token"]
    assert token not in f"{caught.value} {caught.value.detail}"
    if isinstance(caught.value, RateLimited):
        assert timedelta(seconds=30) < caught.value.until_at - now() < timedelta(minutes=6)


def test_a_clock_that_is_off_is_told(scene: Scene) -> None:
    scene.site.fault(scene.name, "clock_skew", seconds=300)
    page = scene.connection.fetch("own_posts", None)
    assert page.skew is not None
    assert page.skew.smallest == pytest.approx(300, abs=5)


@pytest.mark.parametrize("ahead", [600, -600])
def test_until_when_to_wait_is_told_right_by_a_clock_that_is_off(scene: Scene, ahead: int) -> None:
    scene.site.fault(scene.name, "clock_skew", seconds=ahead)
    scene.site.fault(scene.name, "rate_limited", seconds=120)
    for _ in range(2):  # once as the platform says it, once as it is kept
        with pytest.raises(RateLimited) as caught:
            scene.read("own_posts")
        assert timedelta(seconds=60) < caught.value.until_at - now() < timedelta(minutes=6)


def test_a_like_is_the_same_twice_and_can_be_taken_back(scene: Scene) -> None:
    _post, message = asked(scene)
    number = str(message.ref.get("id", message.external_id))
    for key in ("key-1", "key-1"):
        liked = scene.connection.like(message.external_id, message.ref, key)
    assert scene.site.control.get(f"/sandbox/{scene.name}/items/{number}").json()["liked"] is True
    scene.connection.unlike(message.external_id, message.ref, liked)
    assert scene.site.control.get(f"/sandbox/{scene.name}/items/{number}").json()["liked"] is False


def test_a_reply_of_ours_can_be_deleted_and_deleting_it_again_is_quiet(scene: Scene) -> None:
    _post, message = asked(scene)
    sent = scene.connection.send(scene.connection.prepare(answer_to(message), "key-1"), "key-1")
    assert scene.connection.delete_own(sent.external_id, sent.ref)
    assert not scene.connection.delete_own(sent.external_id, sent.ref)
    looks = scene.connection.recheck({sent.external_id: {**message.ref, **sent.ref}})
    assert isinstance(looks[sent.external_id], IsGone)


def test_what_the_brand_says_with_its_own_app_is_read_as_ours(scene: Scene) -> None:
    post, message = asked(scene)
    number = str(message.ref.get("id", message.external_id))
    made = scene.do("native", on=number, text="Respondido desde el móvil")
    found = scene.messages(f"comments:{post}")[short(made["id"])]
    assert found.author.external_id == scene.connection.verify().external_id
    assert found.parent_id == message.external_id


def test_hostile_text_comes_through_as_text(scene: Scene) -> None:
    text = '<script>alert(1)</script> "><img src=x onerror=alert(2)> & <b>negrita</b>'
    _post, message = asked(scene, text)
    assert message.text.endswith(text)


def test_an_empty_answer_in_the_middle_of_a_walk_hides_nothing_for_ever(scene: Scene) -> None:
    """A platform that says 200 and nothing may err; what lay below is read again, for the mark did not move."""
    assert isinstance(scene.connection, FeedConnection | PagesConnection)
    hurried = replace(scene.connection.account, pace=Pace().at(1000))  # so that no overlap finds it
    scene.connection = replace(scene.connection, account=hurried)
    scene.do("post", text="Novedades")
    scene.read("own_posts")
    before = scene.cursors["own_posts"]["mark"]
    said = post_many(scene)
    newest = scene.connection.fetch("own_posts", scene.cursors["own_posts"])
    assert not newest.is_complete
    scene.site.fault(scene.name, "empty_200")
    slip = scene.connection.fetch("own_posts", newest.cursor_after)
    assert (slip.items, slip.is_complete) == ([], True)
    scene.site.heal()
    scene.cursors["own_posts"] = slip.cursor_after
    assert said <= posts_of(scene.read("own_posts"))
    assert scene.cursors["own_posts"]["mark"] > before


def test_an_empty_end_is_believed_the_second_time(scene: Scene) -> None:
    scene.do("post", text="Novedades")
    scene.read("own_posts")
    at = scene.cursors["own_posts"]["mark"]
    post_many(scene)
    marks = []
    for _ in range(2):
        page = scene.connection.fetch("own_posts", scene.cursors["own_posts"])
        scene.site.fault(scene.name, "empty_200")
        scene.cursors["own_posts"] = scene.connection.fetch("own_posts", page.cursor_after).cursor_after
        scene.site.heal()
        marks.append(scene.cursors["own_posts"]["mark"])
    assert marks[0] == at
    assert marks[1] > at


def post_many(scene: Scene) -> set[str]:
    """Post more than one page holds, the oldest a second before the rest: the pages tell whole seconds."""
    said = set()
    for number in range(PAGES_AT_ONCE + 5):
        if number in (0, 20):
            let_a_second_end()
        said.add(short(scene.do("post", text=f"Novedades {number}")["id"]))
    return said


def let_a_second_end() -> None:
    second = int(time.time())
    while int(time.time()) == second:
        time.sleep(0.02)


def posts_of(items: list[Item]) -> set[str]:
    return {short(item.external_id) for item in items if isinstance(item, PostSeen)}
