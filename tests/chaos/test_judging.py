"""The judge itself: an honest world gives no finding, and each planted lie exactly the one that names it."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.record import record
from inbox.conversations import clocking
from inbox.conversations.threads import find_or_make_conversation, lock_conversation
from tests.chaos.judged import QUESTION, Judged
from tests.factories import items
from tests.factories.basics import make_contact
from tests.factories.items import take_in
from tests.factories.ledger import OUR_IDS
from tests.fixtures.app import MovingClock


@pytest.fixture
def world(session: Session, moving_clock: MovingClock, tmp_path: Path) -> Judged:
    """Build a world in which all happened as it should: asked, edited, deleted, answered from here and natively."""
    world = Judged.make(session, tmp_path, moving_clock)
    world.comment("2000", QUESTION)
    world.comment("2001", "Me encanta", by="bea")
    world.edit("2001", "Me encanta, ¿la hay en rojo?")
    world.comment("2002", "¿Y en Vigo?", by="cai")
    world.remove("2002")
    world.reply("2000", "3000")
    world.comment("3001", "La hay en rojo.", by="us", on="2001", mentions_us=False)
    world.comment("2003", "¿Y para cuándo?", on="3000")
    world.comment("2004", "A mí me pasó lo mismo", by="dan", on="2000", mentions_us=False)
    return world


def only(world: Judged) -> str:
    """Return the one finding of the judge."""
    findings = world.judge().findings
    assert len(findings) == 1, "\n".join(findings)
    return findings[0]


def let_wait(world: Judged, number: str) -> None:
    """Let a message wait as if it had never been answered."""
    message = world.row(number)
    world.sql("UPDATE message SET awaits = true, settled = NULL WHERE id = :id", id=message.id)
    world.sql(
        "UPDATE conversation SET waiting_since = (SELECT clock_at FROM message WHERE id = :id) WHERE id = :to",
        id=message.id,
        to=message.conversation_id,
    )
    clocking.follow(world.session, lock_conversation(world.session, message.conversation_id or 0))
    world.session.flush()


def test_an_honest_world_gives_no_finding(world: Judged) -> None:
    verdict = world.judge()
    assert verdict.findings == ()
    assert (verdict.counts["messages_published"], verdict.counts["messages_present"]) == (7, 7)
    assert verdict.counts["messages_readable"] == 6  # one was deleted before it had been read often enough
    assert (verdict.counts["versions_published"], verdict.counts["versions_present"]) == (8, 8)
    assert (verdict.counts["replies_accepted"], verdict.counts["deliveries_sent"]) == (1, 1)


def test_a_lost_message(world: Judged) -> None:
    world.book.publish("feed", "2009", QUESTION, at=world.now, author_id="id-eva", mentions_us=1)
    assert only(world) == "feed item 2009 was lost: it could be read and is neither a message nor in quarantine"


def test_a_message_that_no_answer_carried_is_lost_all_the_same(world: Judged) -> None:
    """A cursor that skips keeps items from being asked for: what could be read counts, not what was."""
    world.judge()
    world.book.publish("feed", "2009", QUESTION, at=world.now - 70, author_id="id-eva", mentions_us=1)
    assert "feed item 2009 was lost" in "".join(world.verdict().findings)


def test_a_lost_answer_of_ours(world: Judged) -> None:
    world.book.publish(
        "feed", "3009", "Hoy", at=world.now, author_id=OUR_IDS["feed"], parent_id="2004", thread_id="1000"
    )
    assert "feed item 3009 was lost" in only(world)


def test_a_comment_on_a_page_is_known_by_the_end_of_its_id(world: Judged) -> None:
    post = world.post_id("pages")
    world.book.publish("pages", "1000_77", QUESTION, at=world.now, author_id="id-eva", post_id=post)
    seen = items.message("77", by="eva", text=QUESTION, authored_at=world.clock(), arrived_at=world.clock())
    assert "pages item 1000_77 was lost" in only(world)
    take_in(world.session, world.pages, seen)
    assert world.judge().findings == ()


def test_what_could_be_read_only_once_is_not_asked_for(world: Judged) -> None:
    world.book.publish("feed", "2009", QUESTION, at=world.now, author_id="id-eva", mentions_us=1)
    world.book.answer("feed", "/feed/api/v1/notifications", [("2009", 1)], at=world.now)
    world.book.remove("feed", "2009", at=world.now + 1)
    assert world.judge().findings == ()


def test_a_lost_version(world: Judged) -> None:
    message = world.row("2001")
    for _ in range(3):
        world.book.answer("feed", "/feed/api/v1/statuses/1000/context", [("2001", 1)], at=world.now)
    world.sql("DELETE FROM message_version WHERE message_id = :id", id=message.id)
    assert only(world) == f"message {message.id} (feed item 2001) lacks version 1, which could be read"


def test_an_older_version_is_shown(world: Judged) -> None:
    message = world.row("2001")
    world.sql("UPDATE message_version SET text = :text WHERE message_id = :id", text=message.text, id=message.id)
    world.sql("UPDATE message SET text = 'Me encanta' WHERE id = :id", id=message.id)
    assert only(world) == f"message {message.id} (feed item 2001) shows an older version than 2, which could be read"


def test_an_invented_message(world: Judged) -> None:
    message = world.row("2004")
    world.sql("UPDATE message SET external_id = '9999' WHERE id = :id", id=message.id)
    world.book.connection.execute("DROP TRIGGER message_version_no_delete")
    world.book.connection.execute("DELETE FROM message_version WHERE item_id = '2004'")
    assert only(world) == f"message {message.id} (9999) was never published"


def test_words_that_nobody_wrote(world: Judged) -> None:
    message = world.row("2002")
    world.sql("UPDATE message SET text = 'Otra cosa' WHERE id = :id", id=message.id)
    assert only(world) == f"message {message.id} (feed item 2002) holds words that nobody wrote: 'Otra cosa'"


def test_a_message_of_somebody_else(world: Judged) -> None:
    contact = make_contact(world.session, external_id="id-zoe")
    message = world.row("2004")
    world.sql("UPDATE conversation SET contact_id = :to WHERE id = :id", to=contact.id, id=message.conversation_id)
    world.sql("UPDATE message SET contact_id = :to WHERE id = :id", to=contact.id, id=message.id)
    assert only(world) == f"message {message.id} (feed item 2004) is taken for one of id-zoe, but id-dan wrote it"


def test_a_deletion_that_nobody_made(world: Judged) -> None:
    message = world.row("2004")
    world.sql("UPDATE message SET gone_at = received_at WHERE id = :id", id=message.id)
    assert f"message {message.id} counts as deleted since" in only(world)


def test_an_erased_message_leaves_no_copy(world: Judged) -> None:
    message = world.row("2002")
    world.sql("UPDATE message SET text = '', erased_at = gone_at WHERE id = :id", id=message.id)
    assert f"message {message.id} was erased" in only(world)


def test_a_reply_that_was_said_twice(world: Judged) -> None:
    delivery = world.reply("2003", "3002", "Mañana")
    world.accept(delivery, "3003", "Mañana", under="2003")
    world.receive("3003")
    assert f"delivery {delivery.id} (sent) was accepted 2 times: 3002 at" in only(world)


def test_a_reply_that_only_its_key_kept_single(world: Judged) -> None:
    world.book.write("repeated", personality="feed", idempotency_key="k", item_id="3000", repeated_at=world.now)
    assert "was sent again at" in only(world)


def test_a_reply_of_nobody(world: Judged) -> None:
    world.book.accept("feed", "3009", "Hola", at=world.now, under="2003", thread_id="1000", key="unknown")
    world.receive("3009")
    assert "accepted reply 2 (feed item 3009)" in only(world)


def test_a_sent_that_was_never_accepted(world: Judged) -> None:
    delivery = world.send("2003", "Mañana")
    world.sql("UPDATE delivery SET state = 'sent', due_at = NULL WHERE id = :id", id=delivery.id)
    assert only(world) == f"delivery {delivery.id} is sent, but the platform never accepted it"


@pytest.mark.parametrize("state", ["refused", "returned", "cancelled"])
def test_an_accepted_reply_that_is_shown_otherwise(world: Judged, state: str) -> None:
    delivery = world.reply("2003", "3002", "Mañana")
    world.sql("UPDATE delivery SET state = :state WHERE id = :id", state=state, id=delivery.id)
    let_wait(world, "2003")
    assert only(world) == f"delivery {delivery.id} is {state}, but the platform accepted it: item 3002"


def test_a_reply_that_is_shown_as_another(world: Judged) -> None:
    first, second = world.reply("2003", "3002", "Mañana"), world.reply("2001", "3003", "Hoy")
    for delivery, message_id in ((first, second.message_id), (second, first.message_id)):
        world.sql("UPDATE delivery SET message_id = :to WHERE id = :id", to=message_id, id=delivery.id)
    assert len(world.judge().findings) == 2


def test_a_reply_that_is_taken_for_an_answer_given_on_the_platform(world: Judged) -> None:
    delivery = world.reply("2003", "3002", "Mañana")
    world.sql("UPDATE message SET is_native = :yes WHERE id = :id", yes=True, id=delivery.message_id)
    expected = f"message {delivery.message_id} counts as given on the platform, but it is delivery {delivery.id}"
    assert expected in only(world)


def test_a_misplaced_reply_that_was_left_there(world: Judged) -> None:
    world.reply("2003", "3002", "Mañana", parent_id="2004", wanted_parent_id="2003")
    assert only(world) == "accepted reply 2 (feed item 3002) stands under 2004, asked for was 2003"


def test_a_misplaced_reply_that_was_deleted(world: Judged) -> None:
    delivery = world.reply("2003", "3002", "Mañana", parent_id="2004", wanted_parent_id="2003")
    world.book.remove("feed", "3002", at=world.now, by="api")
    world.sql("UPDATE delivery SET state = 'gone', gone_reason = 'misplaced' WHERE id = :id", id=delivery.id)
    world.sql("UPDATE message SET gone_at = received_at WHERE id = :id", id=delivery.message_id)
    let_wait(world, "2003")
    assert world.judge().findings == ()


def test_an_answer_before_more_eyes_than_the_question(world: Judged) -> None:
    world.comment("2005", "¿Es para mí?", by="eva", audience="unlisted")
    world.reply("2005", "3002", "Mañana")
    assert only(world) == "accepted reply 2 (feed item 3002) is public, but what it answers is unlisted"


def test_what_a_person_decided_is_theirs(world: Judged) -> None:
    delivery = world.reply("2003", "3002", "Mañana")
    world.sql("UPDATE delivery SET state = 'cancelled' WHERE id = :id", id=delivery.id)
    after = {"delivery_id": delivery.id, "state": "cancelled"}
    before = {"state": "needs_person"}
    record(world.session, kinds.REPLY_MOVED, member_id=delivery.member_id, before=before, after=after)
    let_wait(world, "2003")
    assert world.judge().findings == ()


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("sending", "is still sending, though its lease ended"),
        ("unclear", "has not come to rest: it is unclear"),
        ("queued", "has not come to rest: it is queued"),
    ],
)
def test_a_reply_that_did_not_come_to_rest(world: Judged, state: str, said: str) -> None:
    delivery = world.send("2003", "Mañana")
    world.sql(
        "UPDATE delivery SET state = :state, lease_until_at = created_at WHERE id = :id", state=state, id=delivery.id
    )
    assert said in only(world)


def test_a_message_that_is_still_held_back(world: Judged) -> None:
    message = world.row("3001")
    world.sql("UPDATE message SET is_held_back = true WHERE id = :id", id=message.id)
    let_wait(world, "2001")
    assert only(world) == f"message {message.id} (3001) is still held back"


def test_two_conversations_of_one_person_in_a_thread(world: Judged) -> None:
    message = world.row("2003")
    double = make_contact(world.session, scope="elsewhere", external_id="id-ana")
    conversation = find_or_make_conversation(world.session, message.thread, double.id, at=world.clock())
    ids = f"{message.conversation_id}, {conversation.id}"
    assert only(world) == f"thread {message.thread_id} has 2 conversations of id-ana: {ids}"


def test_a_message_in_another_conversation(world: Judged) -> None:
    message, other = world.row("2004"), world.row("2003").conversation_id
    world.sql("UPDATE message SET conversation_id = :to WHERE id = :id", to=other, id=message.id)
    assert only(world) == f"message {message.id} (2004) lies in conversation {other}, which is another's"


def test_a_message_in_no_conversation(world: Judged) -> None:
    message = world.row("2004")
    world.sql("UPDATE message SET conversation_id = NULL WHERE id = :id", id=message.id)
    assert only(world) == f"message {message.id} (2004) belongs to no conversation"


def test_a_thread_that_fell_apart(world: Judged) -> None:
    message, other = world.row("2004"), world.row("2001")
    world.sql("UPDATE conversation SET thread_id = :to WHERE id = :id", to=other.thread_id, id=message.conversation_id)
    world.sql(
        "UPDATE message SET thread_id = :to, seq = (SELECT max(seq) + 1 FROM message WHERE thread_id = :to) "
        "WHERE id = :id",
        to=other.thread_id,
        id=message.id,
    )
    world.sql("UPDATE thread SET last_seq = last_seq + 1 WHERE id = :id", id=other.thread_id)
    assert f"message {message.id} lies in thread {other.thread_id}, what it hangs on" in only(world)


def test_a_seq_that_falls(world: Judged) -> None:
    earlier, later = world.row("2000"), world.row("2004")
    for message, seq in ((earlier, 99), (later, 1), (earlier, 4)):
        world.sql("UPDATE message SET seq = :seq WHERE id = :id", seq=seq, id=message.id)
    assert any("follows" in finding for finding in world.judge().findings)
