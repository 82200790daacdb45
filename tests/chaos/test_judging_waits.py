"""The judge on who waits since when: each planted lie about a wait is found, and an honest wait is none."""

from math import copysign
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from inbox.conversations.finish import finish
from inbox.conversations.models import Conversation, Message
from inbox.conversations.settle import make_wait
from inbox.conversations.undo import undo
from inbox.platforms.items import Skew
from inbox.replies.vanish import vanished
from inbox.settings import Pace
from tests.chaos.judged import QUESTION, Judged
from tests.factories import items
from tests.factories.basics import make_responder
from tests.factories.items import take_in
from tests.factories.ledger import OUR_IDS
from tests.fixtures.app import MovingClock


@pytest.fixture
def world(session: Session, moving_clock: MovingClock, tmp_path: Path) -> Judged:
    """Begin with two people who ask, one of them twice."""
    world = Judged.make(session, tmp_path, moving_clock)
    world.comment("2000", QUESTION)
    world.comment("2001", "¿Y en Vigo?", on="2000")
    world.comment("2002", "¿Lo hay en rojo?", by="bea")
    return world


def only(world: Judged) -> str:
    """Return the one finding of the judge."""
    findings = world.judge().findings
    assert len(findings) == 1, "\n".join(findings)
    return findings[0]


def conversation_of(world: Judged, number: str) -> Conversation:
    """Return the conversation of a message."""
    return world.session.get_one(Conversation, world.row(number).conversation_id)


def wait(world: Judged, number: str, since: str) -> None:
    """Set since when the person of a message waits, behind everybody's back."""
    message = world.row(number)
    sql = f"UPDATE conversation SET waiting_since = {since} WHERE id = :id"
    world.sql(sql, id=message.conversation_id)


def test_an_honest_world_gives_no_finding(world: Judged) -> None:
    assert world.judge().findings == ()


@pytest.mark.parametrize(
    ("number", "since", "said"),
    [
        ("2000", "(SELECT min(connected_at) FROM channel)", "which is too early"),
        ("2000", "(SELECT clock_at FROM message WHERE external_id = '2001')", "which is too late"),
        ("2002", "NULL", "waits for nobody, but somebody waits since"),
    ],
)
def test_a_wait_that_is_counted_wrongly(world: Judged, number: str, since: str, said: str) -> None:
    wait(world, number, since)
    finding = only(world)
    assert said in finding
    assert f"conversation {world.row(number).conversation_id} " in finding


def test_a_wait_that_is_left_over(world: Judged) -> None:
    world.reply("2002", "3000")
    wait(world, "2002", "(SELECT clock_at FROM message WHERE external_id = '2002')")
    assert "but nobody waits in it" in only(world)


def test_somebody_who_waits_and_was_forgotten(world: Judged) -> None:
    message = world.row("2002")
    world.sql("UPDATE message SET awaits = false, settled = 'answered' WHERE id = :id", id=message.id)
    wait(world, "2002", "NULL")
    assert (
        only(world)
        == f"message {message.id} (feed item 2002) waits for an answer (it asks for one), but it is answered"
    )


def test_somebody_who_is_kept_waiting_for_nothing(world: Judged) -> None:
    world.comment("2003", "🔥🔥", by="cai")
    message = world.row("2003")
    world.sql("UPDATE message SET awaits = true, awaits_reason = 'words' WHERE id = :id", id=message.id)
    wait(world, "2003", "(SELECT clock_at FROM message WHERE external_id = '2003')")
    assert f"message {message.id} (feed item 2003) is kept waiting (words), but it asks for none" in only(world)


def test_a_clock_that_does_not_start_when_it_was_said(world: Judged) -> None:
    message = world.row("2002")
    world.sql("UPDATE message SET clock_at = received_at WHERE id = :id", id=message.id)
    wait(world, "2002", "(SELECT received_at FROM message WHERE external_id = '2002')")
    assert f"message {message.id} (feed item 2002): its clock starts at" in only(world)


