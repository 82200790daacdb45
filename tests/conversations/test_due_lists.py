"""Due today and Overdue: what is in them, in which order, in parts, and of whom."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.conversations.assign import assign
from inbox.conversations.finish import excuse
from inbox.conversations.labels import label
from inbox.conversations.models import Conversation
from inbox.conversations.picking import Filters, View
from inbox.conversations.queries import count_views, find_row, list_queue
from inbox.conversations.sight import FEW_SIDES, find_sight
from inbox.conversations.snooze import snooze
from inbox.members.models import Member
from tests.factories.basics import make_channel, make_contact, make_grant, make_responder
from tests.factories.conversations import conversation_of, make_thread, say
from tests.factories.sla import make_policy
from tests.fixtures.app import START, MovingClock

TODAY, OVERDUE = View.DUE_TODAY, View.OVERDUE


@pytest.fixture
def channel(session: Session, moving_clock: MovingClock) -> Channel:
    make_policy(session)
    return make_channel(session)


@pytest.fixture
def eva(session: Session, channel: Channel) -> Member:
    return make_responder(session, channel)


def due(session: Session, channel: Channel, hours: float, **given: object) -> Conversation:
    """Let somebody wait for an answer that is due in so many hours."""
    at = START + timedelta(hours=hours - 24)
    return conversation_of(session, say(session, make_thread(session, channel, **given), make_contact(session), at=at))


def ids(session: Session, member: Member, view: View, filters: Filters | None = None) -> list[int]:
    return [row.conversation_id for row in list_queue(session, member.id, view, filters).rows]


def counts(session: Session, member: Member) -> tuple[int, int]:
    found = count_views(session, member.id)
    return found.due_today, found.overdue


def test_what_is_late_and_what_is_due_before_midnight_soonest_first(
    session: Session, channel: Channel, eva: Member, moving_clock: MovingClock
) -> None:
    soon, tonight, midnight, tomorrow = (due(session, channel, hours) for hours in (1, 11.9, 12, 13))
    now, late, latest = (due(session, channel, hours) for hours in (0, -1, -30))
    assert ids(session, eva, OVERDUE) == [latest.id, late.id, now.id]
    assert ids(session, eva, TODAY) == [soon.id, tonight.id]
    assert counts(session, eva) == (2, 3)
    moving_clock.move(hours=1)  # by time alone
    assert ids(session, eva, OVERDUE) == [latest.id, late.id, now.id, soon.id]
    assert ids(session, eva, TODAY) == [tonight.id]
    moving_clock.move(hours=11)
    assert ids(session, eva, TODAY) == [tomorrow.id]
    assert ids(session, eva, OVERDUE)[-1] == midnight.id


def test_today_is_that_of_where_the_member_is(session: Session, channel: Channel, eva: Member) -> None:
    evening, night = due(session, channel, 2), due(session, channel, 4)  # 14:00 and 16:00 UTC
    assert ids(session, eva, TODAY) == [evening.id, night.id]
    eva.time_zone = "Asia/Tokyo"  # where it is 21:00
    session.flush()
    assert ids(session, eva, TODAY) == [evening.id]
    assert counts(session, eva) == (1, 0)


def test_whatever_its_status_and_never_once_nobody_waits(session: Session, channel: Channel, eva: Member) -> None:
    asleep, answered = due(session, channel, 1), due(session, channel, 2)
    snooze(session, asleep, eva.id, START + timedelta(hours=5))
    excuse(session, answered, eva.id, seen_seq=9)
    assert ids(session, eva, TODAY) == [asleep.id]
    assert ids(session, eva, TODAY, Filters(status="open")) == []
    assert ids(session, eva, TODAY, Filters(status="snoozed")) == [asleep.id]


def test_a_clock_that_is_paused_is_in_neither(session: Session, eva: Member, channel: Channel) -> None:
    make_policy(session, is_paused_by_snooze=True).policy.position = 0
    session.flush()
    asleep = due(session, channel, 1)
    assert ids(session, eva, TODAY) == [asleep.id]
    snooze(session, asleep, eva.id, START + timedelta(hours=5))
    assert ids(session, eva, TODAY) == []
    row = find_row(session, eva.id, asleep.id)
    assert row is not None
    assert (row.is_paused, row.due_at, row.clock_at(START).value) == (True, None, "paused")


def test_without_a_promise_nothing_is_due(session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session)
    member = make_responder(session, channel)
    waits = due(session, channel, -5)
    assert counts(session, member) == (0, 0)
    row = find_row(session, member.id, waits.id)
    assert row is not None
    assert (row.due_at, row.soon_at, row.clock_at(START).value) == (None, None, "none")


def test_a_row_says_how_its_clock_stands(session: Session, channel: Channel, eva: Member) -> None:
    for hours, state in ((8, "calm"), (5, "soon"), (-1, "late")):
        row = find_row(session, eva.id, due(session, channel, hours).id)
        assert row is not None
        assert (row.due_at, row.clock_at(START).value) == (START + timedelta(hours=hours), state)
        assert row.target_seconds == 24 * 3600


@pytest.mark.parametrize("channel_count", [1, FEW_SIDES + 1])
def test_parts_forwards_and_backwards(session: Session, channel: Channel, eva: Member, channel_count: int) -> None:
    channels = [channel, *(make_channel(session) for _ in range(channel_count - 1))]
    for one in channels[1:]:
        make_grant(session, eva.memberships[0].team, one)
    assert find_sight(session, eva.id).is_narrow is (channel_count == 1)
    # Three at the same instant: the id decides. Their places in the queue are another order.
    hours = [1, 2, 3, 3, 3, 4, 5]
    made = [due(session, channels[number % channel_count], at).id for number, at in enumerate(hours)]
    first = list_queue(session, eva.id, TODAY, limit=3)
    second = list_queue(session, eva.id, TODAY, after=first.after, limit=3)
    third = list_queue(session, eva.id, TODAY, after=second.after, limit=3)
    assert [row.conversation_id for page in (first, second, third) for row in page.rows] == made
    assert (first.before, third.after) == (None, None)
    back = list_queue(session, eva.id, TODAY, before=third.before, limit=3)
    assert (back.rows, back.after) == (second.rows, second.after)


def test_the_order_is_that_of_deadlines_not_of_waits(session: Session, channel: Channel, eva: Member) -> None:
    hasty = make_channel(session)
    make_grant(session, eva.memberships[0].team, hasty)
    make_policy(session, 3600, name="Urgent", channel_ids=[hasty.id]).policy.position = 0
    session.flush()
    long = due(session, channel, 3)
    short = conversation_of(session, say(session, make_thread(session, hasty), make_contact(session)))
    assert ids(session, eva, View.EVERYTHING) == [long.id, short.id]
    assert ids(session, eva, TODAY) == [short.id, long.id]


def test_the_filters_narrow_it(session: Session, channel: Channel, eva: Member) -> None:
    other = make_channel(session)
    make_grant(session, eva.memberships[0].team, other)
    here, there, mention = due(session, channel, 1), due(session, other, 2), due(session, channel, 3, kind="mention")
    label(session, there, eva.id, "Returns")
    label(session, mention, eva.id, "Returns")
    assign(session, mention, eva.id, eva.id)
    label_id = find_row(session, eva.id, there.id).labels[0].id  # type: ignore[union-attr]
    assert ids(session, eva, TODAY) == [here.id, there.id, mention.id]
    assert ids(session, eva, TODAY, Filters(channel_id=channel.id)) == [here.id, mention.id]
    assert ids(session, eva, TODAY, Filters(kind="mention")) == [mention.id]
    assert ids(session, eva, TODAY, Filters(assignee_id=eva.id)) == [mention.id]
    assert ids(session, eva, TODAY, Filters(label_id=label_id)) == [there.id, mention.id]
    assert ids(session, eva, TODAY, Filters(label_id=label_id, channel_id=other.id)) == [there.id]
    assert ids(session, eva, OVERDUE, Filters(label_id=label_id)) == []


@pytest.mark.parametrize("channel_count", [1, FEW_SIDES + 1])
def test_g_they_hold_what_the_grants_allow(session: Session, channel: Channel, channel_count: int) -> None:
    stranger = make_responder(session, make_channel(session))
    eva = make_responder(session, channel, can_see_private=False)
    for _ in range(channel_count - 1):
        make_grant(session, eva.memberships[0].team, make_channel(session))
    seen, hidden = due(session, channel, -1), due(session, channel, -2, kind="direct", is_private=True)
    label(session, hidden, eva.id, "Returns")
    assert ids(session, eva, OVERDUE) == [seen.id]
    assert counts(session, eva) == (0, 1)
    assert ids(session, stranger, OVERDUE) == []
    assert counts(session, stranger) == (0, 0)
