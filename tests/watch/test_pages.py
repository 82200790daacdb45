"""What /healthz, every page, the admins' page and the doctor say of what stands still."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from inbox.doctor import examine
from inbox.members.models import Member
from inbox.watch.watch import Watch
from tests.factories.basics import make_member
from tests.factories.members import sign_in_as
from tests.factories.watch import beat
from tests.fixtures.app import MovingClock

SENDING = ("workers.sending.send_due", "workers.timers.sweep_due")


@pytest.fixture(autouse=True)
def watch(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Give the application a watch that remembers nothing."""
    fresh = Watch()
    monkeypatch.setitem(app.extensions, "watch", fresh)
    return fresh


@pytest.fixture
def admin(session: Session, moving_clock: MovingClock) -> Member:
    return make_member(session, is_admin=True)


def page(app: Flask, session: Session, member: Member, path: str = "/banners") -> str:
    return sign_in_as(app, session, member).get(path).get_data(as_text=True)


def test_healthz_tells_each_ones_age_and_503_when_one_is_too_old(
    session: Session, client: FlaskClient, moving_clock: MovingClock
) -> None:
    beat(session, ago=7)
    answer = client.get("/healthz")
    assert answer.json is not None
    assert (answer.status_code, answer.json["status"], answer.json["stopped"]) == (200, "ok", [])
    assert answer.json["sweeps"]["timers.sweep_due"] == 7.0
    moving_clock.move(seconds=41)
    answer = client.get("/healthz")
    assert answer.json is not None
    assert (answer.status_code, answer.json["status"]) == (503, "stopped")
    assert answer.json["stopped"] == ["sending.send_due"]


def test_a_banner_tells_everybody_what_stands_still_and_goes_after_repair(
    app: Flask, session: Session, admin: Member, moving_clock: MovingClock
) -> None:
    beat(session, ago=20)
    other = make_member(session)
    assert "checked" not in page(app, session, other)
    moving_clock.move(seconds=60)
    for_all, for_admins = page(app, session, other), page(app, session, admin)
    for shown in (for_all, for_admins):
        assert 'Nothing has been checked since <time datetime="2026-11-20T11:59:40+00:00"' in shown
    assert "Tell whoever looks after the server." in for_all
    assert "/watch" not in for_all
    assert 'href="/watch"' in for_admins
    beat(session)
    moving_clock.move(seconds=16)
    assert "checked" not in page(app, session, other)


@pytest.mark.parametrize(
    ("alive", "said"),
    [
        ((), "Nothing has been checked since"),
        (SENDING, "No channel has been read since"),
        (("workers.polling.poll_due", "workers.upkeep.erase_due"), "No reply and no alert has left since"),
        (("workers.polling.poll_due", "workers.upkeep.erase_due", SENDING[0]), "A part of Relevo has stood still"),
    ],
)
def test_each_part_has_its_words_on_pages_and_in_the_doctor(
    app: Flask, session: Session, admin: Member, moving_clock: MovingClock, alive: tuple[str, ...], said: str
) -> None:
    beat(session, ago=300)
    if alive:
        beat(session, *alive)
    assert said in page(app, session, admin)
    assert said in page(app, session, admin, "/alerts")
    assert "stands still" in page(app, session, admin, "/watch")
    (finding,) = examine(session, app.config["RELEVO"])
    assert finding.startswith("sweeps stand still since 20 Nov 2026, 11:55 UTC (")
    assert ("timers.sweep_due" in finding) is (SENDING[1] not in alive)


def test_where_all_is_well_the_doctor_finds_nothing_and_the_page_lists_all(
    app: Flask, session: Session, admin: Member
) -> None:
    beat(session, ago=7)
    assert examine(session, app.config["RELEVO"]) == []
    shown = page(app, session, admin, "/watch")
    assert "Everything is being done." in shown
    assert "Deadlines" in shown
    assert "7 s ago" in shown
    assert "RELEVO_LAST_RESORT_URL is not set" in shown


def test_the_page_is_for_admins(app: Flask, session: Session, moving_clock: MovingClock) -> None:
    assert sign_in_as(app, session, make_member(session)).get("/watch").status_code == 404


def test_pages_believe_what_the_thread_found_a_moment_ago(
    app: Flask, session: Session, admin: Member, watch: Watch, moving_clock: MovingClock
) -> None:
    beat(session, ago=300)
    watch.look(session)
    beat(session)
    assert "Nothing has been checked" in page(app, session, admin)
