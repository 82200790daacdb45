"""The composer's routes and the buttons of a delivery, through the web, on both databases."""

import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox.conversations.models import Message
from inbox.outbox.models import Delivery
from inbox.replies.models import Draft
from tests.factories.basics import make_responder
from tests.factories.fake_platform import FakePlatform
from tests.factories.members import form_token, sign_in_as
from tests.factories.replies import Scene, make_delivery, make_draft, make_scene
from tests.fixtures.app import MovingClock

JSON = {"Accept": "application/json"}


class Browser:
    """A signed-in browser with scripts."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.headers = {**JSON, "X-CSRFToken": form_token(client)}

    def post(self, path: str, **fields: Any) -> Any:
        return self.client.post(path, data=fields, headers=self.headers)

    def put(self, path: str, **fields: Any) -> Any:
        return self.client.put(path, data=fields, headers=self.headers)


@pytest.fixture
def scene(app: Flask, session: Session, platform: FakePlatform, moving_clock: MovingClock) -> Iterator[Scene]:
    app.extensions["relevo_connect"] = platform.connect
    yield make_scene(session)
    del app.extensions["relevo_connect"]


@pytest.fixture
def browser(app: Flask, session: Session, scene: Scene) -> Browser:
    return Browser(sign_in_as(app, session, scene.member))


def count(session: Session) -> int:
    session.rollback()
    found = session.scalar(select(func.count(Delivery.id)))
    session.rollback()
    return found or 0


def test_open_write_send(session: Session, scene: Scene, browser: Browser) -> None:
    number = scene.conversation.id
    session.commit()
    opened = browser.post(f"/c/{number}/draft").json
    assert browser.post(f"/c/{number}/draft").json["reply_key"] == opened["reply_key"]
    kept = browser.put(opened["url"], text="We open", mode="public", seen_seq="1")
    assert kept.status_code == 200
    sent = browser.post(f"/c/{number}/reply", reply_key=opened["reply_key"], text="We open at nine.", seen_seq="1")
    assert (sent.status_code, sent.json["state"], sent.json["is_new"]) == (200, "held", True)
    again = browser.post(f"/c/{number}/reply", reply_key=opened["reply_key"], text="We open at nine.", seen_seq="1")
    assert (again.json["delivery_id"], again.json["is_new"]) == (sent.json["delivery_id"], False)
    assert count(session) == 1


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"seen_seq": ""}, 400, "seen_seq_missing"),
        ({"seen_seq": "one"}, 400, "not_a_number"),
        ({"seen_seq": "9" * 30}, 400, "not_a_number"),
        ({"seen_seq": "-1"}, 400, "not_a_number"),
        ({"seen_seq": "٣"}, 400, "not_a_number"),
        ({"seen_seq": "7"}, 400, "seen_seq_unknown"),
        ({"text": " "}, 400, "reply_empty"),
        ({"text": "x" * 301}, 400, "reply_too_long"),
        ({"mode": "loud"}, 400, "mode_unknown"),
        ({"reply_key": str(uuid4())}, 404, "reply_key_unknown"),
        ({"also": "999999"}, 404, "conversation_unknown"),
        ({"parent_message_id": "999999"}, 404, "parent_unknown"),
        ({"after": "999999"}, 404, "delivery_unknown"),
    ],
)
def test_what_can_not_be_sent_is_said(
    session: Session, scene: Scene, browser: Browser, fields: dict[str, str], status: int, code: str
) -> None:
    draft = make_draft(session, scene)
    given = {"reply_key": draft.reply_key, "text": "We open at nine.", "seen_seq": "1"} | fields
    path = f"/c/{scene.conversation.id}/reply"
    session.commit()
    answer = browser.post(path, **given)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert answer.json["message"]
    assert count(session) == 0


def test_without_a_key_the_text_is_kept_and_nothing_sent(session: Session, scene: Scene, browser: Browser) -> None:
    path = f"/c/{scene.conversation.id}/reply"
    session.commit()
    assert browser.post(path, text="Hello", seen_seq="1").json["kept"]
    assert count(session) == 0
    assert session.scalars(select(Draft.text)).all() == ["Hello"]


def test_a_second_writer_is_told_and_may_send_after(app: Flask, session: Session, scene: Scene) -> None:
    first = make_delivery(session, scene, "held")
    colleague = make_responder(session, scene.channel)
    draft = make_draft(session, scene, member=colleague)
    path, key, first_id = f"/c/{scene.conversation.id}/reply", draft.reply_key, first.id
    browser = Browser(sign_in_as(app, session, colleague))
    told = browser.post(path, reply_key=key, text="Mine", seen_seq="1").json
    assert (told["blocked"], told["delivery_id"]) == (True, first_id)
    after = browser.post(path, reply_key=key, text="Mine", seen_seq="1", after=str(first_id)).json
    assert after["waits"]
    page = browser.client.get(f"/c/{scene.conversation.id}").text
    session.rollback()
    assert f"/drafts/{after['draft_id']}/keep" in page
    kept = browser.post(f"/drafts/{after['draft_id']}/keep")
    assert kept.status_code == 200
    session.rollback()
    assert session.get_one(Draft, after["draft_id"]).state == "open"


def test_a_draft_can_be_discarded(session: Session, scene: Scene, browser: Browser) -> None:
    draft = make_draft(session, scene)
    number = draft.id
    session.commit()
    assert browser.post(f"/drafts/{number}/discard").status_code == 200
    session.rollback()
    assert session.get_one(Draft, number).state == "discarded"


@pytest.mark.parametrize(
    ("state", "act", "after"),
    [
        ("held", "cancel", "cancelled"),
        ("queued", "confirm", "queued"),
        ("needs_person", "resend", "queued"),
        ("needs_person", "discard", "cancelled"),
        ("needs_person", "was_sent", "sent"),
    ],
)
def test_buttons(session: Session, scene: Scene, browser: Browser, state: str, act: str, after: str) -> None:
    number = make_delivery(session, scene, state).id
    session.commit()
    answer = browser.post(f"/deliveries/{number}/{act}")
    assert (answer.status_code, answer.json["conversation_id"]) == (200, scene.conversation.id)
    session.rollback()
    assert session.get_one(Delivery, number).state == after


@pytest.mark.parametrize("act", ["cancel", "confirm", "resend", "discard", "was_sent"])
def test_buttons_pressed_too_late_say_so(session: Session, scene: Scene, browser: Browser, act: str) -> None:
    number = make_delivery(session, scene, "sending").id
    session.commit()
    answer = browser.post(f"/deliveries/{number}/{act}")
    assert answer.status_code == 409
    assert answer.json["code"] in ("already_leaving", "not_in_doubt")


def test_who_may_only_see_may_not_write(app: Flask, session: Session, scene: Scene) -> None:
    viewer = make_responder(session, scene.channel, role="viewer")
    delivery = make_delivery(session, scene, "held")
    paths = [f"/c/{scene.conversation.id}/draft", f"/c/{scene.conversation.id}/reply"]
    paths += [f"/deliveries/{delivery.id}/{act}" for act in ("cancel", "resend", "discard", "was_sent", "confirm")]
    browser = Browser(sign_in_as(app, session, viewer))
    for path in paths:
        assert browser.post(path, seen_seq="1", text="x").status_code == 403, path


def test_a_private_answer_to_a_comment_is_hidden_from_who_sees_only_the_public(
    app: Flask, session: Session, scene: Scene
) -> None:
    delivery = make_delivery(session, scene, "held")
    delivery.outgoing = {**delivery.outgoing, "audience": "private", "text": "Your order number?"}
    public_only = make_responder(session, scene.channel, can_see_private=False)
    path, number = f"/c/{scene.conversation.id}", delivery.id
    browser = Browser(sign_in_as(app, session, public_only))
    assert browser.post(f"/deliveries/{number}/cancel").status_code == 404
    assert "order number" not in browser.client.get(path).text


def test_both_texts_stand_side_by_side_on_the_page(session: Session, scene: Scene, browser: Browser) -> None:
    candidate = {"external_id": "ours-5", "text": "We open at 9.", "created_at": None, "permalink": None}
    make_delivery(session, scene, "needs_person", candidates=[candidate])
    path = f"/c/{scene.conversation.id}"
    session.commit()
    page = browser.client.get(path).text
    assert "We open at nine." in page
    assert "We open at 9." in page
    assert "/was_sent" in page


def test_browsers_without_scripts_go_back_to_the_conversation(session: Session, scene: Scene, browser: Browser) -> None:
    draft = make_draft(session, scene)
    fields = {"reply_key": draft.reply_key, "text": "We open at nine.", "seen_seq": "1"}
    path = f"/c/{scene.conversation.id}"
    session.commit()
    headers = {"Accept": "text/html", "X-CSRFToken": browser.headers["X-CSRFToken"]}
    answer = browser.client.post(f"{path}/reply", data=fields, headers=headers)
    assert (answer.status_code, answer.headers["Location"]) == (303, path)


def test_fifty_simultaneous_posts_make_one_delivery(app: Flask, session: Session, scene: Scene) -> None:
    draft = make_draft(session, scene)
    fields = {"reply_key": draft.reply_key, "text": "We open at nine.", "seen_seq": "1"}
    path = f"/c/{scene.conversation.id}/reply"
    browsers = [Browser(sign_in_as(app, session, scene.member)) for _ in range(50)]
    answers: list[Any] = []
    start = threading.Barrier(50)

    def press(browser: Browser) -> None:
        start.wait()
        answers.append(browser.post(path, **fields))

    threads = [threading.Thread(target=press, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert [answer.status_code for answer in answers] == [200] * 50
    assert len({answer.json["delivery_id"] for answer in answers}) == 1
    assert sum(answer.json["is_new"] for answer in answers) == 1
    assert count(session) == 1
    assert session.scalar(select(func.count(Message.id)).where(Message.direction == "outbound")) == 1
