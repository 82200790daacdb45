"""A few hundred timers whose ends are known, and what a report must say of them, reckoned in plain Python."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.members.models import Member, Team
from tests.factories.basics import join_team, make_channel, make_grant, make_member, make_team
from tests.factories.timers import make_bare_conversation, make_timer

PRIORITIES = ("low", "normal", "high", "urgent")
DAY = 86400


@dataclass
class Known:
    """One timer as the test made it."""

    channel_id: int
    is_private: bool
    team_id: int | None
    priority: str
    assignee_id: int | None
    number: int
    since_at: datetime
    due_at: datetime | None
    kind: str
    took_seconds: float | None
    is_open: bool
    is_paused: bool
    was_paused: bool


@dataclass
class Truth:
    """Everything that was made; `seen`: what the lead may know of."""

    lead: Member
    channels: list[Channel]
    teams: list[Team]
    known: list[Known] = field(default_factory=list)

    @property
    def seen(self) -> list[Known]:
        """Return what the lead sees: the first channel whole, the second without its private side."""
        first, second, _hidden = self.channels
        return [
            one
            for one in self.known
            if one.channel_id == first.id or (one.channel_id == second.id and not one.is_private)
        ]

    def due(self, from_at: datetime, until_at: datetime, **narrowed: Any) -> list[Known]:
        """Return those seen whose answer was due in a window."""
        found = [one for one in self.seen if one.due_at is not None and from_at <= one.due_at < until_at]
        return [one for one in found if all(getattr(one, name) == value for name, value in narrowed.items())]


def kinds_of(known: list[Known]) -> Counter[str]:
    """Count what became of them."""
    return Counter(one.kind for one in known)


def shown(seconds: float) -> int:
    """Return a length in minutes as exactly as a page says it."""
    if seconds < 10 * 3600:
        return int(seconds // 60)
    return int(seconds // 3600) * 60 if seconds < 2 * DAY else int(seconds // DAY) * 1440


def minutes_at(known: list[Known], percent: int) -> int | None:
    """Return a percentile of the time until the answer, of those in the rate."""
    took = sorted(shown(one.took_seconds or 0) for one in known if one.kind in ("in_time", "late"))
    if not took:
        return None
    return next(value for place, value in enumerate(took, 1) if place * 100 >= percent * len(took))


def make_truth(session: Session, now: datetime, count: int = 400, seed: int = 4) -> Truth:
    """Make timers of the last hundred days and the next one, on a channel that is seen, half seen, and not seen."""
    chance = random.Random(seed)
    lead = make_member(session, "Lucía", time_zone="Europe/Madrid")
    team, other = make_team(session, "Atención"), make_team(session, "Otros")
    join_team(session, lead, team, "lead")
    channels = [make_channel(session, "bluesky", display_name=name) for name in ("Uno", "Dos", "Tres")]
    make_grant(session, team, channels[0])
    make_grant(session, team, channels[1], can_see_private=False)
    make_grant(session, other, channels[2])
    truth = Truth(lead, channels, [team, other])
    helpers = [lead.id, make_member(session, "Diego").id, None]
    for _ in range(count):
        truth.known.append(_make_one(session, truth, helpers, now, chance))
    session.commit()
    return truth


def _make_one(session: Session, truth: Truth, helpers: list[int | None], now: datetime, chance: random.Random) -> Known:
    channel, is_private = chance.choice(truth.channels), chance.random() < 0.3
    conversation = make_bare_conversation(session, channel, is_private=is_private)
    due_at = now - timedelta(seconds=chance.choice([1, 1, 7, 40, 100]) * DAY * chance.random() - DAY * 0.4)
    facts = {
        "team_id": chance.choice([truth.teams[0].id, truth.teams[1].id, None]),
        "priority": chance.choice(PRIORITIES),
        "assignee_id": chance.choice(helpers),
        "number": chance.choice([1, 1, 2]),
    }
    kind, given = _fate(due_at, now, chance)
    timer = make_timer(session, conversation, None if kind == "paused" else due_at, **facts, **given)
    return Known(
        channel.id,
        is_private,
        since_at=timer.since_at,
        due_at=timer.due_at,
        kind=kind,
        took_seconds=timer.response_seconds,
        is_open=timer.ended_at is None,
        is_paused=timer.is_paused,
        was_paused=bool(timer.pauses),
        **facts,  # type: ignore[arg-type]  # each has its column's type
    )


def _fate(due_at: datetime, now: datetime, chance: random.Random) -> tuple[str, dict[str, Any]]:
    """Choose what becomes of a timer, with the columns that say so."""
    is_over = due_at < now
    since_at = due_at - timedelta(seconds=DAY)
    late_seconds = (now - due_at).total_seconds() * chance.random()
    given: dict[str, Any] = {"pauses": [["2026-11-01T00:00:00+00:00", "2026-11-01T01:00:00+00:00"]]}
    given = given if chance.random() < 0.1 else {}
    fate = chance.choice(["met", "met", "met", "exact", "late", "open", "excused", "withdrawn", "odd", "paused"])
    if fate in ("excused", "withdrawn"):
        return fate, given | {
            "outcome": fate,
            "ended_at": min(now, since_at + timedelta(seconds=DAY * chance.random())),
        }
    if fate == "paused":
        return "paused", {"is_paused": True, "since_at": since_at, "pauses": [["2026-11-01T00:00:00+00:00", None]]}
    if fate == "odd":
        kind = chance.choice(["imported", "late_arrival"])
        return kind, given | {f"is_{kind}": True}
    if fate == "late" and is_over:
        return "late", given | {"took_seconds": DAY + 0.5 + late_seconds}
    if fate == "exact" and is_over:
        return "in_time", given | {"took_seconds": DAY}
    if fate == "met":
        return "in_time", given | {"took_seconds": max(1.0, DAY * chance.random() * (1 if is_over else 0.3))}
    return "overdue" if is_over else "waiting", given
