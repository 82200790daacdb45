"""Private messages: the log, the walk behind it, requests of strangers, and replies without a key."""

from datetime import timedelta

import pytest

from inbox.platforms.contract import Malformed, PermissionMissing, Refused, Unclear
from inbox.platforms.items import GoneItem, IsGone, Message, NotVisible, Present, Unreadable
from inbox.platforms.outgoing import Absent, CannotLook, Forbidden, Found, Ok
from tests.fixtures.app import START, MovingClock
from tests.platforms.bluesky.conftest import Scene
from tests.platforms.bluesky.desk import APP_PASSWORD, Desk, open_desk
from tests.platforms.bluesky.fake_world import FakeConvo


def convo_of(scene: Scene, *, is_request: bool = False) -> FakeConvo:
    return scene.world.begin_convo(scene.shop, scene.ana, requested_of=scene.shop if is_request else None)


def one(desk: Desk) -> Message:
    (message,) = desk.messages("direct").values()
    return message


def test_a_private_message_says_whose_it_is_and_where(scene: Scene) -> None:
    convo = convo_of(scene)
    said = scene.world.say(convo, scene.ana, "¿Mi pedido 😀?")
    message = one(scene.desk)
    assert message.external_id == f"chat:{convo.id}:{said['id']}"
    assert (message.kind, message.audience, message.thread_key) == ("direct", "private", f"chat:{convo.id}")
    assert (message.author.external_id, message.author.handle) == (scene.ana.did, "ana.test")
    assert (message.text, message.members) == ("¿Mi pedido 😀?", (scene.ana.did,))
    assert message.arrived_at is not None


def test_what_was_there_before_connecting_is_read_and_the_log_goes_on(scene: Scene) -> None:
    convo = convo_of(scene)
    scene.world.say(convo, scene.ana, "Before")
    assert scene.desk.texts("direct") == ["Before"]
    scene.world.say(convo, scene.ana, "After")
    scene.world.say(convo_of(scene), scene.ana, "In a new exchange")
    assert scene.desk.texts("direct") == ["After", "In a new exchange"]
    assert scene.desk.texts("direct") == []
    assert "chat.bsky.convo.getLog" in scene.world.calls


def test_strangers_requests_are_read_too(scene: Scene) -> None:
    scene.world.say(convo_of(scene, is_request=True), scene.ana, "Hello, stranger here")
    message = one(scene.desk)
    assert message.ref["is_request"] is True


def test_a_service_without_a_list_of_requests_is_asked_by_status(scene: Scene) -> None:
    scene.world.say(convo_of(scene, is_request=True), scene.ana, "Hello")
    scene.network.faults.by_nsid["chat.bsky.convo.listConvoRequests"] = (501, b'{"error": "MethodNotImplemented"}')
    assert scene.desk.texts("direct") == ["Hello"]


@pytest.mark.parametrize("page_size", [1, 2, 100])
def test_every_message_of_every_exchange_is_read(scene: Scene, page_size: int) -> None:
    wanted = []
    for number in range(3):
        convo = convo_of(scene, is_request=number == 2)
        for line in range(4):
            wanted.append(f"{number} {line}")
            scene.world.say(convo, scene.ana, wanted[-1])
    desk = open_desk(scene.network, scene.shop, page_size=page_size)
    assert desk.texts("direct") == sorted(wanted)


def test_the_walk_finds_what_the_log_lost(scene: Scene, moving_clock: MovingClock) -> None:
    convo = convo_of(scene)
    scene.world.say(convo, scene.ana, "One")
    scene.desk.read("direct")
    scene.world.say(convo, scene.ana, "Two")
    scene.world.log.clear()
    assert scene.desk.texts("direct") == []
    moving_clock.move(minutes=10)
    assert "Two" in scene.desk.texts("direct")


def test_a_log_that_forgot_us_begins_again_with_a_walk(scene: Scene) -> None:
    convo = convo_of(scene)
    scene.world.say(convo, scene.ana, "One")
    scene.desk.read("direct")
    scene.world.say(convo, scene.ana, "Two")
    scene.network.faults.raw_answers.append(
        (400, "chat.bsky.convo.getLog", b'{"error": "InvalidRequest", "message": "cursor"}')
    )
    assert "Two" in scene.desk.texts("direct")


def test_a_walk_that_nothing_changed_reads_no_exchange(scene: Scene, moving_clock: MovingClock) -> None:
    scene.world.say(convo_of(scene), scene.ana, "One")
    scene.desk.read("direct")
    moving_clock.move(minutes=10)
    scene.world.calls.clear()
    assert scene.desk.read("direct") == []
    assert "chat.bsky.convo.getMessages" not in scene.world.calls


