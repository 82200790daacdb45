"""The notifying tasks: what each tick does, in an application context, with the provider at the edge."""

from collections.abc import Iterator

import pytest
from flask import Flask

from inbox.notifications.contract import Fate, NotDelivered
from tests.factories.basics import make_member
from tests.factories.notifications import Office, add_method
from workers import notifying
from workers.crew import Crew

PATIENCE_SECONDS = 30


@pytest.fixture
def crews(app: Flask, office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Crew]]:
    """Let the tasks use the test's application, provider and threads."""
    made: dict[str, Crew] = {}
    monkeypatch.setattr(notifying, "flask_app", lambda: app)
    monkeypatch.setattr(notifying, "post", lambda: office.post)
    monkeypatch.setattr(notifying, "crew_of", lambda name, size: made.setdefault(name, Crew(name, size)))
    yield made
    assert all(crew.is_done_within(PATIENCE_SECONDS) for crew in made.values())


def finish(office: Office, crews: dict[str, Crew]) -> list[tuple[str, str | None]]:
    assert all(crew.is_done_within(PATIENCE_SECONDS) for crew in crews.values())
    states = office.states()
    office.session.rollback()
    return states


def test_a_tick_sends_everything_that_is_due_each_in_its_language(office: Office, crews: dict[str, Crew]) -> None:
    for locale in ("en", "es") * 4:
        member = make_member(office.session, locale=locale)
        add_method(office.session, member)
        office.tell(member)
    office.session.commit()
    notifying.notify_due()
    assert finish(office, crews) == [("sent", None)] * 8
    words = sorted(letter.acknowledge_word for _, letter in office.sender.letters)
    assert words == ["Acknowledge"] * 4 + ["Me encargo"] * 4


def test_a_provider_that_breaks_stops_nobody_else(office: Office, crews: dict[str, Crew]) -> None:
    for _ in range(3):
        member = make_member(office.session)
        add_method(office.session, member)
        office.tell(member)
    office.session.commit()
    office.sender.failures = [RuntimeError("broken"), NotDelivered("http_503", is_sure=True)]
    notifying.notify_due()
    assert sorted(state for state, _ in finish(office, crews)) == ["queued", "sent", "unclear"]


def test_a_tick_asks_what_became_of_what_was_accepted(office: Office, crews: dict[str, Crew]) -> None:
    member = make_member(office.session)
    add_method(office.session, member)
    office.sender.is_looked_for = True
    office.sender.fates = [(Fate.LOST, "no-answer")]
    office.tell(member)
    office.session.commit()
    notifying.notify_due()
    finish(office, crews)
    office.clock.move(10)
    notifying.trace_due()
    assert finish(office, crews) == [("gone", "phone_no-answer")]


def test_a_browser_that_is_gone_is_ended_by_a_thread_of_the_worker(office: Office, crews: dict[str, Crew]) -> None:
    member = make_member(office.session)
    gone = add_method(office.session, member)
    add_method(office.session, member, kind="second", place=1, is_urgent_only=True)
    office.sender.failures = [NotDelivered("push_gone", is_sure=True, is_final=True, is_gone=True)]
    office.tell(member, is_alert=False)
    office.session.commit()
    notifying.notify_due()
    assert finish(office, crews)[0] == ("refused", "push_gone")
    office.session.refresh(gone)
    assert (gone.sealed, gone.verified_at, gone.error_code) == (None, None, "push_gone")
    assert office.second.subjects() == ["A browser gets no more alerts"]
