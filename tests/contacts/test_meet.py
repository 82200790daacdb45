"""People are known by the platform's id in its scope, never by their handle (RULES A4)."""

from collections.abc import Iterator

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from inbox.bulk import take_ids
from inbox.contacts.meet import meet, meet_ids
from inbox.contacts.models import Contact
from inbox.contacts.queries import find_contact
from inbox.platforms.items import Author
from tests.fixtures.app import START, MovingClock

pytestmark = pytest.mark.usefixtures("moving_clock")


@pytest.fixture
def written(session: Session) -> Iterator[list[str]]:
    """The statements sent to the database."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def test_a4_contacts_are_unique_by_platform_scope_and_id(session: Session) -> None:
    met = meet(session, "mastodon", [Author("1", "a.example", "ana.test"), Author("1", "b.example", "ana.test")])
    other = meet(session, "bluesky", [Author("1", "a.example", "ana.test")])
    assert len({contact.id for contact in [*met.values(), *other.values()]}) == 3
    assert list(met) == [("a.example", "1"), ("b.example", "1")]


def test_a4_a_handle_is_no_identity(session: Session, moving_clock: MovingClock) -> None:
    (ana,) = meet(session, "bluesky", [Author("did:1", handle="ana.test", display_name="Ana")]).values()
    moving_clock.move(60)
    (renamed,) = meet(session, "bluesky", [Author("did:1", handle="ana.shop.test", display_name="Ana P.")]).values()
    (taken,) = meet(session, "bluesky", [Author("did:2", handle="ana.test")]).values()
    assert (renamed.id, renamed.handle, renamed.display_name) == (ana.id, "ana.shop.test", "Ana P.")
    assert taken.id != ana.id
    assert renamed.first_seen_at == START
    assert renamed.updated_at == moving_clock.at


def test_the_same_person_twice_on_a_page_is_one(session: Session) -> None:
    met = meet(session, "bluesky", [Author("did:1", handle="old.test"), Author("did:1", handle="new.test")])
    assert [contact.handle for contact in met.values()] == ["new.test"]


def test_what_a_platform_leaves_out_does_not_wipe_what_is_known(session: Session) -> None:
    known = Author("did:1", handle="ana.test", display_name="Ana", avatar_url="https://cdn.example/a.png")
    meet(session, "bluesky", [known])
    (contact,) = meet(session, "bluesky", [Author("did:1")]).values()
    assert (contact.handle, contact.display_name, contact.avatar_url) == ("ana.test", "Ana", known.avatar_url)


def test_nothing_is_written_when_nothing_differs(session: Session, moving_clock: MovingClock) -> None:
    meet(session, "bluesky", [Author("did:1", handle="ana.test")])
    moving_clock.move(60)
    (contact,) = meet(session, "bluesky", [Author("did:1", handle="ana.test")]).values()
    assert contact.updated_at == START


def test_one_upsert_and_one_select_in_the_order_of_keys(session: Session, written: list[str]) -> None:
    authors = [Author(f"did:{number:03}", handle=f"fan{number}.test") for number in range(300)]
    session.connection()  # begins the transaction
    written.clear()
    met = meet(session, "bluesky", reversed(authors))
    assert [statement.split()[0] for statement in written] == ["INSERT", "SELECT"]
    assert list(met) == [("", author.external_id) for author in authors]
    ids = [contact.id for contact in met.values()]
    assert ids == sorted(ids), "rows are written in the order of their keys, so that workers can't block each other"


def test_many_people_at_once(session: Session) -> None:
    assert len(meet(session, "bluesky", [Author(f"did:{number}") for number in range(1_001)])) == 1_001
    assert session.scalar(select(func.count()).select_from(Contact)) == 1_001
    assert meet(session, "bluesky", []) == {}


def test_find_contact(session: Session) -> None:
    meet(session, "bluesky", [Author("did:1", handle="ana.test")])
    found = find_contact(session, "bluesky", "", "did:1")
    assert found is not None
    assert found.handle == "ana.test"
    assert find_contact(session, "bluesky", "x", "did:1") is None


def test_a_busy_page_writes_only_who_is_new_or_differs(session: Session, written: list[str]) -> None:
    authors = [
        Author(f"did:{number}", handle=f"fan{number}.test", avatar_url="https://cdn.example/a.png")
        for number in range(20)
    ]

    def met(*these: Author) -> dict[tuple[str, str], int]:
        ids = take_ids(session, [Contact], len(these))[Contact]
        written.clear()
        return meet_ids(session, "bluesky", these, ids)

    first = met(*authors)
    assert [statement.split()[0] for statement in written] == ["SELECT", "INSERT"]
    assert first == {key: contact.id for key, contact in meet(session, "bluesky", authors).items()}
    assert met(*authors, Author("did:3")) == first
    assert [statement.split()[0] for statement in written] == ["SELECT"]
    changed = met(Author("did:3", handle="new.test"), Author("did:99"), authors[0])
    assert [statement.split()[0] for statement in written] == ["SELECT", "INSERT", "INSERT"]
    assert changed["", "did:3"] == first["", "did:3"]
    found = find_contact(session, "bluesky", "", "did:3")
    assert found is not None
    session.refresh(found)
    assert (found.handle, found.avatar_url) == ("new.test", "https://cdn.example/a.png")
