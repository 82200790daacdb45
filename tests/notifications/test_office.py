"""The edges of the post office: several workers, a new key, and the last resort over real HTTP."""

import json
import threading
from dataclasses import replace

from flask import Flask, current_app

from inbox import clock
from inbox.notifications.claim import Job
from inbox.notifications.methods import rotate_all
from inbox.notifications.notices import Notice
from inbox.notifications.queue import notify_last_resort
from inbox.notifications.send import claim_one, send_claimed
from inbox.security import Vault, new_key
from tests.factories.basics import make_member
from tests.factories.notifications import Office, add_method
from tests.inbox.wire import answering, reply


def test_the_last_resort_is_queued_sent_and_tried_again(office: Office) -> None:
    with answering(reply(b"", "503 Service Unavailable"), reply()) as server:
        settings = replace(
            office.post.settings, last_resort_url=f"{server.url}/s3cret", local_services=frozenset({server.url})
        )
        office.post = replace(office.post, settings=settings)
        current_app.config["RELEVO"], kept = settings, current_app.config["RELEVO"]
        try:
            assert notify_last_resort(office.session, _nobody_answers, alert_id=1, now=clock.now()) == 1
            office.work()
            office.clock.move(10)
            office.work()
        finally:
            current_app.config["RELEVO"] = kept
    assert office.states() == [("sent", None)]
    assert b"Nobody answers" in server.requests[1]
    assert all(b"s3cret" not in (row.sealed or b"") for row in office.rows())


def _nobody_answers(language: str) -> Notice:
    return Notice("alert", "Nobody answers", (), "/alerts")


def test_several_workers_at_once_send_each_letter_once(app: Flask, office: Office) -> None:
    members = [make_member(office.session) for _ in range(6)]
    for member in members:
        add_method(office.session, member)
        for number in range(3):
            office.tell(member, f"Alert {number}")
    office.session.commit()
    jobs: list[Job] = []

    def work() -> None:
        with app.app_context():
            while (job := claim_one(office.post)) is not None:
                jobs.append(job)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len({job.notification_id for job in jobs}) == len(jobs) == 6
    carried = [row for row in office.rows() if row.carried_by_id is not None]
    assert len({job.notification_id for job in jobs} & {row.id for row in carried}) == 0
    # the first worker of a method takes the rest along, but for what another one had in its hands
    office.session.rollback()
    office.clock.move(60)
    for job in jobs:
        send_claimed(office.post, job)
    office.work()
    assert {state for state, _ in office.states()} == {"sent", "cancelled"}


def test_addresses_and_what_has_not_left_survive_a_new_key(office: Office) -> None:
    member = make_member(office.session)
    method = add_method(office.session, member)
    office.tell(member)
    old, fresh = office.post.settings.secret_keys, new_key()
    assert rotate_all(office.session, Vault((fresh, *old))) == 1
    row = office.rows()[0]
    assert method.sealed is not None
    assert row.sealed is not None
    assert json.loads(Vault((fresh,)).open(method.sealed)) == {"to": f"member {member.id}"}
    assert json.loads(Vault((fresh,)).open(row.sealed))["subject"] == "3 overdue on Acme"