def test_a_time_that_the_platform_never_told(world: Judged) -> None:
    message = world.row("2002")
    world.sql("UPDATE message SET arrived_at = received_at WHERE id = :id", id=message.id)
    assert only(world) == f"message {message.id} (feed item 2002) has a time that the platform never told"


@pytest.mark.parametrize("seconds", [600.0, -600.0])
def test_the_platforms_skew_is_taken_off(world: Judged, seconds: float) -> None:
    world.book.break_at("feed", "clock_skew", since=world.now, seconds=seconds)
    told = world.now + 60 + seconds
    world.later(60)
    world.book.publish(
        "feed", "2003", QUESTION, at=world.now, author_id="id-cai", parent_id="1000", thread_id="1000", mentions_us=1,
        told_authored_at=told, told_arrived_at=told, skew_seconds=seconds,
    )  # fmt: skip
    told_by_a_date = seconds - copysign(0.4, seconds)  # no more than it can tell
    world.receive("2003", skew=Skew(told_by_a_date, told_by_a_date))
    assert world.judge().findings == ()
    message = world.row("2003")
    world.sql("UPDATE message SET clock_at = received_at WHERE id = :id", id=message.id)
    assert f"message {message.id} (feed item 2003): its clock starts at" in only(world)


def test_a_reply_settles_what_was_on_the_screen_and_nothing_else(world: Judged) -> None:
    delivery = world.send("2000")
    world.comment("2003", "¿Y en Lugo hay otra?", on="2000")
    world.accept(delivery, "3000", "Abrimos el lunes.", under="2000")
    world.settle(delivery, "3000")
    assert world.judge().findings == ()
    late = world.row("2003")
    world.sql("UPDATE message SET awaits = false, settled = 'answered' WHERE id = :id", id=late.id)
    wait(world, "2003", "NULL")
    assert f"message {late.id} (feed item 2003) waits for an answer (it asks for one)" in only(world)


def test_a_reply_that_settled_too_little(world: Judged) -> None:
    world.reply("2000", "3000")
    message = world.row("2000")
    world.sql("UPDATE message SET awaits = true, settled = NULL WHERE id = :id", id=message.id)
    wait(world, "2000", "(SELECT clock_at FROM message WHERE external_id = '2000')")
    finding = only(world)
    assert f"message {message.id} (feed item 2000) is kept waiting" in finding
    assert "it was answered by message" in finding
    assert finding.endswith("from here")


def test_a_reply_that_was_never_sent_stops_no_clock(world: Judged) -> None:
    delivery = world.send("2002")
    world.sql("UPDATE delivery SET state = 'needs_person', due_at = NULL WHERE id = :id", id=delivery.id)
    assert world.judge().findings == ()
    message = world.row("2002")
    world.sql("UPDATE message SET awaits = false, settled = 'answered' WHERE id = :id", id=message.id)
    wait(world, "2002", "NULL")
    assert f"message {message.id} (feed item 2002) waits for an answer" in only(world)


def native(world: Judged, on: str) -> Message:
    """Let the brand answer with its own app."""
    world.comment("3001", "El lunes.", by="us", on=on, mentions_us=False)
    return world.row("3001")


def test_a_native_answer_that_settled_too_much(world: Judged) -> None:
    reply = native(world, "2002")
    assert world.judge().findings == ()
    message = world.row("2001")
    world.sql(
        "UPDATE message SET awaits = false, settled = 'answered', answered_by_message_id = :by WHERE id = :id",
        by=reply.id,
        id=message.id,
    )
    assert f"message {message.id} (feed item 2001) waits for an answer (it asks for one)" in only(world)


def test_a_native_answer_that_settled_too_little(world: Judged) -> None:
    native(world, "2000")
    message = world.row("2001")
    world.sql("UPDATE message SET awaits = true, settled = NULL WHERE id = :id", id=message.id)
    wait(world, "2001", "(SELECT clock_at FROM message WHERE external_id = '2001')")
    assert f"message {message.id} (feed item 2001) is kept waiting" in only(world)


