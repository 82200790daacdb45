"""What the sandbox plays calls nobody: its steps are in the log, and whoever wants to try one is told alone."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts.access import list_open
from inbox.escalation import webhooks
from inbox.escalation.steps import Step, Target, TargetKind
from inbox.notifications.models import Notification
from tests.factories.alerts import breach, log_of, make_policy, make_reachable, state_of, sweep
from tests.factories.basics import make_channel, make_member
from tests.factories.members import form_token, post, sign_in_as
from tests.factories.notifications import Office, add_method
from tests.fixtures.app import MovingClock


def whom(number: int, kind: TargetKind = TargetKind.MEMBER) -> Target:
    return Target(kind, number)


def count_queued(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(Notification)) or 0


def test_steps_are_taken_in_the_log_alone(
    app: Flask, session: Session, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(app.config["RELEVO"], last_resort_url="https://pager.example/hook")
    monkeypatch.setitem(app.config, "RELEVO", settings)
    ana, diego, stranger = make_reachable(session, "Ana"), make_member(session, "Diego"), make_member(session)
    hook = webhooks.add(session, "https://hooks.example/x", "a signing secret", clock.now())
    steps = Step(0, (whom(ana.id), whom(hook.id, TargetKind.WEBHOOK))), Step(600, (whom(diego.id),))
    played = make_channel(session, is_sandbox=True)
    alert = breach(session, played.id, make_policy(session, *steps))
    breach(session, played.id, kind="warning", assignee_id=ana.id)
    session.commit()
    for minutes in (0, 1, 9, 5):
        moving_clock.move(minutes=minutes)
        sweep(session)
    assert log_of(session, alert) == ["raised", "told Ana", "told", "passed Diego no_method", "unreachable nobody"]
    assert count_queued(session) == 0
    assert list_open(session, stranger) == []  # no siren for everybody
    assert [one.alert.id for one in list_open(session, ana) if one.alert.kind == "breach"] == [alert.id]


def test_whoever_tries_one_is_told_alone_and_takes_it_by_its_link(app: Flask, session: Session, office: Office) -> None:
    vera, ana = make_member(session, "Vera", is_admin=True), make_reachable(session, "Ana")
    played = make_channel(session, "sandbox_feed", display_name="Acme", is_sandbox=True)
    alert = breach(session, played.id, make_policy(session, Step(0, (whom(ana.id),))))
    session.commit()
    sweep(session)
    browser = sign_in_as(app, session, vera)
    page = browser.get(f"/alerts/{alert.id}").text
    assert "Ana would be told, if this were real" in page
    assert "Try it on me" in page
    post(browser, f"/alerts/{alert.id}/try")
    assert "Nothing verified reaches you." in browser.get(f"/alerts/{alert.id}").text
    add_method(session, vera)
    session.commit()
    post(browser, f"/alerts/{alert.id}/try")
    office.work()
    assert office.sender.subjects() == ["1 person waits too long on Sandbox feed · Acme"]
    assert "Vera tries it: Vera alone is being told" in browser.get(f"/alerts/{alert.id}").text
    link = office.sender.letters[0][1].acknowledge_url or ""
    path = "/a/" + link.rpartition("/a/")[2]
    phone = app.test_client()
    assert "You have it" in phone.post(path, headers={"X-CSRFToken": form_token(phone, path)}).text
    assert state_of(session, alert) == "acknowledged"
    office.clock.move(minutes=1)
    sweep(session)
    assert office.work() == 0


def test_a_real_alert_is_not_tried(app: Flask, session: Session, moving_clock: MovingClock) -> None:
    vera = make_reachable(session, "Vera", is_admin=True)
    alert = breach(session, make_channel(session).id, due_at=clock.now() - timedelta(hours=1))
    browser = sign_in_as(app, session, vera)
    assert "Try it on me" not in browser.get(f"/alerts/{alert.id}").text
    post(browser, f"/alerts/{alert.id}/try")
    assert count_queued(session) == 0
