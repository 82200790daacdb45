"""SLA policies are made, changed, put in order and archived; whoever comes second is told."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.calendars.archive import lock
from inbox.calendars.hours import WHOLE_DAY, Hours
from inbox.calendars.models import Calendar, CalendarVersion
from inbox.calendars.written import write_hours
from inbox.database import db
from inbox.errors import Conflict, Invalid
from inbox.members.models import Member
from inbox.sla.models import SlaPolicy, SlaPolicyVersion
from inbox.sla.policies import list_current
from inbox.sla.saving import Wanted, archive_policy, check, make_policy, move_policy, restore_policy, save_policy
from tests.factories.basics import make_member
from tests.fixtures.app import START, MovingClock
from tests.races.meeting import in_transaction, start, wait_until_met

HOUR, DAY = 3600, 86400
PLAIN = Wanted("Standard", DAY, warnings=({"before_seconds": 600},))


@pytest.fixture
def eva(session: Session, moving_clock: MovingClock) -> Member:
    return make_member(session, "Eva")


def make(session: Session, eva: Member, **given: Any) -> SlaPolicy:
    made = make_policy(session, replace(PLAIN, **given), by_member_id=eva.id, now=START)
    return session.get_one(SlaPolicy, made.policy_id)


def save(session: Session, eva: Member, policy: SlaPolicy, **given: Any) -> SlaPolicyVersion:
    wanted = replace(PLAIN, seen_version=1, **given)
    return save_policy(session, policy, wanted, by_member_id=eva.id, now=START)


def names(session: Session) -> list[str]:
    return [one.name for one in list_current(session)]


def told(session: Session) -> list[str]:
    return list(session.scalars(select(Activity.kind).order_by(Activity.id)))


def test_each_edit_is_a_version_and_the_one_before_stays(session: Session, eva: Member) -> None:
    policy = make(session, eva)
    (first,) = list_current(session)
    second = save(session, eva, policy, target_seconds=8 * HOUR, priorities=("high",))
    assert (second.number, second.target_seconds, second.member_id) == (2, 8 * HOUR, eva.id)
    assert (first.number, first.target_seconds, first.priorities) == (1, DAY, [])
    assert list_current(session) == [second]
    assert told(session) == [kinds.SLA_POLICY_SAVED] * 2


def test_what_says_the_same_is_no_new_version(session: Session, eva: Member) -> None:
    policy = make(session, eva)
    assert save(session, eva, policy).number == 1
    assert told(session) == [kinds.SLA_POLICY_SAVED]


def test_the_second_of_two_editors_is_told(session: Session, eva: Member) -> None:
    policy = make(session, eva)
    save(session, eva, policy, target_seconds=HOUR)
    with pytest.raises(Conflict, match="sla_policy_changed"):
        save(session, eva, policy, target_seconds=2 * HOUR)
    with pytest.raises(Conflict, match="sla_policy_changed"):
        archive_policy(session, policy, 1, by_member_id=eva.id)


def test_a_name_is_given_once_and_free_again_when_archived(session: Session, eva: Member) -> None:
    policy = make(session, eva)
    with pytest.raises(Conflict, match="sla_policy_name_taken"):
        make(session, eva, name=" standard ")
    archive_policy(session, policy, 1, by_member_id=eva.id)
    make(session, eva)
    assert names(session) == ["Standard"]
    with pytest.raises(Conflict, match="sla_policy_archived"):
        save(session, eva, policy, target_seconds=HOUR)


def test_a_new_policy_stands_where_it_is_reached(session: Session, eva: Member) -> None:
    make(session, eva)
    make(session, eva, name="Urgent", priorities=("urgent",))
    make(session, eva, name="High", priorities=("high",))
    make(session, eva, name="All the same")
    assert names(session) == ["Urgent", "High", "Standard", "All the same"]


def test_the_order_is_changed_past_one_another(session: Session, eva: Member) -> None:
    one, two, three = (make(session, eva, name=name) for name in ("1", "2", "3"))
    move_policy(session, three, one.id, is_up=True, by_member_id=eva.id)
    assert names(session) == ["3", "1", "2"]
    move_policy(session, three, one.id, is_up=False, by_member_id=eva.id)
    assert names(session) == ["1", "3", "2"]
    assert told(session)[3:] == [kinds.SLA_POLICY_MOVED] * 2
    assert [one.position for one in (one, three, two)] == [1, 2, 3]


def test_an_order_that_was_changed_meanwhile_is_told(session: Session, eva: Member) -> None:
    one, two = (make(session, eva, name=name) for name in ("1", "2"))
    move_policy(session, two, one.id, is_up=True, by_member_id=eva.id)
    for past_id in (one.id, two.id, 999_999):
        with pytest.raises(Conflict, match="sla_policies_reordered"):
            move_policy(session, two, past_id, is_up=True, by_member_id=eva.id)
    archive_policy(session, one, 1, by_member_id=eva.id)
    with pytest.raises(Conflict, match="sla_policies_reordered"):
        move_policy(session, two, one.id, is_up=False, by_member_id=eva.id)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": "  "}, "name_malformed"),
        ({"name": "x" * 81}, "name_malformed"),
        ({"target_seconds": 59}, "target_out_of_range"),
        ({"target_seconds": 365 * DAY + 1}, "target_out_of_range"),
        ({"priorities": ("soon",)}, "priority_unknown"),
        ({"label_ids": tuple(range(201))}, "named_too_many"),
        ({"warnings": ({"after_seconds": HOUR},) * 21}, "warnings_too_many"),
        ({"warnings": ({"after_seconds": 59},)}, "warning_out_of_range"),
        ({"warnings": ({"after_seconds": 366 * DAY},)}, "warning_out_of_range"),
        ({"warnings": ({"percent": 100},)}, "warning_percent"),
        ({"warnings": ({"percent": 0},)}, "warning_percent"),
        ({"warnings": ({"before_seconds": DAY},)}, "warning_before_start"),
    ],
)
def test_what_cant_be_used_is_named(given: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid, match=code):
        check(replace(PLAIN, **given))


def test_the_borders_can_be_used() -> None:
    check(replace(PLAIN, target_seconds=60, warnings=()))
    check(replace(PLAIN, target_seconds=365 * DAY, warnings=({"before_seconds": 60}, {"percent": 99}, {"percent": 1})))
    check(replace(PLAIN, calendar_version_id=1, warnings=({"before_seconds": DAY},)))


def test_who_saves_and_who_restores_lock_in_one_order(app: Flask, session: Session, eva: Member) -> None:
    calendar = Calendar(name="Office", version=1, created_at=START)
    session.add(calendar)
    session.flush()
    hours = write_hours(Hours("Europe/Madrid", (WHOLE_DAY,) * 7, {}))
    version = CalendarVersion(calendar_id=calendar.id, version=1, hours=hours, plan={}, created_at=START)
    session.add(version)
    session.flush()
    policy = make(session, eva, calendar_version_id=version.id)
    policy.is_archived = True
    session.commit()
    calendar_id, policy_id, eva_id = calendar.id, policy.id, eva.id
    wanted = replace(PLAIN, seen_version=1, calendar_version_id=version.id)
    session.rollback()
    with app.app_context():
        engine = db.engine

    def restore(mine: Session) -> None:
        restore_policy(mine, mine.get_one(SlaPolicy, policy_id), by_member_id=eva_id)

    with Session(engine) as mine, mine.begin():
        lock(mine, calendar_id)
        running = start(lambda: in_transaction(engine, restore))
        wait_until_met(engine, running)
        with pytest.raises(Conflict, match="sla_policy_archived"):
            save_policy(mine, mine.get_one(SlaPolicy, policy_id), wanted, by_member_id=eva_id, now=START)
    assert running.result() is None
    assert not session.get_one(SlaPolicy, policy_id, populate_existing=True).is_archived
