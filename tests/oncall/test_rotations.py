"""Rotations over time: what was true stays true, whoever changes what."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.errors import Conflict, Invalid, NotAllowed, NotFound
from inbox.members import admins
from inbox.oncall import overrides, queries, rotations
from inbox.oncall.queries import find_closing, shifts_between, who_is_on
from inbox.oncall.rotations import Wanted
from inbox.oncall.shifts import Closing
from inbox.oncall.troubles import describe_all, find_troubles
from tests.factories.basics import make_member
from tests.fixtures.app import START, MovingClock
from tests.oncall.conftest import Crew

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = START.replace(day=23, hour=8)


def hourly(session: Session, rotation_id: int, start: datetime, end: datetime) -> list[tuple[int, ...]]:
    hours = int((end - start) / HOUR)
    return [who_is_on(session, rotation_id, start + number * HOUR) for number in range(hours)]


def test_members_take_turns_from_the_moment_it_is_made(session: Session, crew: Crew) -> None:
    rotation = crew.make(crew.turns())
    assert who_is_on(session, rotation.id, START - HOUR) == ()
    assert who_is_on(session, rotation.id, START) == (crew.ana.id,)
    assert who_is_on(session, rotation.id, MONDAY - timedelta(microseconds=1)) == (crew.ana.id,)
    assert who_is_on(session, rotation.id, MONDAY) == (crew.diego.id,)
    assert who_is_on(session, rotation.id, MONDAY + 7 * DAY) == (crew.ana.id,)
    assert who_is_on(session, 999_999, START) == ()
    turns = shifts_between(session, rotation.id, START, MONDAY + DAY)
    assert [(one.member_id, one.start_at, one.end_at) for one in turns] == [
        (crew.ana.id, START, MONDAY),
        (crew.diego.id, MONDAY, MONDAY + DAY),
    ]


def test_no_change_alters_what_was_true(session: Session, crew: Crew, moving_clock: MovingClock) -> None:
    rotation = crew.make(crew.turns())
    moving_clock.move(days=5)  # Diego's week
    override = overrides.add_override(
        session, rotation.id, crew.lead.id, clock.now() - DAY, clock.now() + 2 * DAY, crew.lead
    )
    moving_clock.move(days=1)
    before = hourly(session, rotation.id, START, clock.now())
    crew.change(rotation, crew.turns(crew.lead.id, crew.ana.id, is_daily=True))
    overrides.remove_override(session, rotation.id, override.id, crew.lead)
    later = overrides.add_override(session, rotation.id, crew.ana.id, START, clock.now() + DAY, crew.lead)
    assert later.from_at == clock.now()
    admins.deactivate(session, crew.diego.id, by_member_id=crew.lead.id)
    rotations.remove_rotation(session, rotation.id, crew.lead, version=2)
    moving_clock.move(days=30)
    assert hourly(session, rotation.id, START, START + 6 * DAY) == before
    assert {*before} == {(crew.ana.id,), (crew.diego.id,), (crew.lead.id,)}
    assert who_is_on(session, rotation.id, START + 6 * DAY) == ()
    assert who_is_on(session, rotation.id, clock.now()) == ()


def test_who_has_the_turn_keeps_it_unless_taken_out(session: Session, crew: Crew, moving_clock: MovingClock) -> None:
    rotation = crew.make(crew.turns())
    moving_clock.move(days=5)
    crew.change(rotation, crew.turns(crew.lead.id, crew.ana.id, crew.diego.id, weekday=4))
    assert who_is_on(session, rotation.id, clock.now()) == (crew.diego.id,)
    assert who_is_on(session, rotation.id, START.replace(day=27, hour=8)) == (crew.lead.id,)
    crew.change(rotation, crew.turns(crew.lead.id, crew.ana.id))
    assert who_is_on(session, rotation.id, clock.now()) == (crew.lead.id,)


def test_an_override_replaces_and_the_later_one_counts(session: Session, crew: Crew) -> None:
    rotation = crew.make(crew.turns())
    overrides.add_override(session, rotation.id, crew.diego.id, START + HOUR, START + 5 * HOUR, crew.lead)
    overrides.add_override(session, rotation.id, crew.lead.id, START + 2 * HOUR, START + 3 * HOUR, crew.lead)
    found = [ids for (ids,) in hourly(session, rotation.id, START, START + 6 * HOUR)]
    ana, diego, lead = crew.ana.id, crew.diego.id, crew.lead.id
    assert found == [ana, diego, lead, diego, diego, ana]


def test_at_the_desk_many_are_on_in_the_plans_order(session: Session, crew: Crew) -> None:
    ana, diego, lead = crew.ana.id, crew.diego.id, crew.lead.id
    rotation = crew.make(crew.desk((diego, 4, 540, 1080), (ana, 4, 720, 1320), (ana, 0, 540, 1080)))
    assert who_is_on(session, rotation.id, START) == (diego, ana)  # Friday, 13:00 in Madrid
    overrides.add_override(session, rotation.id, lead, START, START + HOUR, crew.lead)
    overrides.add_override(session, rotation.id, diego, START, START + DAY, crew.lead, is_off=True)
    assert who_is_on(session, rotation.id, START) == (ana, lead)
    assert find_closing(session, rotation.id, START) == Closing(START.replace(hour=21), MONDAY)
    assert find_closing(session, 999_999, START) is None


def test_gaps_leavers_and_who_cant_be_reached_are_named(
    session: Session, crew: Crew, moving_clock: MovingClock
) -> None:
    rotation = crew.make(crew.turns())
    assert not find_troubles(session, rotation, START)
    assert describe_all(session, START) == []
    unreachable = find_troubles(session, rotation, START, lambda _session, _ids: {crew.ana.id}).unreachable
    assert unreachable == (crew.diego,)
    admins.deactivate(session, crew.diego.id, by_member_id=crew.lead.id)
    found = find_troubles(session, rotation, START)
    assert found.left == (crew.diego,)
    assert [(one.member_id, one.start_at) for one in found.gaps[:2]] == [
        (crew.diego.id, MONDAY),
        (crew.diego.id, MONDAY + 14 * DAY),
    ]
    assert len(found.gaps) == 4
    assert who_is_on(session, rotation.id, MONDAY) == ()
    lines = describe_all(session, START)
    assert lines[0].startswith("nobody is on in rotation Night from 2026-11-23 08:00 to 2026-11-30 08:00 UTC, and at 3")
    assert lines[1] == "Diego has left but is still in rotation Night"


def test_a_rotation_that_begins_later_has_a_gap_until_then(session: Session, crew: Crew) -> None:
    rotation = crew.make(crew.turns(first_at=START + 3 * DAY))
    assert [(one.start_at, one.end_at) for one in find_troubles(session, rotation, START).gaps] == [
        (START, START + 3 * DAY)
    ]


def test_a_day_off_at_the_desk_is_a_gap_unless_somebody_else_is_there(session: Session, crew: Crew) -> None:
    rotation = crew.make(crew.desk((crew.ana.id, 4, 540, 1080)))
    assert not find_troubles(session, rotation, START)
    overrides.add_override(session, rotation.id, crew.ana.id, START, START + DAY, crew.lead, is_off=True)
    assert len(find_troubles(session, rotation, START).gaps) == 1
    overrides.add_override(session, rotation.id, crew.diego.id, START, START + DAY, crew.lead)
    assert not find_troubles(session, rotation, START)
    empty = crew.make(crew.desk(), "Empty")
    assert find_troubles(session, empty, START).is_empty
    assert describe_all(session, START) == ["rotation Empty has no shifts; put somebody into it"]


def test_the_second_of_two_leads_is_told(session: Session, crew: Crew) -> None:
    rotation = crew.make(crew.turns())
    crew.change(rotation, crew.turns(crew.ana.id))
    wanted = Wanted("Night", crew.turns(crew.diego.id))
    with pytest.raises(Conflict, match="rotation_changed"):
        rotations.change_rotation(session, rotation.id, wanted, crew.lead, version=1)
    with pytest.raises(Conflict, match="rotation_changed"):
        rotations.remove_rotation(session, rotation.id, crew.lead, version=1)


def test_only_leads_and_admins_plan_and_leads_choose_from_their_teams(session: Session, crew: Crew) -> None:
    stranger, admin = make_member(session, "Stranger"), make_member(session, "Eva", is_admin=True)
    for member in (crew.ana, crew.viewer, stranger):
        with pytest.raises(NotAllowed):
            rotations.make_rotation(session, Wanted("Mine", crew.turns()), member)
    rotation = crew.make(crew.turns())
    with pytest.raises(NotFound):
        crew.change(rotation, crew.turns(stranger.id))
    with pytest.raises(NotFound):
        overrides.add_override(session, rotation.id, stranger.id, START, START + DAY, crew.lead)
    wanted = Wanted("Night", crew.turns(stranger.id, crew.ana.id))
    rotations.change_rotation(session, rotation.id, wanted, admin, version=1)
    crew.change(rotation, crew.turns(stranger.id))  # whom an admin put in, a lead may leave in
    for verb in (rotations.remove_rotation,):
        with pytest.raises(NotAllowed):
            verb(session, rotation.id, crew.ana, version=rotation.version)


def test_what_makes_no_sense_is_refused(session: Session, crew: Crew, moving_clock: MovingClock) -> None:
    rotation = crew.make(crew.turns())
    ana, end = crew.ana.id, START + DAY
    with pytest.raises(Conflict, match="rotation_name_taken"):
        crew.make(crew.turns())
    for plan, code in (
        (crew.turns(ana, ana), "rotation_member_twice"),
        (crew.turns(zone="Mars/Base"), "time_zone_unknown"),
        (crew.turns(minute=1440), "handoff_malformed"),
        (crew.turns(member_ids=()), "rotation_empty"),
        (crew.desk((ana, 7, 0, 60)), "shift_malformed"),
    ):
        with pytest.raises(Invalid, match=code):
            crew.make(plan, "Other")
    with pytest.raises(Invalid, match="rotation_kind_fixed"):
        crew.change(rotation, crew.desk((ana, 0, 0, 60)))
    for start, until, code in (
        (end, START, "override_ends_first"),
        (START - 2 * DAY, START - DAY, "override_is_over"),
        (START, START + 400 * DAY, "override_too_far"),
    ):
        with pytest.raises(Invalid, match=code):
            overrides.add_override(session, rotation.id, ana, start, until, crew.lead)
    with pytest.raises(Invalid, match="day_off_on_call"):
        overrides.add_override(session, rotation.id, ana, START, end, crew.lead, is_off=True)
    admins.deactivate(session, ana, by_member_id=crew.lead.id)
    with pytest.raises(Invalid, match="member_is_deactivated"):
        overrides.add_override(session, rotation.id, ana, START, end, crew.lead)


def test_an_override_is_removed_once_and_from_its_own_rotation(
    session: Session, crew: Crew, moving_clock: MovingClock
) -> None:
    night, day = crew.make(crew.turns()), crew.make(crew.turns(), "Day")
    override = overrides.add_override(session, night.id, crew.diego.id, START, START + DAY, crew.lead)
    for rotation_id, number in ((day.id, override.id), (night.id, 999_999)):
        with pytest.raises(NotFound):
            overrides.remove_override(session, rotation_id, number, crew.lead)
    overrides.remove_override(session, night.id, override.id, crew.lead)
    assert queries.list_overrides(session, night.id, START) == []
    with pytest.raises(NotFound):
        overrides.remove_override(session, night.id, override.id, crew.lead)


def test_everything_is_written_down_and_a_name_is_free_again(session: Session, crew: Crew) -> None:
    rotation = crew.make(crew.turns())
    crew.change(rotation, crew.turns(crew.ana.id))
    override = overrides.add_override(session, rotation.id, crew.diego.id, START, START + DAY, crew.lead)
    overrides.remove_override(session, rotation.id, override.id, crew.lead)
    rotations.remove_rotation(session, rotation.id, crew.lead, version=2)
    rows = session.scalars(select(Activity).order_by(Activity.id)).all()
    wanted = [kinds.ROTATION_MADE, kinds.ROTATION_CHANGED, kinds.OVERRIDE_ADDED, kinds.OVERRIDE_REMOVED]
    assert [row.kind for row in rows] == [*wanted, kinds.ROTATION_REMOVED]
    assert {row.member_id for row in rows} == {crew.lead.id}
    before, after = rows[1].before, rows[1].after
    assert before is not None
    assert after is not None
    assert (before["version"], after["version"]) == (1, 2)
    assert before["plan"]["member_ids"] == [crew.ana.id, crew.diego.id]
    assert crew.make(crew.turns()).id != rotation.id
    with pytest.raises(NotFound):
        queries.get_rotation(session, rotation.id)
