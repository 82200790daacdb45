"""Whom the conversations are with and who answers: channels, teams, members, and the promises that hold."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from inbox.calendars.hours import Period
from inbox.calendars.models import Source
from inbox.calendars.plan import Day, Plan
from inbox.calendars.versions import make_calendar
from inbox.channels.models import Channel
from inbox.members.models import Member, Team
from inbox.oncall.rotations import Wanted, make_rotation
from inbox.oncall.shifts import Desk, Weekly
from inbox.sla.models import SlaPolicyVersion
from tests.factories.basics import join_team, make_channel, make_grant, make_member, make_team
from tests.factories.sla import make_policy
from tests.fixtures.app import START
from tests.reports.known.open_time import Opening, OpenTime

NOW = START
FIRST = datetime(2025, 9, 1, tzinfo=UTC)
HOUR, DAY = 3600, 86400
VIP = 7  # a label
OFFICE: Opening = dict.fromkeys(range(5), ((540, 840), (960, 1140)))
CLOSED = (date(2025, 12, 25), date(2026, 1, 1), date(2026, 1, 6), date(2026, 5, 1), date(2026, 11, 9))
SHOP: Opening = dict.fromkeys(range(6), ((480, 1080),))


@dataclass(frozen=True)
class Promise:
    """What a policy says, and how its hours are counted here."""

    policy: str  # the policy, whatever it is called
    version: SlaPolicyVersion
    seconds: int
    hours: OpenTime
    is_paused: bool
    channels: frozenset[int] = frozenset()
    team: int | None = None
    priority: str | None = None
    label: int | None = None

    def fits(self, facts: dict[str, Any]) -> bool:
        """Tell whether a conversation has what it asks for."""
        return (
            (not self.channels or facts["channel_id"] in self.channels)
            and self.team in (None, facts["team_id"])
            and self.priority in (None, facts["priority"])
            and (self.label is None or self.label in facts["label_ids"])
        )


@dataclass
class World:
    """Everything that stands before the first person waits."""

    channels: list[Channel]
    teams: list[Team]
    lucia: Member  # leads; sees all channels but the last, of the second not the private side
    diego: Member  # sees the second whole, and the fourth without its private side
    ana: Member
    always: OpenTime
    promises: list[Promise] = field(default_factory=list)  # in order
    renewed: Promise | None = None  # what the last of them became
    renewed_at: datetime = NOW - timedelta(days=40)

    def sees(self, viewer: Member, channel_id: int, is_private: bool) -> bool:
        """Tell whether somebody sees a side of a channel."""
        number = [channel.id for channel in self.channels].index(channel_id)
        if viewer is self.lucia:
            return number in (0, 2, 3, 4) or (number == 1 and not is_private)
        return number == 1 or (number == 3 and not is_private)

    def promise_at(self, at: datetime, facts: dict[str, Any]) -> Promise | None:
        """Return the first promise that fits, as they stood at a moment."""
        current = self.promises
        if at >= self.renewed_at and self.renewed is not None:
            current = [*current[:-1], self.renewed]
        return next((one for one in current if one.fits(facts)), None)


def make_world(session: Session) -> World:
    """Make it."""
    lucia = make_member(session, "Lucía", time_zone="Europe/Madrid")
    diego = make_member(session, "@Diego", time_zone="America/Santiago")
    ana = make_member(session, "Ana")
    teams = [make_team(session, name) for name in ("Atención", "Ventas", "Otros")]
    for member, team, role in ((lucia, teams[0], "lead"), (diego, teams[1], "responder"), (ana, teams[2], "viewer")):
        join_team(session, member, team, role)
    kinds = ("bluesky", "sandbox_feed", "sandbox_pages", "bluesky", "sandbox_pages", "bluesky")
    names = ("=Acme Uno", "Acme Dos", "Acme Tres", "Acme Cuatro", "Acme Cinco", "Acme Seis")
    pairs = zip(kinds, names, strict=True)
    channels = [make_channel(session, platform, display_name=name) for platform, name in pairs]
    for number, seen in enumerate(([0], [0, 1], [0], [0, 1], [0], [2])):
        for place in seen:
            sees_private = (number, place) not in {(1, 0), (3, 1)}
            make_grant(session, teams[place], channels[number], can_see_private=sees_private)
    world = World(channels, teams, lucia, diego, ana, _table("UTC", dict.fromkeys(range(7), ((0, 1440),))))
    _make_promises(session, world)
    shifts = tuple(Weekly(lucia.id, weekday, 540, 840) for weekday in range(5))
    make_rotation(session, Wanted("Mornings", Desk(shifts, "UTC")), lucia)
    session.commit()
    return world


def _make_promises(session: Session, world: World) -> None:
    office, shop = _table("Europe/Madrid", OFFICE, CLOSED), _table("America/Santiago", SHOP)
    in_office = _calendar(session, "Oficina", "Europe/Madrid", OFFICE, CLOSED)
    in_shop = _calendar(session, "Tienda", "America/Santiago", SHOP)
    urgent = make_policy(session, 2 * HOUR, name="Urgent 2 h", priorities=["urgent"])
    given = {"label_ids": [VIP], "calendar_version_id": in_office, "is_paused_by_snooze": True}
    vip = make_policy(session, 4 * HOUR, name="+VIP 4 h", **given)
    given = {"team_ids": [world.teams[1].id], "calendar_version_id": in_shop, "is_paused_by_snooze": True}
    sales = make_policy(session, 8 * HOUR, name="Ventas 8 h", **given)
    most = [channel.id for channel in world.channels[:4]] + [world.channels[5].id]
    usual = make_policy(session, DAY, name="Standard 24 h", channel_ids=most, is_paused_by_snooze=True)
    everywhere = frozenset(most)
    world.promises = [
        Promise("urgent", urgent, 2 * HOUR, world.always, False, priority="urgent"),
        Promise("vip", vip, 4 * HOUR, office, True, label=VIP),
        Promise("sales", sales, 8 * HOUR, shop, True, team=world.teams[1].id),
        Promise("usual", usual, DAY, world.always, True, channels=everywhere),
    ]
    renewed = SlaPolicyVersion(
        policy_id=usual.policy_id,
        number=2,
        name="Standard 12 h",
        target_seconds=12 * HOUR,
        channel_ids=most,
        is_paused_by_snooze=True,
        created_at=NOW,
    )
    session.add(renewed)
    session.flush()
    world.renewed = Promise("usual", renewed, 12 * HOUR, world.always, True, channels=everywhere)


def _table(zone: str, opening: Opening, closed: tuple[date, ...] = ()) -> OpenTime:
    return OpenTime(zone, opening, closed, FIRST, NOW + timedelta(days=60))


def _calendar(session: Session, name: str, zone: str, opening: Opening, closed: tuple[date, ...] = ()) -> int:
    weekly = tuple(tuple(Period(*one) for one in opening.get(day, ())) for day in range(7))
    plan = Plan(zone, weekly, days=tuple(Day(day, "closed", Source.HAND) for day in closed))
    return make_calendar(session, name, plan, by_member_id=None).id
