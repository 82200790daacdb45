"""What could not be read is kept until somebody decides, and may be read again (RULES E3)."""

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.channels.models import Channel
from inbox.conversations.models import Message
from inbox.errors import Conflict, Invalid, NotAllowed, NotFound
from inbox.intake import borders, quarantine
from inbox.intake.models import Quarantined
from inbox.intake.receive import Received
from inbox.intake.replay import Parse, read_again
from inbox.intake.replay import replay as receive_again
from inbox.platforms.contract import Malformed
from inbox.platforms.items import Item, Unreadable
from inbox.settings import Pace
from tests.factories.basics import make_channel, make_member, make_responder
from tests.factories.items import direct, gone, message, take_in
from tests.fixtures.app import MovingClock

PACE = Pace()


def parse(stream: str, raw: bytes) -> Sequence[Item]:
    """Read what an earlier connector could not: an id and a text."""
    try:
        found = json.loads(raw)
    except ValueError:
        raise Malformed("not JSON", raw) from None
    return [message(found["id"], text=found["text"], authored_at=clock.now() - timedelta(hours=5))]


def replay(session: Session, row: Quarantined, parse: Parse, *, pace: Pace, member_id: int | None = None) -> Received:
    return receive_again(session, row, read_again(row, parse), pace=pace, member_id=member_id)


def kept(session: Session, raw: bytes = b'{"id":"q1","text":"hola?"}') -> Quarantined:
    channel = make_channel(session)
    take_in(session, channel, Unreadable(raw, "a field is missing"))
    return session.scalars(select(Quarantined)).one()


def test_the_same_bytes_make_one_row_per_channel(session: Session, moving_clock: MovingClock) -> None:
    channel, other = make_channel(session), make_channel(session)
    take_in(session, channel, Unreadable(b"{", "cut"), Unreadable(b"{", "cut"))
    first_at, now = clock.now(), moving_clock.move(60)
    take_in(session, channel, Unreadable(b"{", "cut"))
    take_in(session, other, Unreadable(b"{", "cut"))
    rows = session.scalars(select(Quarantined).order_by(Quarantined.id)).all()
    assert [(row.channel_id, row.seen_count) for row in rows] == [(channel.id, 3), (other.id, 1)]
    assert (rows[0].first_seen_at, rows[0].last_seen_at) == (first_at, now)
    told = session.scalars(select(Activity).where(Activity.kind == kinds.QUARANTINED)).all()
    assert len(told) == 2


def test_an_unreadable_page_is_kept_whole_without_tokens(session: Session) -> None:
    channel = make_channel(session)
    page = b'{"data": ???, "next": "https://graph.example/?access_token=EAAB1234567"}'
    row = quarantine.keep(session, channel, "direct", page, "unreadable_page", detail="not JSON")
    assert b"EAAB1234567" not in borders.unpack(row.compressed)
    assert row.is_private


def test_a_replay_lands_with_the_platforms_time_and_resolves_the_row(
    session: Session, moving_clock: MovingClock
) -> None:
    row = kept(session)
    member = make_member(session)
    seen_at = clock.now()
    moving_clock.move(hours=2)
    received = replay(session, row, parse, pace=PACE, member_id=member.id)
    landed = session.scalars(select(Message)).one()
    assert (received.new, landed.external_id, landed.awaits) == (1, "q1", True)
    assert (landed.clock_at, landed.received_at) == (clock.now() - timedelta(hours=5), seen_at)
    assert (row.resolution, row.resolved_by_id, row.resolved_at) == ("replayed", member.id, clock.now())
    told = session.scalars(select(Activity).where(Activity.kind == kinds.QUARANTINE_RESOLVED)).one()
    assert told.after == {"quarantined_id": row.id, "resolution": "replayed", "why": None}


def test_a_replay_is_idempotent(session: Session, moving_clock: MovingClock) -> None:
    row = kept(session)
    channel_id = row.channel_id
    replay(session, row, parse, pace=PACE)
    with pytest.raises(Conflict):
        replay(session, row, parse, pace=PACE)
    row.resolved_at = row.resolution = None
    session.flush()
    assert replay(session, row, parse, pace=PACE).is_quiet
    assert session.scalar(select(func.count()).select_from(Message).where(Message.channel_id == channel_id)) == 1


def test_what_still_can_not_be_read_stays(session: Session) -> None:
    row = kept(session, b"{half")
    with pytest.raises(Invalid) as caught:
        replay(session, row, parse, pace=PACE)
    assert caught.value.code == "still_unreadable"
    with pytest.raises(Invalid):
        replay(session, row, lambda *_: [Unreadable(b"{half", "again")], pace=PACE)
    assert (row.resolved_at, row.seen_count) == (None, 1)


