"""Alerts that leave by a provider at the edge: it fails, it works, and what has not left yet is taken back."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts.acknowledge import BY_PAGE, acknowledge
from inbox.alerts.raising import close_for_timer
from inbox.escalation.steps import Step, Target, TargetKind
from inbox.notifications.contract import Fate, NotDelivered
from inbox.outbox.models import Delivery
from inbox.settings import Pace
from tests.factories.alerts import breach, log_of, make_policy, make_reachable, sweep
from tests.factories.basics import make_channel
from tests.factories.notifications import Office


def server_error() -> NotDelivered:
    return NotDelivered("server_error", is_sure=True)


def test_a_provider_that_answers_500_three_times_is_passed_and_the_next_hears_of_it(
    session: Session, office: Office
) -> None:
    ana = make_reachable(session, "Ana")
    make_reachable(session, "Vera", is_admin=True)
    channel = make_channel(session, display_name="Acme")
    alert = breach(session, channel.id, make_policy(session, Step(0, (Target(TargetKind.MEMBER, ana.id),))))
    office.sender.failures = [server_error(), server_error(), server_error()]
    session.commit()
    for _ in range(40):
        sweep(session)
        office.work()
        office.clock.move(seconds=5)
    assert log_of(session, alert) == ["raised", "told Ana", "passed Ana failed", "told Vera", "reached Vera"]
    assert office.sender.subjects() == ["1 person waits too long on Sandbox feed · Acme"]
    letter = office.sender.letters[0][1]
    assert "/a/" in (letter.acknowledge_url or "")
    assert letter.url.endswith(f"/alerts/{alert.id}")


def test_what_has_not_left_when_somebody_takes_it_never_leaves(session: Session, office: Office) -> None:
    ana, diego = make_reachable(session, "Ana"), make_reachable(session, "Diego")
    both = Target(TargetKind.MEMBER, ana.id), Target(TargetKind.MEMBER, diego.id)
    alert = breach(session, make_channel(session).id, make_policy(session, Step(0, both)))
    session.commit()
    sweep(session)
    acknowledge(session, alert.id, diego.id, by=BY_PAGE, now=clock.now(), pace=Pace())
    session.commit()
    sweep(session)
    assert office.work() == 0
    assert session.scalars(select(Delivery.state)).all() == ["cancelled", "cancelled"]


def test_what_has_not_left_when_the_last_one_is_answered_never_leaves(session: Session, office: Office) -> None:
    ana = make_reachable(session, "Ana")
    step = Step(0, (Target(TargetKind.MEMBER, ana.id),))
    breach(session, make_channel(session).id, make_policy(session, step), timer_id=7)
    session.commit()
    sweep(session)
    close_for_timer(session, 7, clock.now())
    session.commit()
    sweep(session)
    assert office.work() == 0


def test_what_the_provider_says_later_did_not_arrive_reached_nobody(session: Session, office: Office) -> None:
    ana = make_reachable(session, "Ana")
    make_reachable(session, "Vera", is_admin=True)
    steps = Step(0, (Target(TargetKind.MEMBER, ana.id),)), Step(3600, (Target(TargetKind.MEMBER, ana.id),))
    alert = breach(session, make_channel(session).id, make_policy(session, *steps))
    session.commit()
    sweep(session)
    office.sender.is_looked_for = True
    office.sender.fates = [(Fate.LOST, "no-answer"), (Fate.ARRIVED, "completed")]
    office.work()
    office.clock.move(seconds=5)
    sweep(session)
    assert log_of(session, alert) == ["raised", "told Ana"]
    for _ in range(4):
        office.clock.move(seconds=10)
        office.work()
        sweep(session)
    assert log_of(session, alert) == ["raised", "told Ana", "passed Ana failed", "told Vera", "reached Vera"]


def test_what_went_along_fares_as_the_message_that_carried_it(session: Session, office: Office) -> None:
    ana = make_reachable(session, "Ana")
    step = Step(0, (Target(TargetKind.MEMBER, ana.id),))
    alerts = []
    for _ in range(3):
        alerts.append(breach(session, make_channel(session).id, make_policy(session, step)))
        session.commit()
        sweep(session)
        office.work()
        office.sender.is_looked_for = True
    office.sender.fates = [(Fate.LOST, "busy")]
    office.clock.move(seconds=61)
    office.work()
    sweep(session)
    assert log_of(session, alerts[2]) == ["raised", "told Ana"]
    office.clock.move(seconds=11)
    office.work()
    sweep(session)
    assert "passed Ana failed" in log_of(session, alerts[2])


def test_what_was_on_its_way_when_somebody_took_it_is_not_sent_again(session: Session, office: Office) -> None:
    ana, ben = make_reachable(session, "Ana"), make_reachable(session, "Ben")
    both = Target(TargetKind.MEMBER, ana.id), Target(TargetKind.MEMBER, ben.id)
    alert = breach(session, make_channel(session).id, make_policy(session, Step(0, both)))
    session.commit()
    sweep(session)
    office.sender.failures = [NotDelivered("timeout", is_sure=False)]
    office.work()
    acknowledge(session, alert.id, ben.id, by=BY_PAGE, now=clock.now(), pace=Pace())
    session.commit()
    sweep(session)
    count = len(office.sender.letters)
    office.clock.move(seconds=70)
    assert office.work() == 0
    assert len(office.sender.letters) == count
    assert office.states() == [("cancelled", "withdrawn"), ("sent", None)]


def test_what_somebody_took_is_left_out_of_the_message_it_went_along_in(session: Session, office: Office) -> None:
    ana = make_reachable(session, "Ana")
    step = Step(0, (Target(TargetKind.MEMBER, ana.id),))
    alerts = []
    for name in ("One", "Two", "Three"):
        alerts.append(breach(session, make_channel(session, display_name=name).id, make_policy(session, step)))
        session.commit()
        sweep(session)
        office.work()
    office.sender.failures = [server_error()]
    office.clock.move(seconds=61)
    office.work()
    acknowledge(session, alerts[2].id, ana.id, by=BY_PAGE, now=clock.now(), pace=Pace())
    session.commit()
    sweep(session)
    office.clock.move(seconds=11)
    office.work()
    assert office.sender.subjects() == [
        "1 person waits too long on Sandbox feed · One",
        "1 person waits too long on Sandbox feed · Two",
    ]