def test_a_walk_is_interrupted_and_goes_on(scene: Scene) -> None:
    for n in range(4):
        scene.world.say(convo_of(scene), scene.ana, f"Number {n}")
    desk = open_desk(scene.network, scene.shop, page_size=2)
    found: set[str] = set()
    for _ in range(60):
        again = open_desk(scene.network, scene.shop, page_size=2)  # each page in a process of its own
        page = again.connection.fetch("direct", desk.cursors.get("direct"))
        desk.cursors["direct"] = page.cursor_after
        found |= {item.text for item in page.items if isinstance(item, Message)}
        if page.is_complete:
            break
    assert found == {f"Number {n}" for n in range(4)}


def test_deleted_messages_are_said_to_be_gone(scene: Scene) -> None:
    convo = convo_of(scene)
    said = scene.world.say(convo, scene.ana, "Oops")
    external_id = one(scene.desk).external_id
    scene.world.unsay(convo, said["id"])
    assert scene.desk.read("direct") == [GoneItem(external_id)]


def test_answers_given_in_the_app_are_ours(scene: Scene) -> None:
    convo = convo_of(scene)
    scene.world.say(convo, scene.ana, "Question")
    scene.desk.read("direct")
    scene.world.say(convo, scene.shop, "Answered in the app", replyTo={"id": "x"})
    assert one(scene.desk).author.external_id == scene.shop.did


def test_unknown_entries_are_skipped_and_bad_ones_kept(scene: Scene) -> None:
    convo = convo_of(scene)
    scene.desk.read("direct")
    scene.world.log.append((rev := scene.world.rev(), {"$type": "chat.bsky.convo.defs#logSomethingNew",
                                                       "convoId": convo.id, "rev": rev}))  # fmt: skip
    scene.world.say(convo, scene.ana, "Bad")["text"] = 5
    scene.world.say(convo, scene.ana, "Good")
    items = scene.desk.read("direct")
    assert [item.text for item in items if isinstance(item, Message)] == ["Good"]
    unread = next(item for item in items if isinstance(item, Unreadable))
    mended = unread.raw.replace(b'"text": 5', b'"text": "Mended"')
    (again,) = scene.desk.connection.parse("direct", mended)
    assert isinstance(again, Message)
    assert (again.text, again.thread_key) == ("Mended", f"chat:{convo.id}")


def test_a_private_reply_and_what_reads_back(scene: Scene) -> None:
    scene.world.say(convo_of(scene), scene.ana, "Question")
    outgoing = scene.desk.reply_to(one(scene.desk), "Answer: https://shop.example")
    assert scene.desk.connection.wanted_id(outgoing) is None
    assert scene.desk.connection.preflight(outgoing) == Ok()
    sent = scene.desk.connection.send(outgoing, "delivery-1")
    assert one(scene.desk).external_id == sent.external_id
    assert (sent.audience, sent.parent_id, sent.text) == ("private", outgoing.parent_id, "Answer: https://shop.example")


def test_answering_a_stranger_accepts_the_request_first(scene: Scene) -> None:
    convo = convo_of(scene, is_request=True)
    scene.world.say(convo, scene.ana, "Hello")
    scene.desk.connection.send(scene.desk.reply_to(one(scene.desk), "Hi"), "delivery-1")
    assert convo.status[scene.shop.did] == "accepted"
    assert convo.messages[-1]["text"] == "Hi"


def test_after_a_hang_up_the_very_words_are_found(scene: Scene) -> None:
    convo = convo_of(scene)
    scene.world.say(convo, scene.ana, "Question")
    outgoing = scene.desk.reply_to(one(scene.desk), "Answer")
    scene.network.faults.hang_ups_after_write = 1
    with pytest.raises(Unclear):
        scene.desk.connection.send(outgoing, "delivery-1")
    found = scene.desk.connection.find_sent(outgoing, START)
    assert isinstance(found, Found)
    assert found.sent.external_id == f"chat:{convo.id}:{convo.messages[-1]['id']}"


def test_not_finding_it_proves_nothing_and_two_are_for_a_person(scene: Scene, moving_clock: MovingClock) -> None:
    convo = convo_of(scene)
    scene.world.say(convo, scene.shop, "Answer")  # long before
    scene.world.say(convo, scene.ana, "Question")
    outgoing = scene.desk.reply_to(next(m for m in scene.desk.messages("direct").values() if m.text == "Question"),
                                   "Answer")  # fmt: skip
    since = moving_clock.move(minutes=30)
    assert scene.desk.connection.find_sent(outgoing, since) == Absent(is_sure=False)
    scene.world.say(convo, scene.shop, "Another answer")
    other = scene.desk.connection.find_sent(outgoing, since)
    assert isinstance(other, Absent)
    assert [candidate.text for candidate in other.candidates] == ["Another answer"]
    for _ in range(2):
        scene.world.say(convo, scene.shop, "Answer")
    both = scene.desk.connection.find_sent(outgoing, since)
    assert isinstance(both, Absent)
    assert [candidate.text for candidate in both.candidates] == ["Answer", "Answer"]
    assert not both.is_sure


