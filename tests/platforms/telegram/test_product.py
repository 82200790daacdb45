"""Relevo with a Telegram bot from update to settled answer, on both databases."""

from typing import Any

import pytest
from sqlalchemy import select

from inbox.channels.models import ChannelState, ChannelStream
from inbox.conversations.models import Message, MessageVersion
from inbox.intake import poll as polling
from inbox.intake.models import Quarantined
from inbox.outbox.models import Delivery
from tests.fixtures.app import MovingClock
from tests.platforms.bluesky.product import Product
from tests.platforms.telegram.conftest import ANA, BEN, LUCIA, Scene, key
from tests.platforms.telegram.fake_bot_api import Json, Refusal


def asks(product: Product, scene: Scene, text: str = "¿Dónde está mi pedido?", **more: Any) -> str:
    """Let Ana ask in the group and poll; returns the message's id."""
    said = scene.api.say(scene.group, ANA, text, **more)
    product.poll()
    return key(said)


def test_a_question_in_a_group_is_answered_under_it(product: Product, scene: Scene) -> None:
    asked = asks(product, scene)
    conversation = product.conversation_of(asked)
    assert (conversation.is_private, conversation.waiting_since) == (False, product.received()[asked].clock_at)
    delivery = product.answer(asked, "Sale hoy.")
    product.send_all()
    assert product.state_of(delivery) == "sent"
    assert product.conversation_of(asked).waiting_since is None
    (sent,) = scene.api.called("sendMessage")
    assert sent == {
        "chat_id": scene.group.shown["id"],
        "text": "Sale hoy.",
        "reply_parameters": {"message_id": int(asked.split(":")[1]), "allow_sending_without_reply": False},
    }
    (ours,) = product.outbound()
    assert ours.external_id == f"{scene.group.shown['id']}:{max(scene.group.messages)}"


def test_a_private_question_is_answered_in_its_exchange_and_one_thread_holds_both(
    product: Product, scene: Scene
) -> None:
    first = scene.api.say(scene.private, ANA, "Hola, tengo una pregunta")
    second = scene.api.say(scene.private, ANA, "¿Abren mañana?")
    product.poll()
    conversation = product.conversation_of(key(first))
    assert conversation.is_private
    assert conversation.id == product.conversation_of(key(second)).id
    delivery = product.answer(key(second), "Sí, de 9 a 14.", mode="private")
    product.send_all()
    assert product.state_of(delivery) == "sent"
    assert product.conversation_of(key(first)).waiting_since is None
    assert "reply_parameters" not in scene.api.called("sendMessage")[0]


@pytest.mark.parametrize("fault", ["hang_ups_after_write", "hang_ups_before_write"])
def test_an_answer_whose_fate_is_unknown_is_for_a_person_and_never_sent_again(
    product: Product, scene: Scene, moving_clock: MovingClock, fault: str
) -> None:
    asked = asks(product, scene)
    delivery = product.answer(asked, "Sale hoy.")
    setattr(scene.api.faults, fault, 1)
    product.send_all()
    assert product.state_of(delivery) == "unclear"
    moving_clock.move(6)
    product.look_all()
    assert product.state_of(delivery) == "needs_person"
    for _ in range(5):
        moving_clock.move(120)
        product.work()
    assert len(scene.api.sent(scene.group)) == (fault == "hang_ups_after_write")
    assert product.state_of(delivery) == "needs_person"


def test_what_telegram_refuses_to_take_now_leaves_later_by_itself(
    product: Product, scene: Scene, moving_clock: MovingClock
) -> None:
    asked = asks(product, scene)
    delivery = product.answer(asked, "Sale hoy.")
    slow = Refusal(429, "Too Many Requests: retry after 14", retry_after=14)
    scene.api.faults.refusals.append(("sendMessage", slow))
    product.send_all()
    assert product.state_of(delivery) == "queued"
    moving_clock.move(13)
    product.send_all()
    assert scene.api.sent(scene.group) == []
    moving_clock.move(5)
    product.send_all()
    assert (product.state_of(delivery), scene.api.sent(scene.group)) == ("sent", ["Sale hoy."])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Forbidden: bot was blocked by the user", "blocked"),
        ("Forbidden: user is deactivated", "person_unreachable"),
        ("Forbidden: bot was kicked from the supergroup chat", "bot_removed"),
    ],
)
def test_a_no_is_told_to_the_writer_with_its_reason(product: Product, scene: Scene, words: str, code: str) -> None:
    asked = asks(product, scene)
    scene.group.refusal = Refusal(403, words)
    delivery = product.answer(asked, "Sale hoy.")
    product.send_all()
    (row,) = product.rows(select(Delivery).where(Delivery.id == delivery.id))
    assert (row.state, row.reason_code) == ("refused", code)


