"""What only the pages do (platforms: Facebook's kin)."""

import json
from datetime import timedelta

import pytest

from inbox import clock
from inbox.platforms.contract import Refused, find_read_back
from inbox.platforms.http import wait_until
from inbox.platforms.items import Message, PostSeen, Unknown, Unreadable
from inbox.platforms.outgoing import Found, Outgoing, WindowClosed
from inbox.platforms.sandbox.pages import parse
from inbox.platforms.sandbox.pages.calls import next_params
from inbox.platforms.sandbox.pages.connector import PagesConnector
from inbox.platforms.slips import without_slips
from inbox.replies.settle import find_wrong
from tests.fixtures.app import MovingClock
from tests.platforms.sandbox.conftest import Scene, now, short


def comment(pages: Scene, text: str = "¿Cuánto cuesta?") -> Message:
    post = pages.do("post", text="Novedades")["id"]
    made = pages.do("comment", by="ana@plaza.test", on=post, text=text)
    return pages.messages(f"comments:{post}")[short(made["id"])]


def test_a_reply_to_a_reply_hangs_under_the_topmost_and_counts_as_placed(pages: Scene) -> None:
    first = comment(pages)
    made = pages.do("comment", by="luis@plaza.test", on=first.ref["id"], text="Yo también quiero saberlo")
    post = str(first.ref["post"])
    second = pages.messages(f"comments:{post}")[short(made["id"])]
    told = Outgoing("49 euros", second.external_id, second.ref, "public", recipient=second.author)
    sent = pages.connection.send(told, "key")
    assert sent.parent_id == second.external_id
    (accepted,) = pages.site.accepted("pages")
    assert short(accepted["parent_id"]) == first.external_id


def test_a_misplaced_reply_is_noticed(pages: Scene) -> None:
    message = comment(pages)
    pages.site.fault("pages", "misplace", count=1)
    sent = pages.connection.send(Outgoing("Hola", message.external_id, message.ref, "public"), "key")
    assert sent.parent_id != message.external_id


@pytest.mark.parametrize("is_misplaced", [False, True])
def test_a_reply_that_could_not_be_read_back_is_read_back_later(pages: Scene, is_misplaced: bool) -> None:
    message = comment(pages)
    if is_misplaced:
        pages.site.fault("pages", "misplace", count=1)
    pages.site.fault("pages", "error_500", on="read", count=1)
    outgoing = Outgoing("Hola", message.external_id, message.ref, "public")
    sent = pages.connection.send(outgoing, "key")
    assert sent.parent_id is None
    read_back = find_read_back(without_slips(pages.connection))
    assert read_back is not None
    found = read_back(sent, outgoing)
    assert find_wrong(outgoing, found) == ("misplaced" if is_misplaced else None)
    assert found.external_id == sent.external_id


def test_a_comment_is_answered_in_private_once(pages: Scene) -> None:
    message = comment(pages)
    told = Outgoing("Te escribimos aquí", message.external_id, message.ref, "private", mode="private")
    sent = pages.connection.send(told, "key")
    assert sent.audience == "private"
    with pytest.raises(Refused) as caught:
        pages.connection.send(told, "key")
    assert caught.value.code == "private_reply_used"
    assert pages.connection.preflight(told) == WindowClosed("private_reply_used")


def test_a_private_thread_is_answered_while_its_window_is_open(pages: Scene) -> None:
    made = pages.do("direct", by="eva@plaza.test", text="¿Me ayudáis?")
    message = pages.messages("direct")[made["id"]]
    told = Outgoing(
        "Claro",
        message.external_id,
        message.ref,
        "private",
        mode="private",
        thread_key=message.thread_key,
        recipient=message.author,
    )
    sent = pages.connection.send(told, "key")
    own = pages.messages("direct")[sent.external_id]
    assert own.author.external_id == pages.connection.verify().external_id
    assert own.thread_key == message.thread_key


