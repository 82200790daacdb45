"""The pages of alerts and of escalation policies, as members use them."""

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.alerts import links
from inbox.alerts.acknowledge import BY_PAGE, acknowledge
from inbox.alerts.log import move, write
from inbox.alerts.models import Alert, AlertLink, AlertState, EventKind
from inbox.channels import states
from inbox.channels.models import Channel
from inbox.escalation.models import EscalationPolicy, EscalationVersion
from inbox.escalation.policies import get_plan
from inbox.escalation.steps import DEFAULT, Step, Target, TargetKind
from inbox.live.hub import as_data, read_batch
from inbox.live.tail import read_since
from inbox.members.models import Member
from inbox.oncall.models import Rotation
from inbox.settings import Pace
from tests.access.world import MARKER
from tests.factories.alerts import breach, log_of, make_policy, state_of, sweep
from tests.factories.basics import join_team, make_channel, make_grant, make_member, make_responder, make_team
from tests.factories.members import form_token, sign_in_as
from tests.fixtures.app import MovingClock

TOKEN = "a-token-that-one-member-was-sent"


def make_lead(session: Session, channel: Channel, name: str = "Lea") -> Member:
    member, team = make_member(session, name), make_team(session)
    join_team(session, member, team, "lead")
    make_grant(session, team, channel)
    return member


def with_link(session: Session, alert: Alert, member: Member) -> Alert:
    links.keep(session, TOKEN, alert_id=alert.id, member_id=member.id, now=clock.now(), pace=Pace())
    session.commit()
    return alert


def test_a_lead_sees_an_alert_above_every_page_and_takes_it(
    app: Flask, session: Session, moving_clock: MovingClock
) -> None:
    channel = make_channel(session, display_name="Acme")
    lead = make_lead(session, channel)
    alert = breach(session, channel.id)
    browser = sign_in_as(app, session, lead)
    shown = browser.get("/channels").text
    assert "1 person waits too long on" in shown
    assert "· Acme" in shown
    given = {"X-CSRFToken": form_token(browser)}
    answer = browser.post(f"/alerts/{alert.id}/acknowledge", headers=given, follow_redirects=True)
    assert "Lea has it" in answer.text
    assert state_of(session, alert) == "acknowledged"
    assert "waits too long" not in browser.get("/channels").text
    again = browser.post(f"/alerts/{alert.id}/acknowledge", headers=given, follow_redirects=True)
    assert "Somebody took this alert a moment ago." in again.text


def test_who_was_not_told_and_leads_nothing_knows_of_no_alert(
    app: Flask, session: Session, moving_clock: MovingClock
) -> None:
    channel = make_channel(session, display_name="Acme")
    responder = make_responder(session, channel)
    alert = breach(session, channel.id)
    browser = sign_in_as(app, session, responder)
    assert browser.get(f"/alerts/{alert.id}").status_code == 404
    assert "waits too long" not in browser.get("/alerts").text
    write(session, alert, EventKind.TOLD, clock.now(), member_id=responder.id, via="assignee")
    assert browser.get(f"/alerts/{alert.id}").status_code == 200


def test_what_nobody_was_reached_for_is_on_everybodys_screen(
    app: Flask, session: Session, moving_clock: MovingClock
) -> None:
    channel = make_channel(session, display_name=MARKER)
    alert = breach(session, channel.id)
    stranger, worker = make_member(session), make_responder(session, channel)
    move(session, alert, AlertState.UNREACHABLE)
    page = sign_in_as(app, session, stranger).get("/channels").text
    assert "People wait too long, and nobody took it." in page
    assert MARKER not in page
    assert f"· {MARKER}" in sign_in_as(app, session, worker).get("/channels").text


def test_open_pages_hear_of_it_without_its_channel(session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session)
    stranger, admin = make_member(session), make_member(session, is_admin=True)
    started_at = clock.now()
    alert = breach(session, channel.id)
    moving_clock.move(1)
    batch = read_batch(session, read_since(session, started_at))
    assert batch.heard_by(stranger.id) == []
    assert as_data(batch.heard_by(admin.id), [])["alerts"]
    move(session, alert, AlertState.UNREACHABLE)
    heard = read_batch(session, read_since(session, clock.now())).heard_by(stranger.id)
    assert as_data(heard, []) == {"rows": [], "gone": [], "channels": [], "alerts": True}
    record(session, kinds.CHANNEL_CHANGED, channel_id=channel.id)
    assert len(read_batch(session, read_since(session, clock.now())).heard_by(stranger.id)) == 1


def test_the_log_says_who_was_told_when_and_what_came_of_it(
    app: Flask, session: Session, moving_clock: MovingClock
) -> None:
    channel = make_channel(session)
    lead = make_lead(session, channel)
    alert = breach(session, channel.id, make_policy(session, Step(0, (Target(TargetKind.MEMBER, lead.id),))))
    session.commit()
    sweep(session)
    page = sign_in_as(app, session, lead).get(f"/alerts/{alert.id}").text
    assert "was passed: no verified way to reach them" in page
    assert "Nobody could be reached: shown to everybody" in page