def test_what_was_deleted_meanwhile_is_not_answered(product: Product, scene: Scene, moving_clock: MovingClock) -> None:
    asked = asks(product, scene)
    del scene.group.messages[int(asked.split(":")[1])]
    delivery = product.answer(asked, "Sale hoy.")
    product.send_all()
    moving_clock.move(61)
    product.send_all()
    (row,) = product.rows(select(Delivery).where(Delivery.id == delivery.id))
    assert (row.state, row.reason_code) == ("refused", "parent_gone")
    assert product.received()[asked].settled == "withdrawn"
    assert scene.api.sent(scene.group) == []


def test_a_group_that_moved_is_answered_where_it_is_now(product: Product, scene: Scene) -> None:
    old = scene.api.chat(-4001, "group", title="Vecinos")
    asked = key(scene.api.say(old, ANA, "¿Abren mañana?"))
    product.poll()
    new = scene.api.chat(-1009876500002, "supergroup", title="Vecinos")
    old.moved_to = new.shown["id"]
    scene.api.say(old, ANA, kind="message", migrate_to_chat_id=old.moved_to)
    delivery = product.answer(asked, "Sí.")
    product.work()
    assert product.state_of(delivery) == "sent"
    assert (scene.api.sent(old), scene.api.sent(new)) == ([], ["Sí."])
    assert [message.external_id for message in product.outbound()] == [f"{new.shown['id']}:11"]
    assert new.messages[11]["external_reply"]["message_id"] == int(asked.split(":")[1])
    assert set(product.received()) == {asked}


def test_what_can_not_hang_on_its_question_is_not_sent_to_where_a_chat_moved(product: Product, scene: Scene) -> None:
    old = scene.api.chat(-4001, "group", title="Vecinos")
    asked, alone = key(scene.api.say(old, ANA, "¿Abren?")), key(scene.api.say(scene.private, ANA, "¿Y mi pedido?"))
    product.poll()
    new = scene.api.chat(-1009876500002, "supergroup", title="Vecinos")
    old.moved_to = scene.private.moved_to = new.shown["id"]
    del old.messages[int(asked.split(":")[1])]
    deliveries = [product.answer(asked, "Sí."), product.answer(alone, "Sale hoy, a tu casa.")]
    product.send_all()
    assert [product.state_of(one) for one in deliveries] == ["refused", "refused"]
    assert product.received()[asked].awaits  # that it is not found there does not say that it was deleted
    assert (scene.api.sent(new), scene.api.sent(scene.private)) == ([], [])


def test_an_answer_of_our_channel_is_no_strangers_while_it_can_not_be_told(
    product: Product, scene: Scene, moving_clock: MovingClock
) -> None:
    scene.group.linked_to = -1001234500009
    channel = {"id": scene.group.linked_to, "type": "channel", "title": "Acme"}
    scene.api.say(scene.group, ANA, "Abrimos a las diez.", sender_chat=channel)
    scene.api.faults.raw = [("getChat", 502, b"")]
    product.poll()
    assert product.received() == {}
    assert product.streams()["updates"].failure_code == "server_error"
    moving_clock.move(600)
    product.poll()
    assert (product.received(), [one.text for one in product.outbound()]) == ({}, ["Abrimos a las diez."])
    removed = scene.api.say(scene.group, ANA, "¿Y el lunes?", sender_chat=channel)
    scene.api.faults.refusals = [("getChat", Refusal(403, "Forbidden: bot was kicked from the supergroup chat"))]
    product.poll()
    assert key(removed) not in product.received()
    (kept,) = product.rows(select(Quarantined))
    assert kept.is_private


class _Killed(BaseException):
    """A worker that ends where it stands."""


def test_what_was_kept_but_not_confirmed_comes_again_and_changes_nothing(
    product: Product, scene: Scene, monkeypatch: pytest.MonkeyPatch, moving_clock: MovingClock
) -> None:
    said = [scene.api.say(scene.group, ANA, f"Question {number}?") for number in range(3)]
    product.poll()
    assert len(scene.api.queue) == 3  # the platform keeps them until the next call
    written = product.received()

    # before its commit: nothing is kept, nothing confirmed
    moving_clock.move(60)
    late = scene.api.say(scene.group, BEN, "Too late?")
    with monkeypatch.context() as patched, pytest.raises(_Killed):
        patched.setattr(polling, "commit", _killed)
        product.poll()
    assert key(late) not in product.received()
    assert late in [update.get("message") for _, _, update in scene.api.queue]

    # after it, before the next call; the cursor is lost with the database's last second
    moving_clock.move(200)
    product.poll()
    assert set(product.received()) == {*written, key(late)}
    with product.make_session() as session, session.begin():
        stream = session.scalars(select(ChannelStream).where(ChannelStream.channel_id == product.channel_id)).one()
        stream.cursor = None
    product.poll()
    rows = product.rows(select(Message).where(Message.channel_id == product.channel_id))
    assert sorted(row.external_id or "" for row in rows) == sorted([*map(key, said), key(late)])
    assert {row.id for row in rows if row.external_id != key(late)} == {row.id for row in written.values()}
    product.poll()
    assert scene.api.queue == []