def test_a_native_answer_does_not_settle_what_came_after_it(world: Judged) -> None:
    native(world, "2000")
    world.comment("2003", "¿Y en Lugo hay otra?", on="2000")
    assert world.judge().findings == ()
    message = world.row("2003")
    world.sql("UPDATE message SET awaits = false, settled = 'answered' WHERE id = :id", id=message.id)
    wait(world, "2003", "NULL")
    assert f"message {message.id} (feed item 2003) waits for an answer" in only(world)


def test_a_native_answer_under_a_visitors_post_answers_the_visitor(world: Judged) -> None:
    now, post = world.clock(), "id-eva_50"
    mention = items.message(
        "50", by="eva", kind="mention", text=QUESTION, authored_at=now, arrived_at=now, mentions_us=True
    )
    world.book.publish("pages", post, QUESTION, at=world.now, author_id="id-eva", kind="visitor_post", mentions_us=1)
    take_in(world.session, world.pages, mention)
    world.later(30)
    world.book.publish(
        "pages", "50_51", "El lunes.", at=world.now, author_id=OUR_IDS["pages"], post_id=post, thread_id="50_51"
    )
    reply = items.message(
        "51",
        by=items.us(world.pages),
        text="El lunes.",
        parent_id="50",
        root_id="50",
        post_id=post,
        authored_at=world.clock(),
        arrived_at=world.clock(),
    )
    take_in(world.session, world.pages, reply)
    assert world.row("50").settled == "answered"
    assert world.judge().findings == ()


def test_a_native_answer_that_is_gone_lets_wait_again(world: Judged) -> None:
    reply = native(world, "2002")
    world.book.remove("feed", "3001", at=world.now)
    world.sql("UPDATE message SET gone_at = received_at WHERE id = :id", id=reply.id)
    assert f"waits for an answer (its answer, message {reply.id}, is gone), but it is answered" in only(world)
    world.session.expire_all()
    vanished(world.session, world.row("3001"), pace=Pace())
    assert world.judge().findings == ()


def test_thanks_after_an_answer_waits_for_nobody(world: Judged) -> None:
    world.reply("2002", "3000")
    world.later(30)
    world.comment("2003", "¡Muchas gracias!", by="bea", on="3000")
    world.comment("2004", "Gracias, qué rapidez.", by="bea", on="3000")
    assert world.judge().findings == ()
    message = world.row("2003")
    world.sql("UPDATE message SET awaits = true, awaits_reason = 'words' WHERE id = :id", id=message.id)
    assert f"message {message.id} (feed item 2003) is kept waiting (words)" in "".join(world.judge().findings)


def test_thanks_before_the_answer_waits_though_the_platforms_clock_is_slow(world: Judged) -> None:
    delivery = world.send("2002")
    world.comment("2003", "¡Muchas gracias!", by="bea", on="2002")
    world.feed.skew_seconds = -600.0
    world.later(30)
    world.accept(delivery, "3000", "Abrimos el lunes.", under="2002")
    world.settle(delivery, "3000")
    assert world.judge().findings == ()
    message = world.row("2003")
    assert message.awaits
    world.sql("UPDATE message SET awaits = false, awaits_reason = 'thanks' WHERE id = :id", id=message.id)
    world.sql("UPDATE message SET clock_at = :at WHERE external_id = '3000'", at=world.feed.connected_at)
    wait(world, "2003", "NULL")
    assert "waits for an answer (it asks for one), but it is said to need none: thanks" in only(world)


def test_an_edit_after_the_answer_that_asks_anew(world: Judged) -> None:
    world.reply("2002", "3000")
    world.later(10)
    world.edit("2002", "¿Lo hay en rojo? ¿Y en azul?")
    assert world.judge().findings == ()
    message = world.row("2002")
    assert message.awaits
    world.sql("UPDATE message SET awaits = false, settled = 'answered' WHERE id = :id", id=message.id)
    wait(world, "2002", "NULL")
    assert "waits for an answer (it was edited after it was settled), but it is answered" in only(world)


