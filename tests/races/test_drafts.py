"""A draft and what overtakes it: Send, another keeping, giving it up, the sweep (RULES D5)."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from inbox.conversations.models import Conversation
from inbox.errors import Conflict
from inbox.members.models import Member
from inbox.outbox.models import Delivery
from inbox.replies.decide import cancel
from inbox.replies.drafts import Keeping, discard_draft, find_open, keep_back, open_draft, save_draft
from inbox.replies.models import Draft
from inbox.replies.queue import Result, Wanted, queue_reply
from inbox.replies.sweep import sweep
from inbox.replies.waiting import take_turn as take_turn_of
from inbox.settings import Pace
from tests.factories.basics import make_responder
from tests.factories.fake_platform import FakeConnection, FakePlatform
from tests.factories.replies import Scene, make_draft, make_scene
from tests.fixtures.replies import Bench
from tests.races.meeting import in_transaction, overlap

Work = Callable[[Session], object]


def press_send(scene: Scene, draft: Draft, text: str, number: int = 2) -> Work:
    """Return the work of a pressed Send, held for 8 s."""
    (member_id, conversation_id), key, seen = scene.ids, draft.reply_key, draft.seen_seq

    def work(session: Session) -> Result:
        wanted = Wanted(key, text, seen, hold_seconds=8, keeping=Keeping("page", number))
        member, conversation = session.get_one(Member, member_id), session.get_one(Conversation, conversation_id)
        connection = FakeConnection(FakePlatform())
        return queue_reply(session, member, conversation, wanted, connection=connection, pace=Pace())

    return work


def keep(draft_id: int, text: str, number: int) -> Work:
    """Return the work of an autosave: the request reads the draft, then keeps it."""

    def work(session: Session) -> Draft:
        draft = session.get_one(Draft, draft_id)
        return save_draft(session, draft, text, keeping=Keeping("page", number))

    return work


def take_back(bench: Bench) -> list[str]:
    """Cancel the one reply that is held; returns the texts of its writer's drafts, the one shown first."""
    delivery = bench.session.query(Delivery).one()
    cancel(bench.session, delivery, bench.session.get_one(Member, delivery.member_id))
    bench.session.commit()
    query = bench.session.query(Draft).filter(Draft.state == "open")
    texts = [draft.text for draft in query]
    bench.session.commit()
    return texts


@pytest.mark.parametrize("is_send_first", [True, False])
def test_a_late_autosave_meets_send_and_the_words_that_send_was_pressed_on_come_back(
    bench: Bench, engine: Engine, is_send_first: bool
) -> None:
    scene = make_scene(bench.session)
    draft = make_draft(bench.session, scene, text="We op")
    send, late = press_send(scene, draft, "We open at nine."), keep(draft.id, "We open", 1)
    bench.session.commit()
    first, second = (send, late) if is_send_first else (late, send)
    sent, kept = overlap(engine, first, lambda: in_transaction(engine, second))
    assert not isinstance(sent, Exception)
    assert not isinstance(kept, Exception)
    assert take_back(bench) == ["We open at nine."]


def test_an_autosave_that_arrives_after_the_reply_came_back_puts_no_older_words_in_its_place(
    bench: Bench, engine: Engine
) -> None:
    scene = make_scene(bench.session)
    draft = make_draft(bench.session, scene, text="We op")
    draft_id, send = draft.id, press_send(scene, draft, "We open at nine.")
    bench.session.commit()
    in_transaction(engine, send)
    assert take_back(bench) == ["We open at nine."]
    in_transaction(engine, keep(draft_id, "We open", 1))
    assert bench.session.get_one(Draft, draft_id, populate_existing=True).text == "We open at nine."
    bench.session.commit()
    in_transaction(engine, keep(draft_id, "We open at nine, on Sundays at ten.", 3))
    assert bench.session.get_one(Draft, draft_id, populate_existing=True).text.endswith("at ten.")


@pytest.mark.parametrize("is_newer_first", [True, False])
def test_two_autosaves_of_one_page_meet_and_the_later_words_stay(
    bench: Bench, engine: Engine, is_newer_first: bool
) -> None:
    scene = make_scene(bench.session)
    draft_id = make_draft(bench.session, scene, text="").id
    bench.session.commit()
    older, newer = keep(draft_id, "We", 1), keep(draft_id, "We open", 2)
    first, second = (newer, older) if is_newer_first else (older, newer)
    overlap(engine, first, lambda: in_transaction(engine, second))
    assert bench.session.get_one(Draft, draft_id, populate_existing=True).text == "We open"


@pytest.mark.parametrize("is_send_first", [True, False])
def test_giving_a_draft_up_meets_send_and_one_of_the_two_is_refused(
    bench: Bench, engine: Engine, is_send_first: bool
) -> None:
    scene = make_scene(bench.session)
    draft = make_draft(bench.session, scene)
    draft_id, send = draft.id, press_send(scene, draft, "We open at nine.")
    bench.session.commit()

    def give_up(session: Session) -> None:
        discard_draft(session, session.get_one(Draft, draft_id))

    works: tuple[Work, Work] = (send, give_up) if is_send_first else (give_up, send)
    first, second = overlap(engine, works[0], lambda: in_transaction(engine, works[1]))
    assert not isinstance(first, Exception)
    assert isinstance(second, Conflict)
    if is_send_first:
        assert take_back(bench) == ["We open at nine."]
    else:
        assert bench.session.query(Delivery).count() == 0


@pytest.mark.parametrize("is_sweep_first", [True, False])
def test_keeping_a_waiting_draft_back_meets_its_turn_and_it_either_stays_or_leaves(
    bench: Bench, engine: Engine, is_sweep_first: bool
) -> None:
    scene = make_scene(bench.session)
    first = bench.queue(scene)
    writer = make_responder(bench.session, scene.channel)
    draft = make_draft(bench.session, scene, text="And a second answer.", member=writer)
    draft.state, draft.send_after_delivery_id = "waiting", first.id
    draft_id = draft.id
    bench.session.commit()
    bench.send()

    def stay(session: Session) -> None:
        keep_back(session, session.get_one(Draft, draft_id))

    def take_turn(session: Session) -> None:
        take_turn_of(session, draft_id, FakeConnection(bench.platform), Pace())

    works: tuple[Work, Work] = (take_turn, stay) if is_sweep_first else (stay, take_turn)
    bench.session.commit()
    _, second = overlap(engine, works[0], lambda: in_transaction(engine, works[1]))
    draft = bench.session.get_one(Draft, draft_id, populate_existing=True)
    if is_sweep_first:
        assert isinstance(second, Conflict)
        assert (draft.state, draft.delivery_id is None) == ("leaving", False)
    else:
        assert (draft.state, draft.delivery_id) == ("open", None)
        bench.session.commit()
        assert sweep(bench.sender) == 0


def test_a_composer_that_was_opened_empty_keeps_what_is_written_after_a_reply_came_back(bench: Bench) -> None:
    scene = make_scene(bench.session)
    result = bench.queue(scene, text="Kept", hold_seconds=8)
    empty_id = open_draft(bench.session, scene.member, scene.conversation).id
    cancel(bench.session, result, scene.member)
    shown = find_open(bench.session, *scene.ids)
    assert shown is not None
    assert shown.text == "Kept"
    save_draft(bench.session, bench.session.get_one(Draft, empty_id), "Words of meanwhile")
    texts = {draft.text for draft in bench.session.query(Draft).filter(Draft.state == "open")}
    assert texts == {"Kept", "Words of meanwhile"}
