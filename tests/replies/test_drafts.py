"""Drafts: kept, bound to who opened them, given back."""

import pytest
from sqlalchemy.orm import Session

from inbox.errors import Conflict, Invalid, NotFound
from inbox.replies.decide import cancel
from inbox.replies.drafts import (
    MOST_CHARACTERS,
    access_draft,
    clean,
    discard_draft,
    find_open,
    list_drafts,
    open_draft,
    save_draft,
)
from tests.factories.basics import make_member, make_responder
from tests.factories.replies import make_delivery, make_draft, make_scene
from tests.fixtures.replies import Bench


def test_a_draft_is_bound_to_its_member_and_conversation(session: Session) -> None:
    scene = make_scene(session)
    draft = open_draft(session, scene.member, scene.conversation)
    assert (draft.member_id, draft.conversation_id) == scene.ids
    assert access_draft(session, scene.member.id, draft.id).id == draft.id


def test_anothers_draft_is_not_found(session: Session) -> None:
    scene = make_scene(session)
    draft = open_draft(session, scene.member, scene.conversation)
    colleague = make_responder(session, scene.channel)
    for stranger in (colleague, make_member(session)):
        with pytest.raises(NotFound):
            access_draft(session, stranger.id, draft.id)
    with pytest.raises(NotFound):
        access_draft(session, scene.member.id, draft.id + 1)


def test_saving_keeps_what_is_not_given(session: Session) -> None:
    scene = make_scene(session)
    draft = make_draft(session, scene)
    save_draft(session, draft, "First\r\nsecond", seen_seq=1, is_finishing=True, also_answers={"7": 1})
    save_draft(session, draft, "Third")
    assert (draft.text, draft.seen_seq, draft.is_finishing, draft.also_answers) == ("Third", 1, True, {"7": 1})


def test_20_000_characters_and_no_more(session: Session) -> None:
    draft = make_draft(session, make_scene(session))
    save_draft(session, draft, "x" * MOST_CHARACTERS)
    with pytest.raises(Invalid, match="draft_too_long"):
        save_draft(session, draft, "x" * (MOST_CHARACTERS + 1))


def test_what_left_can_not_be_written_on(session: Session) -> None:
    scene = make_scene(session)
    draft = make_draft(session, scene)
    make_delivery(session, scene, "held")
    with pytest.raises(Conflict, match="draft_is_leaving"):
        save_draft(session, draft, "more")
    with pytest.raises(Conflict, match="draft_is_leaving"):
        discard_draft(session, draft)


def test_a_discarded_draft_keeps_no_text(session: Session) -> None:
    scene = make_scene(session)
    draft = make_draft(session, scene)
    discard_draft(session, draft)
    assert (draft.state, draft.text) == ("discarded", "")
    assert find_open(session, *scene.ids) is None


def test_a_reply_that_comes_back_takes_the_empty_composers_place(bench: Bench) -> None:
    scene = make_scene(bench.session)
    delivery = bench.queue(scene, text="Kept", hold_seconds=8)
    empty = open_draft(bench.session, scene.member, scene.conversation)
    cancel(bench.session, delivery, scene.member)
    assert [one.text for one in list_drafts(bench.session, *scene.ids)] == ["Kept", ""]
    bench.session.refresh(empty)
    assert empty.state == "open"  # a page may hold its key: what is written there next must find it


def test_but_words_written_meanwhile_are_kept_beside_it(bench: Bench) -> None:
    scene = make_scene(bench.session)
    delivery = bench.queue(scene, text="Kept", hold_seconds=8)
    make_draft(bench.session, scene, text="New words")
    cancel(bench.session, delivery, scene.member)
    assert sorted(one.text for one in list_drafts(bench.session, *scene.ids)) == ["Kept", "New words"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("a\r\nb\rc", "a\nb\nc"), ("a\0b", "a\ufffdb"), ("a\ud800b", "a\ufffdb"), ("😀", "😀"), (" x ", " x ")],
)
def test_text_at_the_border(given: str, kept: str) -> None:
    assert clean(given) == kept
