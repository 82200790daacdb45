"""RULES A5: drafts and replies on their way follow their conversation when two threads turn out to be one."""

import pytest
from sqlalchemy import select

from inbox import clock
from inbox.contacts.models import Contact
from inbox.conversations.join import join
from inbox.conversations.models import Conversation, Message, Thread
from inbox.outbox.models import Delivery
from inbox.platforms.outgoing import Sent
from inbox.replies.drafts import find_open, save_draft
from inbox.replies.models import Draft
from inbox.replies.move import move
from inbox.replies.settle import settle
from tests.factories.basics import make_contact
from tests.factories.replies import Scene, make_conversation, make_delivery, make_draft, make_inbound, make_scene
from tests.fixtures.replies import Bench


def second_thread(bench: Bench, scene: Scene, contact: Contact) -> Scene:
    """A younger thread of the same channel, in which the contact waits."""
    session = bench.session
    thread = Thread(
        channel_id=scene.channel.id, external_key=f"late-{scene.thread.id}", kind="comment", created_at=clock.now()
    )
    session.add(thread)
    session.flush()
    conversation = make_conversation(session, thread, contact)
    message = make_inbound(session, conversation, "And on Sundays?")
    return Scene(scene.channel, scene.member, thread, contact, conversation, message)


def join_them(bench: Bench, winner: Scene, loser: Scene) -> None:
    move(bench.session, join(bench.session, winner.thread, loser.thread))
    bench.session.commit()


def test_a_reply_on_its_way_settles_what_its_writer_saw_and_nothing_older_of_the_other_half(bench: Bench) -> None:
    scene = make_scene(bench.session)
    late = second_thread(bench, scene, scene.contact)  # the same person in both
    delivery = bench.queue(late)
    join_them(bench, scene, late)
    row = bench.fresh(delivery)
    assert (row.conversation_id, row.seen_seq, row.seen_after_seq) == (scene.conversation.id, 2, 1)
    bench.send()
    assert bench.state(delivery) == "sent"
    assert not bench.session.get_one(Message, late.message.id).awaits
    assert bench.session.get_one(Message, scene.message.id).awaits  # never on the writer's screen
    assert bench.message(delivery).thread_id == scene.thread.id


def test_a_reply_of_the_winner_settles_only_what_its_writer_saw(bench: Bench) -> None:
    scene = make_scene(bench.session)
    late = second_thread(bench, scene, scene.contact)
    delivery = bench.queue(scene)
    join_them(bench, scene, late)
    bench.send()
    assert bench.state(delivery) == "sent"
    assert bench.session.get_one(Message, late.message.id).awaits
    assert not bench.session.get_one(Message, scene.message.id).awaits


def test_a_conversation_that_moves_whole_takes_its_reply_along(bench: Bench) -> None:
    scene = make_scene(bench.session)
    late = second_thread(bench, scene, make_contact(bench.session))
    delivery = bench.queue(late, is_finishing=True)
    join_them(bench, scene, late)
    bench.send()
    assert bench.state(delivery) == "sent"
    conversation = bench.session.get_one(Conversation, late.conversation.id)
    assert (conversation.thread_id, conversation.status) == (scene.thread.id, "done")
    assert not bench.session.get_one(Message, late.message.id).awaits


def test_ticked_conversations_follow_too(bench: Bench) -> None:
    scene = make_scene(bench.session)
    late = second_thread(bench, scene, make_contact(bench.session))
    ticked = make_conversation(bench.session, late.thread, scene.contact)
    asked = make_inbound(bench.session, ticked, "Me too")
    bench.session.refresh(late.thread)
    delivery = bench.queue(late, also_conversation_ids=(ticked.id,))
    join_them(bench, scene, late)
    assert list(bench.fresh(delivery).also_answers) == [str(scene.conversation.id)]
    bench.send()
    assert not bench.session.get_one(Message, asked.id).awaits
    assert bench.session.get_one(Message, scene.message.id).awaits


@pytest.mark.parametrize(
    ("first", "second"), [("unclear", "sending"), ("queued", "sending"), ("needs_person", "unclear")]
)
def test_two_replies_on_their_way_both_stay_and_both_can_end(bench: Bench, first: str, second: str) -> None:
    scene = make_scene(bench.session)
    late = second_thread(bench, scene, scene.contact)
    one = make_delivery(bench.session, scene, first, attempt_count=1)
    other = make_delivery(bench.session, late, second, attempt_count=1)
    join_them(bench, scene, late)
    assert (bench.state(one), bench.state(other)) == (first, second)
    settle(bench.session, other.id, Sent("ours-2"), pace=bench.sender.pace)
    settle(bench.session, one.id, Sent("ours-1"), pace=bench.sender.pace)
    assert (bench.state(one), bench.state(other)) == ("sent", "sent")
    rows = bench.session.scalars(select(Message).where(Message.direction == "outbound")).all()
    assert {row.thread_id for row in rows} == {scene.thread.id}
    assert len({row.seq for row in rows}) == 2


def test_of_two_that_had_not_left_the_second_comes_back(bench: Bench) -> None:
    scene = make_scene(bench.session)
    late = second_thread(bench, scene, scene.contact)
    one = bench.queue(scene, text="One")
    other = bench.queue(late, text="Other")
    join_them(bench, scene, late)
    bench.send()
    bench.send()
    assert (bench.state(one), bench.state(other)) == ("sent", "returned")
    assert bench.fresh(other).reason_code == "answered_meanwhile"
    assert len(bench.platform.accepted) == 1


def test_an_open_draft_moves_with_its_text_under_a_new_key(bench: Bench) -> None:
    scene = make_scene(bench.session)
    late = second_thread(bench, scene, scene.contact)
    draft = make_draft(bench.session, late, text="Half a sentence")
    save_draft(bench.session, draft, "Half a sentence", seen_seq=1, also_answers={str(late.conversation.id): 1})
    old_key = draft.reply_key
    join_them(bench, scene, late)
    found = find_open(bench.session, scene.member.id, scene.conversation.id)
    assert found is not None
    assert (found.id, found.text, found.seen_seq) == (draft.id, "Half a sentence", 2)
    assert found.reply_key != old_key  # the screen that has it counted otherwise: its Send must not pass
    assert list(found.also_answers) == [str(scene.conversation.id)]


def test_a_reply_that_left_keeps_its_key(bench: Bench) -> None:
    scene = make_scene(bench.session)
    late = second_thread(bench, scene, scene.contact)
    delivery = bench.queue(late)
    key = delivery.reply_key
    join_them(bench, scene, late)
    assert bench.fresh(delivery).reply_key == key
    draft = bench.session.scalars(select(Draft).where(Draft.delivery_id == delivery.id)).one()
    assert (draft.conversation_id, draft.state) == (scene.conversation.id, "leaving")


def test_deliveries_elsewhere_stay_as_they_are(bench: Bench) -> None:
    scene = make_scene(bench.session)
    late = second_thread(bench, scene, scene.contact)
    elsewhere = make_delivery(bench.session, make_scene(bench.session), "held")
    version = elsewhere.version
    join_them(bench, scene, late)
    assert bench.session.get_one(Delivery, elsewhere.id).version == version
