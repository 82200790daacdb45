"""How many statements a page sends: as many for a full list as for a short one, and each count once."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from inbox.conversations.labels import label
from inbox.conversations.models import Conversation
from inbox.members.models import Member
from tests.browser.world import make_long_thread, make_world
from tests.factories.members import sign_in_as

# who asks · sight, counts · rows, their labels · what banners are due · newest activity
QUEUE_PAGE = 1 + 2 + 2 + 1 + 1
# the queue beside it · the conversation, what it stands in, what is on its way · newest edit and question, messages,
# versions, pictures, notes, lines, names in these · labels, earlier and other conversations · draft, who else waits
# its clocks
CONVERSATION_PAGE = QUEUE_PAGE + 3 + 7 + 3 + 2 + 1


@pytest.fixture
def statements(app: Flask, session: Session) -> Iterator[list[str]]:
    """What was asked of the database."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(("SELECT", "WITH")):
            seen.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("conversations", [3, 30])
def test_a_page_of_the_queue_asks_as_much_for_many_rows_as_for_few(
    app: Flask, session: Session, statements: list[str], conversations: int
) -> None:
    world = make_world(session, conversations=conversations)
    browser = sign_in_as(app, session, session.get_one(Member, world.lucia_id))
    browser.get("/queue?view=everything")
    statements.clear()
    assert browser.get("/queue?view=everything").status_code == 200
    assert len(statements) == QUEUE_PAGE, "\n".join(statements)


@pytest.mark.parametrize("messages", [2, 60])
def test_a_conversation_asks_as_much_for_many_messages_as_for_few(
    app: Flask, session: Session, statements: list[str], messages: int
) -> None:
    world = make_world(session, conversations=3)
    number = make_long_thread(session, world.channel_id, count=messages)
    label(session, session.get_one(Conversation, number), world.lucia_id, "Returns")
    browser = sign_in_as(app, session, session.get_one(Member, world.lucia_id))
    browser.get(f"/c/{number}")
    statements.clear()
    assert browser.get(f"/c/{number}").status_code == 200
    assert len(statements) == CONVERSATION_PAGE, "\n".join(statements)
