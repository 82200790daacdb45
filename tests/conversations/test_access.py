"""What a member names is loaded by their grants, or it does not exist for them (RULES G)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.conversations.access import access_conversation, access_message, access_note, access_thread
from inbox.conversations.models import Message, Note
from inbox.conversations.notes import write_note
from inbox.errors import NotAllowed, NotFound
from tests.factories.basics import make_channel, make_contact, make_responder
from tests.factories.conversations import conversation_of, make_thread, say, write_ours

pytestmark = pytest.mark.usefixtures("moving_clock")


@pytest.mark.parametrize("is_private", [False, True])
def test_g_each_door_opens_by_grant_alone(session: Session, is_private: bool) -> None:
    channel = make_channel(session)
    thread = make_thread(session, channel, is_private=is_private)
    message = say(session, thread, make_contact(session))
    conversation = conversation_of(session, message)
    eva = make_responder(session, channel)
    public_only = make_responder(session, channel, can_see_private=False)
    viewer = make_responder(session, channel, role="viewer")
    stranger = make_responder(session, make_channel(session))
    stranger.is_admin = True
    note_id = (write_note(session, conversation, eva.id, "Hm.").after or {})["note_id"]
    doors: list[Callable[[int, str], int]] = [
        lambda member_id, power: access_conversation(session, member_id, conversation.id, power).id,
        lambda member_id, power: access_thread(session, member_id, thread.id, power).id,
        lambda member_id, power: access_message(session, member_id, message.id, power).id,
        lambda member_id, power: access_note(session, member_id, note_id, power).id,
    ]
    for door, number in zip(doors, (conversation.id, thread.id, message.id, note_id), strict=True):
        for power in ("see", "triage", "answer"):
            assert door(eva.id, power) == number
            with pytest.raises(NotFound):
                door(stranger.id, power)
        with pytest.raises(NotAllowed, match="may_not_lead"):
            door(eva.id, "lead")
        assert door(viewer.id, "see") == number
        with pytest.raises(NotAllowed, match="may_not_triage"):
            door(viewer.id, "triage")
        if is_private:
            with pytest.raises(NotFound):
                door(public_only.id, "see")
        else:
            assert door(public_only.id, "triage") == number


def test_g_what_is_held_back_deleted_or_unknown_is_not_found(session: Session) -> None:
    channel = make_channel(session)
    eva = make_responder(session, channel)
    held = write_ours(session, make_thread(session, channel), is_held_back=True, is_native=True)
    with pytest.raises(NotFound):
        access_message(session, eva.id, held.id)
    for door in (access_conversation, access_thread, access_message, access_note):
        with pytest.raises(NotFound):
            door(session, eva.id, 10**9)
    message = say(session, make_thread(session, channel), make_contact(session))
    write_note(session, conversation_of(session, message), eva.id, "Hm.")
    note = session.scalars(select(Note)).one()
    note.deleted_at = message.received_at
    session.flush()
    with pytest.raises(NotFound):
        access_note(session, eva.id, note.id)
    assert session.get_one(Message, message.id).awaits