def _killed(*_: object) -> None:
    raise _Killed


def test_an_edit_is_a_version_and_an_invisible_one_is_nothing(product: Product, scene: Scene) -> None:
    said = scene.api.say(scene.group, ANA, "Mi pedido 12345 no llega")
    product.poll()
    scene.api.edit(said, "Mi pedido 54321 no llega")
    scene.api.edit(said, "Mi pedido 54321 no llega")
    product.poll()
    assert product.received()[key(said)].text == "Mi pedido 54321 no llega"
    assert product.versions_of(key(said)) == ["Mi pedido 12345 no llega"]
    answered = product.answer(key(said), "Ya sale.")
    product.send_all()
    scene.api.edit(said, "Mi pedido 54321 no llega")
    product.poll()
    assert product.state_of(answered) == "sent"
    assert product.conversation_of(key(said)).waiting_since is None
    assert len(product.rows(select(MessageVersion))) == 1


def test_an_original_that_comes_after_its_edit_changes_nothing_back(product: Product, scene: Scene) -> None:
    said = scene.api.say(scene.group, ANA, "Uno")
    first = scene.api.queue.pop()
    scene.api.edit(dict(said), "Dos")
    product.poll()
    scene.api.show({"message": first[2]["message"] | {"text": "Uno"}})
    product.poll()
    assert product.received()[key(said)].text == "Dos"


def test_a_business_account_is_answered_through_and_its_owner_answers_natively(
    product: Product, scene: Scene, moving_clock: MovingClock
) -> None:
    api, link = scene.api, "biz-7"
    api.business[link] = {"id": link, "user": LUCIA, "is_enabled": True, "rights": {"can_reply": True}}
    api.show({"business_connection": api.business[link]})
    ben = api.chat(BEN["id"], first_name="Ben")

    def writes(who: Json, text: str) -> str:
        said = api.say(ben, who, text, kind="business_message", business_connection_id=link)
        product.poll()
        return f"{link}/{key(said)}"

    first = writes(BEN, "¿Tienen la talla M?")
    assert product.conversation_of(first).is_private
    moving_clock.move(30)
    writes(LUCIA, "Sí, claro")
    assert product.received()[first].settled == "answered"
    assert [one.is_native for one in product.outbound()] == [True]

    moving_clock.move(30)
    second = writes(BEN, "¿Y en rojo?")
    delivery = product.answer(second, "En rojo no.", mode="private")
    product.send_all()
    assert product.state_of(delivery) == "sent"
    assert api.called("sendMessage")[-1]["business_connection_id"] == link
    echo = ben.messages[max(ben.messages)] | {"sender_business_bot": api.bot, "from": LUCIA}
    api.show({"business_message": echo})
    product.poll()
    assert len(product.outbound()) == 2

    api.show({"deleted_business_messages": {"business_connection_id": link, "chat": ben.shown,
                                            "message_ids": [int(first.split(":")[1])]}})  # fmt: skip
    product.poll()
    assert product.received()[first].gone_at is not None

    api.business[link]["is_enabled"] = False
    third = writes(BEN, "¿Y en azul?")
    refused = product.answer(third, "Tampoco.", mode="private")
    product.send_all()
    assert product.state_of(refused) == "refused"


def test_two_readers_are_said_to_be_two_and_one_takes_the_other_over(
    product: Product, scene: Scene, moving_clock: MovingClock
) -> None:
    other = Refusal(
        409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )
    scene.api.faults.refusals.append(("getUpdates", other))
    product.poll()
    assert (product.channel.state, product.channel.state_reason) == (ChannelState.NEEDS_YOU, "other_consumer")
    moving_clock.move(60)
    product.poll()  # each reads by turns: one good poll proves nothing
    assert product.channel.state == ChannelState.NEEDS_YOU
    moving_clock.move(500)
    product.poll()
    assert product.channel.state == ChannelState.ACTIVE

    scene.api.webhook = {"url": "https://other.example/hook/s3cr3t", "secret_token": "x"}
    product.poll()
    assert (product.channel.state, product.channel.state_reason) == (ChannelState.NEEDS_YOU, "webhook_set")
    scene.api.webhook = {}
    moving_clock.move(60)
    product.poll()
    assert product.channel.state == ChannelState.ACTIVE
