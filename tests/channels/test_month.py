"""A month of forty channels, each broken once: found within the promised time, told once, nothing lost (promise 3).

Coarse where nothing happens (a look every 46 hours, less than what counts as a gap here), minute by minute where
something breaks.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import cast

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts.models import Alert
from inbox.channels import connect, hours, states, streams, verify
from inbox.channels.models import Channel, ChannelState, ChannelStream
from inbox.contacts.models import Contact
from inbox.conversations.models import Message as Row
from inbox.database import db, read_only
from inbox.intake.poll import Reader, read_stream
from inbox.platforms.contract import Connection, PermissionMissing, RateLimited, TokenExpired, Unavailable
from inbox.platforms.items import Cursor, Message, Page, Skew, Stream
from inbox.platforms.outgoing import Verified
from inbox.settings import Pace
from tests.factories.basics import make_channel
from tests.factories.channels import make_signed_in, make_stream, make_vault, make_verified
from tests.factories.items import message
from tests.fixtures.app import MovingClock

PACE, VAULT = Pace(import_span_seconds=3 * 86400), make_vault()
CHANNELS, DAYS, STEP = 40, 30, timedelta(hours=46)
KINDS = ("token", "permission", "dead", "empty", "storm", "away", "skew", "renamed", "deleted", "well")
LASTS = timedelta(hours=3)
# What each kind makes of its channel: the alert that it raises, and within which time of its beginning it is found.
FOUND = {
    "token": ("channel", timedelta(minutes=2)),
    "permission": ("channel", timedelta(minutes=2)),
    "dead": ("channel", timedelta(minutes=10)),
    "deleted": ("channel", timedelta(minutes=10)),
    "storm": ("channel", timedelta(minutes=12)),
    "away": ("channel", timedelta(minutes=12)),
    "empty": ("quiet", timedelta(hours=6)),
}

NEED_SOMEBODY = ("token", "permission", "dead", "deleted")


@dataclass
class Account:
    """One account on the platform: what was published there, and how it behaves now."""

    number: int
    kind: str
    handle: str
    fault: str = "well"
    published: list[Message] = field(default_factory=list)

    def fetch(self, _stream: str, cursor: Cursor | None, *, is_deep: bool = False) -> Page:
        """Show what is newer than the cursor, or break."""
        mark = int((cursor or {}).get("mark", 0))
        if self.fault == "token":
            raise TokenExpired("revoked")
        if self.fault == "permission":
            raise PermissionMissing("read:notifications")
        if self.fault == "storm":
            raise RateLimited(clock.now() + timedelta(minutes=5), "slow down")
        if self.fault == "away":
            raise Unavailable("502", code="server_error")
        if self.fault in ("dead", "deleted", "empty"):
            return Page(items=[], cursor_after={"mark": mark}, is_complete=True)
        ahead = 600.0 if self.fault == "skew" else 0.0
        return Page(
            items=self.published[mark:],
            cursor_after={"mark": len(self.published)},
            is_complete=True,
            skew=Skew(ahead, ahead),
        )

    def verify(self) -> Verified:
        """Say whose account it is, as far as it still is one."""
        if self.fault == "token":
            raise TokenExpired("revoked")
        if self.fault == "permission":
            raise PermissionMissing("read:accounts")
        reason = {"dead": "account_deactivated", "deleted": "account_gone"}.get(self.fault)
        return self.verified(is_alive=reason is None, dead_reason=reason)

    def verified(self, **given: object) -> Verified:
        """Return what is said of it."""
        return make_verified(f"brand-of-{self.number}", handle=self.handle, display_name="", **given)

    def streams(self) -> Sequence[Stream]:
        """Offer one list."""
        return [Stream("mentions")]

    def publish(self, count: int) -> None:
        """Let people write to it."""
        ahead = timedelta(seconds=600 if self.fault == "skew" else 0)
        for _ in range(count):
            name = f"{self.number}-{len(self.published)}"
            said = message(name, by=f"fan{self.number}-{len(self.published) % 5}", authored_at=clock.now() + ahead)
            self.published.append(replace(said, text="¿Abren hoy?"))


@dataclass
class Month:
    """The product beside the platform; between two steps nothing is open."""

    clock: MovingClock
    accounts: dict[int, Account]
    reader: Reader

    def look(self, channel_id: int) -> None:
        """Do for one channel what the ticks would do now."""
        with self.reader.make_session() as session, session.begin():
            claims = streams.claim_due(session, PACE, 8, channel_id)
        for claim in claims:
            read_stream(self.reader, claim)
        verify.verify_channel(self.reader.make_session, self.reader.open_connection, channel_id, PACE)
        with self.reader.make_session() as session, session.begin():
            channel = session.get_one(Channel, channel_id)
            if states.has_news(session, channel, PACE):
                states.watch(session, channel, PACE)

    def alerts(self, channel_id: int) -> list[tuple[str, int]]:
        """Return what was told of a channel: the kind, and how often."""
        with read_only(), self.reader.make_session() as session:
            told = select(Alert.kind, Alert.gathered_count).where(Alert.channel_id == channel_id)
            return [(row.kind, max(1, row.gathered_count)) for row in session.execute(told.order_by(Alert.id))]

    def break_and_mend(self, channel_id: int) -> None:
        """Let the account break now, watch minute by minute until that is found, and mend it after three hours."""
        account, began = self.accounts[channel_id], self.clock.at
        kind, within = FOUND.get(account.kind, ("", timedelta(minutes=3)))
        account.fault = account.kind
        if account.kind == "renamed":
            account.handle = f"renamed{account.number}.example"
        found_at: datetime | None = None
        while found_at is None and self.clock.at - began < within:
            account.publish(1)
            self.clock.move(hours=1) if account.kind == "empty" else self.clock.move(minutes=1)
            self.look(channel_id)
            found_at = self.clock.at if kind and any(told == kind for told, _ in self.alerts(channel_id)) else None
        assert (found_at is not None) == bool(kind), f"{account.kind} was not found within {within}"
        self.clock.move(LASTS.total_seconds())
        self.look(channel_id)
        self.mend(channel_id)

    def mend(self, channel_id: int) -> None:
        """Let the account work again; where somebody is needed, they sign in anew."""
        account = self.accounts[channel_id]
        account.fault = "well"
        with self.reader.make_session() as session, session.begin():
            channel = session.get_one(Channel, channel_id)
            assert (channel.state == ChannelState.NEEDS_YOU) == (account.kind in NEED_SOMEBODY)
            if channel.state == ChannelState.NEEDS_YOU:
                signed_in = replace(make_signed_in(), platform=channel.platform, verified=account.verified())
                connect.reconnect(session, VAULT, channel, signed_in, member_id=None, pace=PACE)
        for _ in range(2):
            self.clock.move(minutes=5)
            self.look(channel_id)


def make_month(app: Flask, session: Session, moving_clock: MovingClock) -> Month:
    accounts: dict[int, Account] = {}
    for number in range(CHANNELS):
        kind = KINDS[number % len(KINDS)]
        channel = make_channel(
            session,
            external_id=f"brand-of-{number}",
            handle=f"brand{number}.example",
            host=f"h{number}.example",
            import_done_at=clock.now(),
            verify_due_at=clock.now(),
        )
        make_stream(session, channel)
        if kind == "empty":  # eight weeks with three messages an hour
            hours.seed(
                session, channel.id, [clock.now() - timedelta(minutes=20 * one) for one in range(24 * 3 * 57)], PACE
            )
        accounts[channel.id] = Account(number, kind, channel.handle)
    session.commit()
    engine = db.engine
    reader = Reader(lambda: Session(engine), lambda channel: cast(Connection, accounts[channel.id]), PACE)
    return Month(moving_clock, accounts, reader)


def test_a_month_of_forty_channels(app: Flask, session: Session, moving_clock: MovingClock) -> None:
    month = make_month(app, session, moving_clock)
    # what is known by its habit alone comes first: in the month itself nobody writes by the hour
    to_break = iter(sorted(month.accounts, key=lambda one: (month.accounts[one].kind != "empty", one)))
    ends, looks = clock.now() + timedelta(days=DAYS), 0
    while clock.now() < ends:
        began = clock.now()
        looks += 1
        for channel_id, account in month.accounts.items():
            account.publish(1)
            month.look(channel_id)
        for channel_id in itertools.islice(to_break, 3 if looks > 1 else 0):
            month.break_and_mend(channel_id)
        moving_clock.at = max(moving_clock.at, began + STEP)
    assert next(to_break, None) is None
    for channel_id, account in month.accounts.items():
        expected = [(FOUND[account.kind][0], 1)] if account.kind in FOUND else []
        assert month.alerts(channel_id) == expected, account.kind
        channel = session.get_one(Channel, channel_id)
        assert (channel.state, channel.failing_since_at, channel.handle) == ("active", None, account.handle)
        rows = session.scalars(select(Row.external_id).where(Row.channel_id == channel_id)).all()
        assert len(rows) == len(account.published), account.kind
        assert set(rows) == {one.external_id for one in account.published}, account.kind
        late = select(func.count()).where(Row.channel_id == channel_id, Row.clock_at > Row.received_at)
        assert session.scalar(late) == 0
        assert session.scalar(select(ChannelStream.failure_code).where(ChannelStream.channel_id == channel_id)) is None
    assert session.scalar(select(func.count(Contact.id))) == CHANNELS * 5
    assert session.scalar(select(func.count(Alert.id)).where(Alert.kind == "channel", Alert.state != "closed")) == 0
