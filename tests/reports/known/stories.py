"""Makes up what happens to five thousand conversations in fourteen months: all that RULES B and C tell apart."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.reports.known.waits import End, Wait
from tests.reports.known.world import NOW, VIP, World

COUNT = 5_000
SPREAD = ((2, 20), (8, 20), (30, 25), (95, 20), (400, 15))  # so many days back, so many in a hundred
KINDS = ("comment", "comment", "mention", "review")
PEOPLE = ("Núria Gómez", "=Pepe", "", "@ana", 'O\'Neil, "Zoë"', "山田", "Ιωάννα")
FATES = ("met", "native", "late", "exact", "learnt", "open", "excused", "withdrawn", "again")
WEIGHTS = (30, 12, 14, 2, 6, 12, 9, 4, 11)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass
class Stories:
    """The waits of all conversations."""

    world: World
    chance: random.Random

    def tell(self) -> list[Wait]:
        """Return them, those of one conversation in their order."""
        return [wait for number in range(1, COUNT + 1) for wait in self._conversation(number)]

    def _conversation(self, number: int) -> Iterator[Wait]:
        chance, world = self.chance, self.world
        channel, is_private = chance.choice(world.channels), chance.random() < 0.25
        facts: dict[str, Any] = {
            "channel_id": channel.id,
            "is_private": is_private,
            "team_id": chance.choice([None, *(world.teams[place].id for place in (0, 0, 1, 2))]),
            "assignee_id": chance.choice([None, *self._helpers]),
            "priority": chance.choices(("low", "normal", "high", "urgent"), (1, 6, 2, 1))[0],
            "label_ids": [VIP] if chance.random() < 0.12 else [],
        }
        kind = "direct" if is_private else chance.choice(KINDS)
        since_at = self._back()
        known: dict[str, Any] = {"person": chance.choice(PEOPLE), "handle": f"fan{number}.test", "kind": kind}
        first = self._wait(number, 1, since_at, facts, **known)
        yield first
        if first.end is not None and first.end.outcome == "met" and chance.random() < 0.35:
            asked_at = first.end.known_at + chance.random() * 3 * DAY
            if asked_at < NOW - HOUR:
                yield self._wait(number, 2, asked_at, first.now, again=chance.random() < 0.3, before=first, **known)

    @property
    def _helpers(self) -> list[int]:
        return [self.world.lucia.id, self.world.diego.id, self.world.ana.id]

    def _back(self) -> datetime:
        days = self.chance.choices([days for days, _ in SPREAD], [weight for _, weight in SPREAD])[0]
        at = NOW - timedelta(seconds=60 + int(self.chance.random() * days * 86_400))
        return at + timedelta(microseconds=self.chance.choice([0, 0, 0, 250_000, 1, 999_999]))

    def _wait(
        self,
        conversation_id: int,
        number: int,
        since_at: datetime,
        facts: dict[str, Any],
        *,
        again: bool = False,
        before: Wait | None = None,
        **known: Any,
    ) -> Wait:
        chance = self.chance
        # What asks again was said before, and its clock begins anew (an answered message that a member made wait).
        said_at = before.since_at if again and before is not None else since_at
        odd = 1.0 if again else chance.random()
        is_imported = odd < 0.05 and number == 1
        delay = chance.random() * 20 * HOUR if is_imported or 0.05 <= odd < 0.1 else chance.random() * 9 * MINUTE
        opened_at = since_at if again else min(since_at + delay, NOW)
        wait = Wait(
            self.world,
            conversation_id,
            number=number,
            since_at=said_at,
            started_at=since_at,
            opened_at=opened_at,
            facts=facts,
            is_imported=is_imported,
            is_asked_again=again,
            **known,
        )
        self._let_happen(wait)
        wait.forget()
        self._let_end(wait)
        wait.forget()
        return wait

    def _let_happen(self, wait: Wait) -> None:
        """Let it be passed on, change, or sleep, while it may."""
        chance, at = self.chance, wait.opened_at
        turn = chance.random()
        if turn < 0.2:
            self._sleep(wait, at + chance.random() * 6 * HOUR)
        elif turn < 0.45:
            at += chance.random() * 30 * HOUR
            if at < NOW:
                wait.changes.append((at, {"assignee_id": chance.choice([None, *self._helpers])}))
        elif turn < 0.6:
            self._change(wait, at + chance.random() * HOUR)

    def _sleep(self, wait: Wait, at: datetime) -> None:
        chance = self.chance
        for _ in range(chance.choice([1, 1, 2])):
            if at >= NOW:
                return
            until_at = at + chance.choice([0.2, 1, 5, 20, 80]) * chance.random() * HOUR
            wait.sleeps.append((at, until_at if until_at < NOW else None))
            at = until_at + chance.random() * 2 * HOUR

    def _change(self, wait: Wait, at: datetime) -> None:
        """Give it another priority, team or label, unless its deadline has passed by the old or the new promise."""
        change: dict[str, Any] = self.chance.choice(
            [{"priority": "urgent"}, {"priority": "low"}, {"team_id": self.world.teams[1].id}, {"label_ids": [VIP]}]
        )
        if at >= NOW or (wait.due_at is not None and wait.due_at <= at):
            return
        wait.changes.append((at, change))
        wait.forget()
        if wait.due_at is not None and wait.due_at <= at:
            wait.changes.clear()
        wait.forget()

    def _let_end(self, wait: Wait) -> None:
        chance = self.chance
        fate = chance.choices(FATES, WEIGHTS)[0]
        by = chance.choice(self._helpers)
        begins = [wait.opened_at, *(at for at, _ in wait.changes), *(until or NOW for _, until in wait.sleeps)]
        after = max(begins)
        due_at = wait.due_at
        if after >= NOW or fate == "open" or (wait.sleeps and wait.sleeps[-1][1] is None):
            return
        soon = after + chance.random() ** 2 * 20 * HOUR
        if fate == "late" and due_at is not None:
            soon = max(soon, due_at + timedelta(microseconds=1) + chance.random() ** 3 * 9 * DAY)
        if fate == "exact" and due_at is not None and due_at > after:
            soon = due_at
        if soon >= NOW:
            return
        if fate in ("excused", "withdrawn"):
            wait.end = End(fate, soon, soon)
            return
        is_native = fate in ("native", "learnt")
        known_at = soon
        if fate == "learnt":  # given on the platform, seen later: also after the deadline had passed
            known_at = min(NOW, soon + chance.random() * 30 * HOUR)
        wait.end = End("met", soon, known_at, None if is_native else by)
        if fate == "again" and soon + HOUR < NOW:  # the platform took the answer back, and another was given or not
            wait.gone_at = min(NOW, soon + chance.random() * 20 * HOUR)
            wait.first_end = wait.end
            later = wait.gone_at + chance.random() ** 2 * 40 * HOUR
            wait.end = End("met", later, later, by) if later < NOW else None