def test_discarding_takes_a_reason_and_stays_discarded(session: Session) -> None:
    row = kept(session)
    member = make_member(session)
    with pytest.raises(Invalid):
        quarantine.discard(session, row, member.id, "  ")
    quarantine.discard(session, row, member.id, "a test post of ours")
    assert (row.resolution, row.resolved_why) == ("discarded", "a test post of ours")
    with pytest.raises(Conflict):
        quarantine.discard(session, row, member.id, "twice")
    channel = row.channel_id
    quarantine.keep(session, make_channel(session), "mentions", b"other", "item_unreadable")
    again = session.scalars(select(Quarantined).where(Quarantined.channel_id == channel)).one()
    assert again.resolved_at is not None


def test_a_replayed_row_that_fails_again_is_open_again(session: Session) -> None:
    raw = b'{"id":"q1","text":"hola?"}'
    row = kept(session, raw)
    replay(session, row, parse, pace=PACE)
    quarantine.keep(session, session.get_one(Channel, row.channel_id), "mentions", raw, "item_unreadable")
    assert (row.resolved_at, row.resolution) == (None, None)


def test_only_members_who_see_the_channel_reach_its_quarantine(session: Session) -> None:
    channel = make_channel(session)
    row = quarantine.keep(session, channel, "mentions", b"{", "item_unreadable", is_private=False)
    private = quarantine.keep(session, channel, "mentions", b"[", "item_unreadable")
    member = make_responder(session, channel)
    viewer = make_responder(session, channel, role="viewer", can_see_private=False)
    stranger = make_responder(session, make_channel(session))
    assert quarantine.access_quarantined(session, member.id, private.id, "triage") is private
    assert quarantine.access_quarantined(session, viewer.id, row.id) is row
    with pytest.raises(NotAllowed):
        quarantine.access_quarantined(session, viewer.id, row.id, "triage")
    for who, what in ((viewer, private), (stranger, row)):
        with pytest.raises(NotFound):
            quarantine.access_quarantined(session, who.id, what.id)
    with pytest.raises(NotFound):
        quarantine.access_quarantined(session, member.id, 10**9)
    assert quarantine.list_open(session, channel.id, with_private=False) == [row]
    assert quarantine.list_open(session, channel.id, with_private=True) == [private, row]


def test_only_what_was_read_and_is_public_is_shown_to_those_who_see_no_private_messages(session: Session) -> None:
    channel, endless = make_channel(session), "x" * 1001
    public = message(endless, raw={"said": "in public"})
    malformed = message(audience="nobody knows", raw={"said": "to whom?"})
    private = direct(endless, raw={"said": "in private"})
    take_in(session, channel, Unreadable(b'{"visibility": "direct"', "cut"), public, malformed, private, gone(endless))
    quarantine.keep(session, channel, "mentions", b"<html>", "unreadable_page")
    shown = quarantine.list_open(session, channel.id, with_private=False)
    assert [borders.unpack(row.compressed) for row in shown] == [b'{"said":"in public"}']
    assert len(quarantine.list_open(session, channel.id, with_private=True)) == 6
    quarantine.keep(session, channel, "mentions", b'{"said":"in public"}', "unreadable_page")
    assert quarantine.list_open(session, channel.id, with_private=False) == []  # the same bytes by a list that may


def test_payloads_of_decided_rows_go_after_thirty_days_and_the_rows_stay(
    session: Session, moving_clock: MovingClock
) -> None:
    row = kept(session, b"{half")
    quarantine.discard(session, row, make_member(session).id, "never mind")
    moving_clock.move(days=29)
    assert quarantine.empty_resolved(session, pace=PACE) == 0
    moving_clock.move(days=1)
    assert quarantine.empty_resolved(session, pace=PACE) == 1
    assert quarantine.empty_resolved(session, pace=PACE) == 0
    assert borders.unpack(row.compressed) == b""
    again = quarantine.keep(session, session.get_one(Channel, row.channel_id), "mentions", b"{half", "item_unreadable")
    assert (again.id, again.resolution) == (row.id, "discarded")


def test_a_secret_in_the_reason_is_taken_out(session: Session, moving_clock: MovingClock) -> None:
    take_in(session, make_channel(session), Unreadable(b"{", 'no date in {"access_token": "planted-0123456789"}'))
    row = session.scalars(select(Quarantined)).one()
    assert row.reason_detail == 'no date in {"access_token": "[secret]"}'
