"""Timers of those whom a page's plain messages let wait, many at a time, as conversations/clocking.py opens them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox import bulk, clock
from inbox.bulk import among, table_of
from inbox.conversations import clocking
from inbox.conversations.models import ConversationLabel, Priority
from inbox.conversations.threads import lock_conversation
from inbox.intake.effects import Sums
from inbox.intake.plain import Place, Standing
from inbox.intake.store import Fresh
from inbox.sla import days, policies, timers
from inbox.sla.models import Timer
from inbox.sla.policies import Facts
from inbox.sla.timers import Start

_TIMER, _LABEL = table_of(Timer).c, table_of(ConversationLabel).c
_NUMBERS = (
    select(_TIMER.conversation_id, func.max(_TIMER.number))
    .where(among(_TIMER.conversation_id, "ids"))
    .group_by(_TIMER.conversation_id)
)
_LABELS = (
    select(_LABEL.conversation_id, _LABEL.label_id)
    .where(among(_LABEL.conversation_id, "ids"))
    .order_by(_LABEL.conversation_id, _LABEL.label_id)
)


def list_beginning(sums: Mapping[Place, Sums], standings: Mapping[Place, Standing]) -> list[Place]:
    """Return in which conversations somebody waits now where nobody did."""

    def waited(place: Place) -> bool:
        return place in standings and standings[place].waiting_since is not None

    return [place for place, sum_ in sums.items() if sum_.waiting_since is not None and not waited(place)]


def begin(
    session: Session,
    page: Mapping[str, Fresh],
    sums: Mapping[Place, Sums],
    standings: Mapping[Place, Standing],
    reopened: Mapping[Place, dict[str, Any]],
    conversations: Mapping[Place, Mapping[str, Any]],
    received_at: datetime,
) -> dict[Place, dict[str, Any]]:
    """Return the rows of the timers that begin; `conversations`: the rows of those that are made with the page."""
    beginning = list_beginning(sums, standings)
    if not beginning:
        return {}
    known = sorted(standings[place].id for place in beginning if place in standings)
    numbers, labels = _find_numbers(session, known), _find_labels(session, known)
    current, now = policies.list_current(session), clock.now()
    rows = {}
    for place in beginning:
        if (standing := standings.get(place)) is None:
            facts, number = _facts_of_new(conversations[place]), 1
        else:
            facts = _facts(standing, reopened.get(place, {}), tuple(labels.get(standing.id, ())))
            number = numbers.get(standing.id, 0) + 1
        start = _start(page[sums[place].awaited or ""], sums[place], received_at)
        rows[place] = timers.row_of(session, current, facts, start, number, now)
    return rows


def write(session: Session, rows: Mapping[Place, dict[str, Any]]) -> None:
    """Write the timers that begin."""
    bulk.insert_all(session, Timer, list(rows.values()))
    days.mark(session, (row["due_at"] for row in rows.values()), clock.now())


def follow_known(
    session: Session,
    sums: Mapping[Place, Sums],
    standings: Mapping[Place, Standing],
    reopened: Mapping[Place, dict[str, Any]],
) -> None:
    """Let timers that run follow: of those who turn out to have waited longer, and of those who were woken."""
    for place, standing in sorted(standings.items(), key=lambda item: item[1].id):
        since = sums[place].waiting_since if place in sums else None
        if since is None or standing.waiting_since is None:
            continue
        if since < standing.waiting_since or place in reopened:
            clocking.follow(session, lock_conversation(session, standing.id))


def _find_numbers(session: Session, ids: Collection[int]) -> dict[int, int]:
    return {row[0]: row[1] for row in session.execute(_NUMBERS, {"ids": ids})} if ids else {}


def _find_labels(session: Session, ids: Collection[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for conversation_id, label_id in session.execute(_LABELS, {"ids": ids}) if ids else ():
        found.setdefault(conversation_id, []).append(label_id)
    return found


def _facts_of_new(row: Mapping[str, Any]) -> Facts:
    return Facts(row["id"], row["channel_id"], row["is_private"], row["kind"], None, None, Priority.NORMAL.value)


def _facts(standing: Standing, reopened: Mapping[str, Any], label_ids: tuple[int, ...]) -> Facts:
    held = {name: reopened.get(name, getattr(standing, name)) for name in ("team_id", "assignee_id")}
    return Facts(
        standing.id,
        standing.channel_id,
        standing.is_private,
        standing.kind,
        priority=standing.priority,
        label_ids=label_ids,
        **held,
    )


def _start(oldest: Fresh, sum_: Sums, received_at: datetime) -> Start:
    since_at = sum_.waiting_since or oldest.clock_at
    is_late = clocking.is_late_arrival(oldest.clock_at, received_at, is_history=oldest.is_history)
    return Start(since_at, since_at, is_late, oldest.is_history)