def test_the_links_page_takes_nothing_and_its_button_takes_the_alert_once(
    app: Flask, session: Session, moving_clock: MovingClock
) -> None:
    ana = make_member(session, "Ana")
    alert = with_link(session, breach(session, make_channel(session, display_name="Acme").id), ana)
    browser = app.test_client()
    for method in ("get", "head", "get"):
        assert getattr(browser, method)(f"/a/{TOKEN}").status_code == 200
    assert state_of(session, alert) == "triggered"
    given = {"X-CSRFToken": form_token(browser, f"/a/{TOKEN}")}
    assert "You have it" in browser.post(f"/a/{TOKEN}", headers=given).text
    assert state_of(session, alert) == "acknowledged"
    assert log_of(session, alert)[-1] == "acknowledged Ana"
    assert browser.get("/").status_code == 303, "it signs nobody in"
    assert browser.get(f"/a/{TOKEN}").status_code == 404
    assert browser.post(f"/a/{TOKEN}", headers=given).status_code == 404


def test_the_links_page_speaks_to_whose_it_is_in_their_zone_and_language(
    app: Flask, session: Session, moving_clock: MovingClock
) -> None:
    ana = make_member(session, "Ana", time_zone="America/Mexico_City", locale="es")
    due_at = clock.now().replace(hour=23, minute=30)
    alert = with_link(session, breach(session, make_channel(session).id, due_at=due_at), ana)
    reader = sign_in_as(app, session, make_member(session, time_zone="Europe/Madrid", locale="en"))
    page = reader.get(f"/a/{TOKEN}").text
    assert "17:30" in page
    assert "(America/Mexico_City)" in page
    assert 'lang="es"' in page
    acknowledge(session, alert.id, ana.id, by=BY_PAGE, now=clock.now(), pace=Pace())
    session.commit()
    assert "6:30" in reader.get(f"/a/{TOKEN}").text  # until when she has it


def test_a_warning_that_is_taken_by_its_link_promises_no_further_steps(
    app: Flask, session: Session, moving_clock: MovingClock
) -> None:
    ana = make_member(session, "Ana")
    with_link(session, breach(session, make_channel(session).id, kind="warning", assignee_id=ana.id), ana)
    browser = app.test_client()
    given = {"X-CSRFToken": form_token(browser, f"/a/{TOKEN}")}
    assert "half an hour" not in browser.get(f"/a/{TOKEN}").text
    assert "half an hour" not in browser.post(f"/a/{TOKEN}", headers=given).text


def test_the_log_names_the_rota_that_had_a_gap(app: Flask, session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session)
    lead = make_lead(session, channel)
    rota = Rotation(kind="on_call", name="Noches", time_zone="UTC", created_at=clock.now())
    session.add(rota)
    session.flush()
    alert = breach(session, channel.id, make_policy(session, Step(0, (Target(TargetKind.ROTATION, rota.id),))))
    session.commit()
    sweep(session)
    page = sign_in_as(app, session, lead).get(f"/alerts/{alert.id}").text
    assert "Passed at once: nobody is on call in Noches" in page


def test_a_post_without_the_pages_form_takes_nothing(app: Flask, session: Session, moving_clock: MovingClock) -> None:
    alert = with_link(session, breach(session, make_channel(session).id), make_member(session))
    assert app.test_client().post(f"/a/{TOKEN}").status_code == 400
    assert state_of(session, alert) == "triggered"


def test_an_old_a_foreign_and_an_invented_link_take_nothing(
    app: Flask, session: Session, moving_clock: MovingClock
) -> None:
    ana = make_member(session, "Ana")
    alert = with_link(session, breach(session, make_channel(session).id), ana)
    browser = app.test_client()
    given = {"X-CSRFToken": form_token(browser, f"/a/{TOKEN}")}
    assert browser.post(f"/a/{TOKEN}x", headers=given).status_code == 404
    ana.deactivated_at = clock.now()
    assert browser.post(f"/a/{TOKEN}", headers=given).status_code == 404
    ana.deactivated_at = None
    moving_clock.move(hours=24)
    assert browser.post(f"/a/{TOKEN}", headers=given).status_code == 404
    assert state_of(session, alert) == "triggered"


def test_the_database_knows_only_a_links_hash(session: Session, moving_clock: MovingClock) -> None:
    with_link(session, breach(session, make_channel(session).id), make_member(session))
    assert TOKEN not in session.scalars(select(AlertLink.token_hash)).one()


def _form(**given: str) -> dict[str, str]:
    return {
        "name": "Nights",
        "seen_number": "1",
        "step_count": "1",
        "step-0-minutes": "0",
        "step-0-admins": "1",
        "repeat_count": "2",
        "wakes": "everything",
        **given,
    }