def test_a_visitors_post_is_a_mention_and_its_comments_are_its_thread(pages: Scene) -> None:
    made = pages.do("mention", by="eva@plaza.test", text="Acme Hogar, ¿abrís hoy?")
    items = pages.read("mentions")
    message = next(item for item in items if isinstance(item, Message))
    assert (message.kind, message.external_id) == ("mention", short(made["id"]))
    assert any(isinstance(item, PostSeen) and item.external_id == made["id"] for item in items)
    answer = pages.do("comment", by="eva@plaza.test", on=made["id"], text="¿Hola?")
    found = pages.messages(f"comments:{made['id']}")[short(answer["id"])]
    assert found.root_id == message.external_id


@pytest.mark.parametrize("where", ["page", "elsewhere"])
def test_an_answer_to_a_visitors_post_stands_where_it_was_asked_for(pages: Scene, where: str) -> None:
    pages.do("mention", by="eva@plaza.test", text="Acme Hogar, ¿abrís hoy?", where=where)
    message = next(item for item in pages.read("mentions") if isinstance(item, Message))
    told = Outgoing("Hasta las nueve", message.external_id, message.ref, "public", recipient=message.author)
    sent = pages.connection.send(told, "key")
    assert sent.parent_id == message.external_id
    found = pages.connection.find_sent(told, now() - timedelta(minutes=1))
    assert isinstance(found, Found)
    assert found.sent.external_id == sent.external_id


def test_a_comment_can_be_hidden_and_shown_again(pages: Scene) -> None:
    message = comment(pages)
    number = message.ref["id"]
    pages.connection.hide(message.external_id, message.ref)
    assert pages.site.control.get(f"/sandbox/pages/items/{number}").json()["hidden"] is True
    pages.connection.unhide(message.external_id, message.ref)
    assert pages.site.control.get(f"/sandbox/pages/items/{number}").json()["hidden"] is False


def test_messages_that_lost_their_details_are_kept_as_unreadable_and_not_lost(pages: Scene) -> None:
    pages.do("direct", by="eva@plaza.test", text="Primera")
    pages.read("direct")
    ids = [pages.do("direct", by="eva@plaza.test", text=f"Número {n}")["id"] for n in range(30)]
    items = pages.read("direct")
    read = {item.external_id for item in items if isinstance(item, Message)}
    lost = [item for item in items if isinstance(item, Unreadable)]
    assert set(ids[-20:]) <= read
    kept = b" ".join(item.raw for item in lost).decode()
    assert all(number in kept for number in ids[:10])


def test_an_old_private_message_is_not_called_gone(pages: Scene) -> None:
    made = pages.do("direct", by="eva@plaza.test", text="La primera de todas")
    message = pages.messages("direct")[made["id"]]
    for number in range(25):
        pages.do("direct", by="eva@plaza.test", text=f"Y otra {number}")
    assert pages.connection.recheck({message.external_id: message.ref})[message.external_id] == Unknown()


def test_somebody_without_a_face_is_their_own_person(pages: Scene) -> None:
    post = pages.do("post", text="Hola")["id"]
    made = pages.do("comment", by="nadie@plaza.test", on=post, text="Sin nombre", faceless=True)
    message = pages.messages(f"comments:{post}")[short(made["id"])]
    assert message.author.external_id == f"unknown:{made['id']}"


def test_the_token_of_a_next_address_is_not_kept() -> None:
    url = "https://pages.example/v25.0/1/comments?access_token=planted&after=abc&limit=25"
    assert next_params({"paging": {"next": url}}) == [["after", "abc"], ["limit", "25"]]
    assert next_params({"paging": {"cursors": {"after": "x"}}}) is None


@pytest.mark.parametrize("row", [None, [], {}, {"id": None}, {"id": ""}, {"id": True}])
def test_what_is_no_comment_is_kept_whole(row: object) -> None:
    assert isinstance(parse.parse_comment(row, "page", "post"), Unreadable)


def test_a_spent_budget_is_asked_about_again_soon_for_its_hour_rolls(moving_clock: MovingClock) -> None:
    told = {"x-app-usage": json.dumps({"call_count": 95, "total_time": 3, "total_cputime": 1})}
    seen = PagesConnector().read_budget(told, 200)
    assert seen is not None
    until_at = wait_until(seen, clock.now(), is_for_send=False)
    assert until_at == clock.now() + timedelta(minutes=1)
    moving_clock.move(60)
    assert wait_until(seen, clock.now(), is_for_send=False) is None