def test_what_a_member_finished_waits_no_more_but_what_came_meanwhile_does(world: Judged) -> None:
    member = make_responder(world.session, world.feed)
    seen = world.row("2001").seq or 0
    world.comment("2003", "¿Y en Lugo hay otra?", on="2000")
    world.later(5)
    finish(world.session, conversation_of(world, "2000"), member.id, seen_seq=seen, why="no_answer_needed")
    assert world.judge().findings == ()
    message = world.row("2003")
    world.sql("UPDATE message SET awaits = false, settled = 'excused' WHERE id = :id", id=message.id)
    wait(world, "2003", "NULL")
    assert f"message {message.id} (feed item 2003) waits for an answer (it asks for one), but it is excused" in only(
        world
    )


def test_what_was_answered_before_a_member_finished_stays_answered_when_that_is_undone(world: Judged) -> None:
    world.reply("2000", "3000")
    world.later(5)
    world.comment("2003", "¿Y en Lugo hay otra?", on="2000")
    member = make_responder(world.session, world.feed)
    seen = world.row("2003").seq or 0
    done = finish(world.session, conversation_of(world, "2000"), member.id, seen_seq=seen, why="no_answer_needed")
    world.later(5)
    undo(world.session, member.id, done.activity.id)
    assert (world.row("2000").settled, world.row("2003").awaits) == ("answered", True)
    assert world.judge().findings == ()
    message = world.row("2003")
    world.sql("UPDATE message SET awaits = false, settled = 'excused' WHERE id = :id", id=message.id)
    wait(world, "2003", "NULL")
    assert f"message {message.id} (feed item 2003) waits for an answer (a member let it wait), but it is" in only(world)


def test_what_a_member_lets_wait_waits(world: Judged) -> None:
    world.comment("2003", "🔥🔥", by="cai")
    make_wait(world.session, world.row("2003"), make_responder(world.session, world.feed).id)
    assert world.judge().findings == ()
    message = world.row("2003")
    world.sql("UPDATE message SET awaits = false WHERE id = :id", id=message.id)
    wait(world, "2003", "NULL")
    assert f"message {message.id} (feed item 2003) waits for an answer (a member let it wait)" in only(world)


def test_what_is_for_another_fan_waits_only_if_it_names_us(world: Judged) -> None:
    world.comment("2003", "¿Te contestaron?", by="cai", on="2000", mentions_us=False)
    world.comment("2004", "¿Le podéis contestar?", by="cai", on="2000")
    assert world.judge().findings == ()
    message = world.row("2003")
    world.sql("UPDATE message SET awaits = true WHERE id = :id", id=message.id)
    assert f"message {message.id} (feed item 2003) is kept waiting" in only(world)


def test_a_deleted_message_waits_for_nobody(world: Judged) -> None:
    world.remove("2002")
    assert world.judge().findings == ()
    message = world.row("2002")
    world.sql("UPDATE message SET awaits = true, settled = NULL WHERE id = :id", id=message.id)
    wait(world, "2002", "(SELECT clock_at FROM message WHERE external_id = '2002')")
    assert f"message {message.id} (feed item 2002) is kept waiting" in only(world)


def test_history_waits_for_nobody(session: Session, moving_clock: MovingClock, tmp_path: Path) -> None:
    world = Judged.make(session, tmp_path, moving_clock)
    world.feed.connected_at = world.feed.import_since_at = world.clock()
    world.feed.import_done_at = None
    place = {"author_id": "id-cai", "parent_id": "1000", "thread_id": "1000", "mentions_us": 1}
    world.book.publish("feed", "2003", QUESTION, at=world.now - 60, **place)
    world.receive("2003")
    world.feed.import_done_at = world.clock()
    assert world.judge().findings == ()
    message = world.row("2003")
    world.sql("UPDATE message SET awaits = true WHERE id = :id", id=message.id)
    wait(world, "2003", "(SELECT clock_at FROM message WHERE external_id = '2003')")
    assert "is kept waiting (before_import), but it is older than what the first reading lets wait" in only(world)