def test_a_lead_makes_a_policy_for_their_team_and_another_version(
    app: Flask, session: Session, moving_clock: MovingClock
) -> None:
    lead = make_lead(session, make_channel(session))
    team_id = lead.memberships[0].team_id
    browser = sign_in_as(app, session, lead)
    given = {"X-CSRFToken": form_token(browser)}
    refused = browser.post("/escalation/new", data=_form(), headers=given)
    assert "Choose one of your teams." in refused.text
    made = browser.post("/escalation/new", data=_form(team_id=str(team_id)), headers=given)
    assert made.status_code == 303
    policy = session.scalars(select(EscalationPolicy)).one()
    more = {"step_count": "2", "step-1-minutes": "10", "step-1-member": str(lead.id)}
    saved = browser.post(f"/escalation/{policy.id}", data=_form(**more), headers=given, follow_redirects=True)
    assert "Saved. Open alerts follow it" in saved.text
    assert [step.wait_seconds for step in get_plan(session, policy.id).steps] == [0, 600]
    late = browser.post(f"/escalation/{policy.id}", data=_form(), headers=given)
    assert late.status_code == 409
    assert "Somebody saved this policy while you wrote." in late.text
    assert session.scalar(select(func.count()).select_from(EscalationVersion)) == 2


def test_steps_are_added_moved_and_taken_out_without_a_script(
    app: Flask, session: Session, moving_clock: MovingClock
) -> None:
    browser = sign_in_as(app, session, make_member(session, is_admin=True))
    given = {"X-CSRFToken": form_token(browser)}
    added = browser.post("/escalation/new", data=_form(act="add"), headers=given).text
    assert 'name="step-1-minutes"' in added
    two = _form(**{"step_count": "2", "step-1-minutes": "15", "step-1-all_leads": "1"})
    up = browser.post("/escalation/new", data={**two, "act": "up:1"}, headers=given).text
    assert up.index('value="15"') < up.index('name="step-1-minutes"')
    out = browser.post("/escalation/new", data={**two, "act": "remove:0"}, headers=given).text
    assert 'name="step-1-minutes"' not in out
    assert session.scalars(select(EscalationPolicy)).all() == []


def test_what_cannot_be_used_is_said_and_the_form_keeps_its_words(
    app: Flask, session: Session, moving_clock: MovingClock
) -> None:
    browser = sign_in_as(app, session, make_member(session, is_admin=True))
    given = {"X-CSRFToken": form_token(browser)}
    wrong = {
        "Choose whom each step tells": {"step-0-admins": ""},
        "whole number of minutes": {"step-0-minutes": "soon"},
        "at most 1440": {"step-0-minutes": "1441"},
        "names somebody whom you": {"step-0-member": "999999"},
        "repeated 0 to 20 times": {"repeat_count": "21"},
        "for what somebody is woken": {"wakes": "always"},
        "at least one step": {"step_count": "0"},
        "at least 16 characters": {"step-0-new_webhook": "https://hooks.example/x", "step-0-new_secret": "short"},
    }
    for said, change in wrong.items():
        answer = browser.post("/escalation/new", data=_form(**change), headers=given)
        assert answer.status_code == 400, said
        assert said in answer.text
        assert 'value="Nights"' in answer.text


def test_a_webhooks_address_is_sealed_and_only_its_host_is_shown(
    app: Flask, session: Session, moving_clock: MovingClock
) -> None:
    browser = sign_in_as(app, session, make_member(session, is_admin=True))
    given = {"X-CSRFToken": form_token(browser)}
    hook = {"step-0-new_webhook": "https://hooks.example/s3cret-path", "step-0-new_secret": "a signing secret"}
    assert browser.post("/escalation/new", data=_form(**hook), headers=given).status_code == 303
    policy = session.scalars(select(EscalationPolicy)).one()
    page = browser.get(f"/escalation/{policy.id}").text
    assert "hooks.example" in page
    assert "s3cret" not in page


def test_a_lead_reads_the_houses_policy_and_changes_it_not(
    app: Flask, session: Session, moving_clock: MovingClock
) -> None:
    house = make_policy(session, *DEFAULT.steps)
    browser = sign_in_as(app, session, make_lead(session, make_channel(session)))
    given = {"X-CSRFToken": form_token(browser)}
    page = browser.get(f"/escalation/{house.id}").text
    assert "an admin can change it" in page
    assert "After 15 minutes: all leads of the channel" in page
    assert browser.post(f"/escalation/{house.id}", data=_form(), headers=given).status_code == 403
    assert sign_in_as(app, session, make_member(session)).get("/escalation").status_code == 404


def test_an_alert_of_a_channel_leads_to_the_channels_page(app: Flask, session: Session) -> None:
    channel = make_channel(session, "bluesky", display_name="Acme España")
    states.ask_for_person(session, channel, "token_expired")
    admin = sign_in_as(app, session, make_member(session, is_admin=True))
    number = session.scalars(select(Alert.id)).one()
    page = admin.get(f"/alerts/{number}").text
    assert "Bluesky · Acme España needs somebody" in page
    assert f'href="/channels/{channel.id}"' in page
    assert "Who waits" not in page