def test_a_look_that_does_not_reach_the_first_attempt_tells_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    convo = convo_of(scene)
    scene.world.say(convo, scene.ana, "Question")
    outgoing = scene.desk.reply_to(one(scene.desk), "Answer")
    scene.desk.connection.send(outgoing, "delivery-1")
    for number in range(150):
        scene.world.say(convo, scene.ana, f"And {number}")
    monkeypatch.setattr("inbox.platforms.bluesky.chat_sending.MOST_PAGES", 1)
    assert scene.desk.connection.find_sent(outgoing, START) == CannotLook("too_far")
    monkeypatch.setattr("inbox.platforms.bluesky.chat_sending.MOST_PAGES", 5)
    assert isinstance(scene.desk.connection.find_sent(outgoing, START), Found)


def test_a_look_where_the_exchange_is_gone_tells_nothing(scene: Scene) -> None:
    convo = convo_of(scene)
    scene.world.say(convo, scene.ana, "Question")
    outgoing = scene.desk.reply_to(one(scene.desk), "Answer")
    del scene.world.convos[convo.id]
    assert isinstance(scene.desk.connection.find_sent(outgoing, START), CannotLook)
    with pytest.raises(Refused) as caught:
        scene.desk.connection.send(outgoing, "delivery-1")
    assert caught.value.is_surely_not_accepted


def test_preflight_of_a_private_reply(scene: Scene) -> None:
    convo = convo_of(scene)
    scene.world.say(convo, scene.ana, "Question")
    outgoing = scene.desk.reply_to(one(scene.desk), "Answer")
    scene.ana.takes_messages = False
    assert scene.desk.connection.preflight(outgoing) == Forbidden("not_allowed")
    convo.is_locked = True
    assert scene.desk.connection.preflight(outgoing) == Forbidden("replies_closed")


def test_second_looks_at_private_messages(scene: Scene) -> None:
    convo = convo_of(scene)
    first, second = (scene.world.say(convo, scene.ana, text) for text in ("One", "Two"))
    refs = {message.external_id: message.ref for message in scene.desk.messages("direct").values()}
    scene.world.unsay(convo, first["id"])
    ids = {said["id"]: f"chat:{convo.id}:{said['id']}" for said in (first, second)}
    assert scene.desk.connection.recheck(refs) == {
        ids[first["id"]]: IsGone(),
        ids[second["id"]]: Present(None),
    }
    del scene.world.convos[convo.id]
    assert set(map(type, scene.desk.connection.recheck(refs).values())) == {NotVisible}


def test_a_password_not_made_for_messages_and_a_network_without_them(scene: Scene) -> None:
    scene.shop.app_passwords[APP_PASSWORD] = False
    desk = open_desk(scene.network, scene.shop)
    (direct,) = [stream for stream in desk.connection.streams() if stream.name == "direct"]
    assert (direct.is_available, direct.reason) == (False, "permission_missing_direct")
    with pytest.raises(PermissionMissing):
        desk.connection.fetch("direct", None)
    scene.network.faults.has_chat = False
    (direct,) = [stream for stream in scene.desk.connection.streams() if stream.name == "direct"]
    assert (direct.is_available, direct.reason) == (False, "direct_not_offered")


def test_a_server_that_cant_find_the_service_has_none_unless_it_is_blueskys_own(scene: Scene) -> None:
    scene.network.faults.by_nsid["chat.bsky.convo.listConvos"] = (500, b'{"error": "InternalServerError"}')
    assert scene.desk.connection.streams()[2].reason == "direct_not_offered"
    scene.network.faults.by_nsid["chat.bsky.convo.listConvos"] = (502, b'{"error": "UpstreamFailure"}')
    assert scene.desk.connection.streams()[2].is_available


@pytest.mark.parametrize("nsid", ["getLog", "listConvos", "getMessages", "getConvo"])
def test_pages_of_another_shape_are_malformed(scene: Scene, nsid: str) -> None:
    convo = convo_of(scene)
    scene.world.say(convo, scene.ana, "One")
    scene.desk.read("direct")
    scene.world.say(convo, scene.ana, "Two")
    scene.network.faults.by_nsid[f"chat.bsky.convo.{nsid}"] = (200, b'{"convo": 5, "logs": {}}')
    if nsid == "getConvo":
        assert scene.desk.texts("direct") == ["Two"]  # only the names are missing
        return
    with pytest.raises(Malformed):
        scene.desk.read("direct", is_deep=nsid != "getLog")


def test_old_history_is_left_on_the_platform(scene: Scene, moving_clock: MovingClock) -> None:
    convo = convo_of(scene)
    moving_clock.at -= timedelta(days=90)
    for n in range(3):
        scene.world.say(convo, scene.ana, f"Old {n}", sentAt="2026-08-01T00:00:00.000Z")
    moving_clock.move(days=90)
    scene.world.say(convo, scene.ana, "New")
    desk = open_desk(scene.network, scene.shop, page_size=1)
    assert len(desk.texts("direct")) == 2  # the first old one ends the walk
