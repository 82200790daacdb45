"""How notifications leave: tried three times, the next method in turn, held and merged, and none forgotten."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from inbox import clock
from inbox.notifications.contract import Fate, NotDelivered
from inbox.notifications.models import NotificationMethod, QuietHours
from inbox.notifications.queue import notify_last_resort, outcome
from inbox.notifications.send import claim_one
from inbox.notifications.settle import withdraw
from inbox.outbox.models import Attempt
from tests.factories.basics import make_member
from tests.factories.notifications import ALERT_ID, Office, add_method


def refused(code: str = "http_503") -> NotDelivered:
    return NotDelivered(code, is_sure=True)


def final(code: str = "http_404") -> NotDelivered:
    return NotDelivered(code, is_sure=True, is_final=True)


def unclear(code: str = "timeout") -> NotDelivered:
    return NotDelivered(code, is_sure=False)


def test_an_alert_leaves_at_once_by_every_method(office: Office) -> None:
    member = make_member(office.session)
    add_method(office.session, member)
    add_method(office.session, member, "second")
    office.tell(member)
    assert office.work() == 2
    assert office.states() == [("sent", None)] * 2
    ((address, letter),) = office.sender.letters
    assert address == {"to": f"member {member.id}"}
    assert letter.subject == "3 overdue on Acme"
    assert letter.text() == (
        "The first fell due at 18:31.\nOpen: http://127.0.0.1:8000/alerts/7\nAcknowledge: http://127.0.0.1:8000/a/once"
    )
    row = office.rows()[0]
    assert (row.external_id, row.receipt, row.sealed) == ("id-1", "ok", None)
    assert outcome(office.session, ALERT_ID, member.id, clock.now()) == "sent"


def test_what_was_surely_refused_is_tried_three_times_and_then_fails(office: Office) -> None:
    member = make_member(office.session)
    method = add_method(office.session, member)
    office.sender.failures = [refused(), refused(), refused("http_429")]
    office.tell(member)
    began = clock.now()
    assert office.work() == 1
    assert office.states() == [("queued", "http_503")]
    office.clock.move(9)
    assert office.work() == 0
    office.clock.move(1)
    assert office.work() == 1
    office.clock.move(60)
    assert office.work() == 1
    assert office.states() == [("refused", "http_429")]
    assert outcome(office.session, ALERT_ID, member.id, began) == "failed"
    assert (method.state, method.error_code) == ("failing", "http_429")
    office.clock.move(3600)
    assert office.work() == 0
    assert office.sender.letters == []
    tries = office.session.scalars(select(Attempt.outcome).order_by(Attempt.number)).all()
    assert tries == ["not_accepted"] * 3


def test_a_provider_that_names_a_time_is_asked_no_earlier(office: Office) -> None:
    member = make_member(office.session)
    add_method(office.session, member)
    office.sender.failures = [NotDelivered("http_429", is_sure=True, again_seconds=45)]
    office.tell(member)
    office.work()
    office.clock.move(44)
    assert office.work() == 0
    office.clock.move(1)
    assert office.work() == 1
    assert office.states() == [("sent", None)]


def test_a_failing_method_is_still_tried_and_mended_by_the_next_message(office: Office) -> None:
    member = make_member(office.session)
    method = add_method(office.session, member)
    office.sender.failures = [final()]
    office.tell(member)
    office.work()
    assert method.state == "failing"
    assert office.tell(member) == 1
    office.work()
    assert (method.state, method.error_code, method.failing_since_at) == ("verified", None, None)


def test_a_lost_answer_is_repeated_after_a_minute_and_says_so(office: Office) -> None:
    member = make_member(office.session)
    add_method(office.session, member)
    office.sender.failures = [unclear()]
    office.tell(member)
    office.work()
    assert office.states() == [("unclear", "timeout")]
    assert outcome(office.session, ALERT_ID, member.id, clock.now()) == "underway"
    office.clock.move(59)
    assert office.work() == 0
    office.clock.move(1)
    assert office.work() == 1
    assert office.states() == [("sent", None)]
    first, again = (letter for _, letter in office.sender.letters)
    assert (first.is_resent, again.is_resent) == (False, True)
    assert first.key == again.key
    assert "may have reached you before" in again.text()


def test_three_lost_answers_end_as_failed_and_not_later(office: Office) -> None:
    member = make_member(office.session)
    add_method(office.session, member)
    office.sender.failures = [unclear(), unclear(), unclear()]
    began = clock.now()
    office.tell(member)
    for _ in range(5):
        office.work()
        office.clock.move(60)
    assert office.states() == [("refused", "timeout")]
    assert len(office.sender.letters) == 3
    assert outcome(office.session, ALERT_ID, member.id, began) == "failed"


@pytest.mark.parametrize("error", [final(), unclear()])
def test_a_warning_takes_the_next_method_at_once_when_the_first_fails(office: Office, error: NotDelivered) -> None:
    member = make_member(office.session)
    add_method(office.session, member, place=1)
    add_method(office.session, member, "second", place=2)
    office.sender.failures = [error]
    assert office.tell(member, is_alert=False) == 2
    office.work()
    assert office.second.subjects() == ["3 overdue on Acme"]
    office.clock.move(3600)
    office.work()
    assert [state for state, _ in office.states()] == ["refused" if error.is_final else "cancelled", "sent"]
    assert len(office.second.letters) == 1


def test_a_warning_that_got_through_spares_the_other_methods(office: Office) -> None:
    member = make_member(office.session)
    add_method(office.session, member, place=1)
    add_method(office.session, member, "second", place=2)
    office.tell(member, is_alert=False)
    office.work()
    assert office.states() == [("sent", None), ("cancelled", "not_needed")]
    assert office.second.letters == []


def test_a_worker_that_was_killed_leaves_nothing_behind(office: Office) -> None:
    member = make_member(office.session)
    add_method(office.session, member)
    office.tell(member)
    office.session.commit()
    assert claim_one(office.post) is not None  # and then it dies
    office.clock.move(119)
    assert office.work() == 0
    office.clock.move(1)
    assert office.work() == 0
    office.clock.move(60)
    assert office.work() == 1
    assert office.states() == [("sent", None)]
    assert office.sender.letters[0][1].is_resent


def test_an_error_of_ours_is_unclear_and_no_secret_reaches_the_log(
    office: Office,
) -> None:
    member = make_member(office.session)
    add_method(office.session, member, address={"to": "s3cret-address"})
    office.sender.failures = [RuntimeError("s3cret-address")]
    office.tell(member)
    with capture_logs() as logs:
        office.work()
    assert office.states() == [("unclear", "broken")]
    assert logs
    assert "s3cret" not in repr(logs)


def test_the_second_message_waits_a_minute_and_takes_along_what_was_held(office: Office) -> None:
    member = make_member(office.session)
    add_method(office.session, member)
    for number in range(5):
        office.tell(member, f"Alert {number}")
        office.work()
    assert office.sender.subjects() == ["Alert 0"]
    office.clock.move(59)
    assert office.work() == 0
    office.clock.move(1)
    assert office.work() == 1
    assert office.sender.subjects() == ["Alert 0", "Alert 1 (and 3 more)"]
    text = office.sender.letters[1][1].text()
    assert [f"+ Alert {number}: http://127.0.0.1:8000/a/once" in text for number in (2, 3, 4)] == [True] * 3
    assert office.states() == [("sent", None)] * 2 + [("cancelled", "merged")] * 3
    assert outcome(office.session, ALERT_ID, member.id, clock.now() - timedelta(hours=1)) == "sent"


def test_what_went_along_shares_the_fate_of_its_message(office: Office) -> None:
    member = make_member(office.session)
    add_method(office.session, member)
    office.tell(member, "Alert 0")
    office.work()
    began = office.clock.move(1)
    office.tell(member, "Alert 1")
    office.tell(member, "Alert 2")
    office.sender.failures = [refused(), unclear()]
    office.clock.move(60)
    office.work()
    office.clock.move(10)
    office.work()
    assert outcome(office.session, ALERT_ID, member.id, began) == "underway"
    assert [state for state, _ in office.states()] == ["sent", "unclear", "queued"]
    office.sender.failures = [final("http_410")]
    office.clock.move(60)
    office.work()
    assert office.states()[1:] == [("refused", "http_410")] * 2
    assert outcome(office.session, ALERT_ID, member.id, began) == "failed"


def test_eleven_leave_in_an_hour_and_the_rest_in_the_twelfth(office: Office) -> None:
    member = make_member(office.session)
    add_method(office.session, member)
    for number in range(60):
        office.tell(member, f"Alert {number}")
        office.work()
        office.clock.move(60)
    assert len(office.sender.letters) == 11
    office.work()
    assert len(office.sender.letters) == 12
    assert office.sender.subjects()[-1] == "Alert 11 (and 48 more)"
    assert "+ 43 more" in office.sender.letters[-1][1].text()
    assert {state for state, _ in office.states()} == {"sent", "cancelled"}


def test_the_first_alert_jumps_the_queue_and_takes_the_warnings_along(office: Office) -> None:
    member = make_member(office.session)
    add_method(office.session, member)
    office.tell(member, "Warning 0", is_alert=False)
    office.work()
    office.tell(member, "Warning 1", is_alert=False)
    office.tell(member, "Alert")
    assert office.work() == 1
    assert office.sender.subjects() == ["Warning 0", "Alert (and 1 more)"]


def test_quiet_hours_hold_warnings_to_their_end_and_never_alerts(office: Office) -> None:
    member = make_member(office.session, time_zone="Europe/Madrid")  # 13:00 on their wall
    add_method(office.session, member)
    office.session.add(QuietHours(member_id=member.id, from_minute=12 * 60, until_minute=14 * 60))
    office.tell(member, "Warning", is_alert=False)
    assert office.work() == 0
    office.tell(member, "Alert")
    assert office.work() == 1
    assert office.sender.subjects() == ["Alert"]
    office.clock.at = datetime(2026, 11, 20, 12, 59, 59, tzinfo=UTC)
    assert office.work() == 0
    office.clock.move(1)
    assert office.work() == 1
    assert office.sender.subjects() == ["Alert", "Warning"]


def test_what_is_for_a_removed_method_or_a_member_who_left_goes_nowhere(office: Office) -> None:
    member, gone = make_member(office.session), make_member(office.session)
    method = add_method(office.session, member)
    add_method(office.session, gone)
    office.tell(member)
    office.tell(gone)
    method.removed_at = gone.deactivated_at = clock.now()
    office.work()
    assert office.states() == [("refused", "method_removed"), ("refused", "member_gone")]
    assert office.sender.letters == []


def test_an_alert_that_is_over_is_withdrawn_and_what_went_along_is_not_lost(office: Office) -> None:
    member = make_member(office.session)
    add_method(office.session, member)
    office.tell(member, "Alert 0")
    office.work()
    office.tell(member, "Alert 1")
    office.tell(member, "Warning", is_alert=False)
    office.clock.move(60)
    office.sender.failures = [refused()]
    office.work()
    assert withdraw(office.session, ALERT_ID) == 1
    office.clock.move(60)
    office.work()
    assert office.sender.subjects() == ["Alert 0", "Warning"]
    assert office.states() == [("sent", None), ("cancelled", "withdrawn"), ("sent", None)]


def test_a_provider_that_says_later_that_it_failed_is_believed(office: Office) -> None:
    member = make_member(office.session)
    method = add_method(office.session, member)
    office.sender.is_looked_for = True
    office.sender.fates = [(Fate.WAITING, "queued"), (Fate.LOST, "undelivered")]
    began = clock.now()
    office.tell(member)
    office.work()
    for _ in range(3):
        office.clock.move(30)
        office.work()
    assert office.states() == [("gone", "phone_undelivered")]
    assert office.rows()[0].receipt == "undelivered"
    assert (method.state, method.error_code) == ("failing", "phone_undelivered")
    assert outcome(office.session, ALERT_ID, member.id, began) == "failed"


def test_a_warning_that_the_provider_lost_takes_the_next_method(office: Office) -> None:
    member = make_member(office.session)
    add_method(office.session, member, place=1)
    add_method(office.session, member, "second", place=2)
    office.sender.is_looked_for = True
    office.sender.fates = [(Fate.LOST, "failed")]
    office.tell(member, is_alert=False)
    office.work()
    assert office.second.letters == []
    office.clock.move(10)
    office.work()
    office.work()
    assert office.second.subjects() == ["3 overdue on Acme"]


def test_without_a_last_resort_nothing_is_queued(office: Office) -> None:
    def make(language: str) -> None:
        raise AssertionError("nobody to word it for")

    assert notify_last_resort(office.session, make, alert_id=1, now=clock.now()) == 0  # type: ignore[arg-type]
    assert office.states() == []


def test_two_workers_never_send_two_messages_of_one_method_at_once(office: Office) -> None:
    member = make_member(office.session)
    add_method(office.session, member)
    office.tell(member, "Alert 0")
    office.tell(member, "Alert 1")
    office.session.commit()
    assert claim_one(office.post) is not None
    assert claim_one(office.post) is None
    assert office.session.scalars(select(NotificationMethod)).one().state == "verified"


def test_what_cannot_be_unsealed_ends_and_the_rest_goes_on(office: Office) -> None:
    ana, ben, kai = (make_member(office.session, name) for name in ("Ana", "Ben", "Kai"))
    method = add_method(office.session, ana)
    add_method(office.session, ben)
    add_method(office.session, kai)
    method.sealed = b"gAAAAnot-ours"
    for member in (ana, ben, kai):
        office.tell(member)
    office.rows()[1].sealed = b"gAAAAnot-ours"
    assert office.work() == 1
    assert office.states() == [("refused", "unreadable"), ("refused", "notice_unreadable"), ("sent", None)]
    assert [
        one.state for one in office.session.scalars(select(NotificationMethod).order_by(NotificationMethod.id))
    ] == [
        "failing",
        "verified",
        "verified",
    ]


def test_what_cannot_be_unsealed_goes_along_with_nothing(office: Office) -> None:
    ana = make_member(office.session, "Ana")
    add_method(office.session, ana)
    for number in range(3):
        office.tell(ana, f"{number} overdue")
        office.work() if number == 0 else None
    office.rows()[2].sealed = b"gAAAAnot-ours"
    office.clock.move(seconds=61)
    office.work()
    assert office.sender.subjects() == ["0 overdue", "1 overdue"]
    assert office.states()[2] == ("refused", "notice_unreadable")
