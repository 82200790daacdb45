"""Lets the stories happen to the product, moment by moment, by the verbs through which messages move its timers."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from inbox.bulk import table_of
from inbox.contacts.models import Contact
from inbox.conversations.models import Conversation, Thread
from inbox.reports import days, months
from inbox.sla import policies, timers
from inbox.sla.models import Outcome, Timer
from inbox.sla.policies import Facts
from inbox.sla.timers import End, Start
from tests.fixtures.app import MovingClock
from tests.reports.known.stories import Stories
from tests.reports.known.waits import End as Ended
from tests.reports.known.waits import Wait
from tests.reports.known.world import NOW, World, make_world

Event = tuple[datetime, int, Callable[[datetime], None]]
# When days are counted: what changes later must be counted anew, or be read from the timers.
COUNTED_BACK = (200, 60, 20, 3)
_SWEPT = timedelta(seconds=20)


@dataclass
class Run:
    """The product while it lives through the stories."""

    session: Session
    world: World
    moving: MovingClock
    rows: dict[int, Timer] = field(default_factory=dict)  # by the wait's place

    def live(self, waits: list[Wait]) -> None:
        """Let everything happen in its order, and days be counted in between."""
        _write_conversations(self.session, waits)
        self._current = list(policies.list_current(self.session))
        events = [event for place, wait in enumerate(waits) for event in self._events(place, wait)]
        events += [(NOW - timedelta(days=back), -1, self._count) for back in COUNTED_BACK]
        events.append((self.world.renewed_at, -2, self._renew))
        for at, _, happen in sorted(events, key=itemgetter(0, 1)):
            self.moving.at = at
            happen(at)
        self.moving.at = NOW
        for place, wait in enumerate(waits):
            timers.mark_if_due(self.session, self.rows[place], NOW)
            wait.timer_id = self.rows[place].id
        self.session.commit()

    def _events(self, place: int, wait: Wait) -> Iterator[Event]:
        yield wait.opened_at, 0, lambda at: self._open(place, wait, at)
        for at, _ in wait.changes:
            yield at, 1, lambda at: self._follow(place, wait, at, is_asleep=False)
        for from_at, until_at in wait.sleeps:
            yield from_at, 2, lambda at: self._follow(place, wait, at, is_asleep=True)
            if until_at is not None:
                yield until_at, 3, lambda at: self._follow(place, wait, at, is_asleep=False)
        swept_at = max(wait.due_at or NOW, wait.opened_at) + _SWEPT
        if swept_at < NOW and place % 2:  # half of them are swept in time, half when something happens
            yield swept_at, 4, lambda at: timers.mark_if_due(self.session, self.rows[place], at)
        if wait.first_end is not None and wait.gone_at is not None:
            yield wait.first_end.known_at, 5, lambda at: self._close(place, wait.first_end, at)
            yield wait.gone_at, 6, lambda at: self._reopen(place, wait, at)
        if wait.end is not None:
            yield wait.end.known_at, 7, lambda at: self._close(place, wait.end, at)

    def _open(self, place: int, wait: Wait, at: datetime) -> None:
        start = Start(wait.since_at, wait.started_at, wait.is_late_arrival, wait.is_imported)
        row = timers.row_of(self.session, self._current, _facts(wait, at), start, wait.number, at)
        self.rows[place] = Timer(**row)
        self.session.add(self.rows[place])

    def _follow(self, place: int, wait: Wait, at: datetime, *, is_asleep: bool) -> None:
        self.session.flush()
        timers.follow_facts(self.session, self.rows[place], _facts(wait, at, is_asleep=is_asleep), at)

    def _close(self, place: int, end: Ended | None, at: datetime) -> None:
        assert end is not None
        message_id = place + 1 if end.outcome == "met" else None
        self.session.flush()
        known = End(Outcome(end.outcome), end.at, end.at, message_id, end.by)
        if end.by is None and end.outcome == "met" and place % 3 == 0 and end.at < at:
            # What was taken for the answer first came at this moment; the true one, given before, is learnt of then.
            timers.close(self.session, self.rows[place], End(Outcome.MET, at, at, message_id, self.world.ana.id), at)
            timers.correct(self.session, self.rows[place], known)
        else:
            timers.close(self.session, self.rows[place], known, at)

    def _reopen(self, place: int, wait: Wait, at: datetime) -> None:
        timers.reopen(self.session, self.rows[place], _facts(wait, at), at)

    def _renew(self, _at: datetime) -> None:
        assert self.world.renewed is not None
        self.world.renewed.version.policy.version = 2
        self.session.flush()
        self._current = list(policies.list_current(self.session))

    def _count(self, at: datetime) -> None:
        self.session.flush()
        count_all(self.session, at)


def count_all(session: Session, now: datetime) -> None:
    """Count everything that is over, as the tick does."""
    for day in days.list_uncounted(session, now):
        days.count_day(session, day)
    for month in months.list_unsummed(session):
        months.sum_month(session, month)


def live_through(session: Session, moving: MovingClock, seed: int = 5) -> tuple[World, list[Wait]]:
    """Make the world and everything that happens in it; the clock stands at NOW afterwards."""
    world = make_world(session)
    waits = Stories(world, random.Random(seed)).tell()
    Run(session, world, moving).live(waits)
    return world, waits


def _facts(wait: Wait, at: datetime, *, is_asleep: bool = False) -> Facts:
    facts: Mapping[str, Any] = wait.facts_at(at)
    given = {name: facts[name] for name in ("channel_id", "is_private", "team_id", "assignee_id", "priority")}
    labels = tuple(facts["label_ids"])
    return Facts(wait.conversation_id, kind=wait.kind, label_ids=labels, is_snoozed=is_asleep, **given)


def _write_conversations(session: Session, waits: list[Wait]) -> None:
    """Write those whom the waits are of, with numbers that are known."""
    of_number = {wait.conversation_id: wait for wait in waits}
    contacts, threads, conversations = [], [], []
    for number, wait in of_number.items():
        side = {"channel_id": wait.facts["channel_id"], "is_private": wait.facts["is_private"], "kind": wait.kind}
        said = {"display_name": wait.person, "handle": wait.handle}
        ids = {"platform": "bluesky", "external_id": f"did:{number}", "first_seen_at": NOW, "updated_at": NOW}
        contacts.append({"id": number} | said | ids)
        threads.append({"id": number, "external_key": f"t{number}", "created_at": NOW} | side)
        times = {"queue_at": NOW, "last_message_at": NOW, "created_at": NOW}
        conversations.append({"id": number, "thread_id": number, "contact_id": number} | side | times)
    for model, rows in ((Contact, contacts), (Thread, threads), (Conversation, conversations)):
        session.execute(insert(table_of(model)), rows)
