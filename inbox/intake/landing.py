"""Gives new messages their thread, their person's conversation and their place, and lets them take effect."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import bulk, clock
from inbox.bulk import among
from inbox.channels.models import Channel, Post
from inbox.contacts.meet import meet_ids
from inbox.contacts.models import Contact
from inbox.conversations.arrive import arrived
from inbox.conversations.awaits import Verdict
from inbox.conversations.models import Conversation, Thread
from inbox.conversations.models import Message as Row
from inbox.conversations.siblings import link_sibling
from inbox.intake import store, timing
from inbox.intake.effects import Sums, open_again, sum_up, tell, write_sums
from inbox.intake.imports import is_before_span
from inbox.intake.join import join_listed, list_wanting
from inbox.intake.known import Known
from inbox.intake.looks import next_look_at
from inbox.intake.own import Ourselves, take_native
from inbox.intake.plain import (
    Place,
    Span,
    Standing,
    find_busy_threads,
    judge_plainly,
    load_first_answers,
    load_standings,
)
from inbox.intake.seats import Seat, seat_all
from inbox.intake.store import Fresh
from inbox.settings import Pace

_Ids = Mapping[Any, Iterator[int]]  # what is left of the ids taken for a page, by model

_MINE, _OTHER = bulk.table_of(Row).alias("mine"), bulk.table_of(Row).alias("other")
_SHOWN_ELSEWHERE = (
    select(_MINE.c.id)
    .join(_OTHER, (_OTHER.c.contact_id == _MINE.c.contact_id) & (_OTHER.c.external_id == _MINE.c.external_id))
    .where(among(_MINE.c.id, "ids"), _OTHER.c.channel_id != _MINE.c.channel_id)
    .distinct()
)


@dataclass(frozen=True)
class Landed:
    """What came in: the rows that are shown, and how many replies of ours were confirmed."""

    message_ids: Sequence[int] = ()
    own_count: int = 0


@dataclass(frozen=True)
class Landing:
    """New messages of one channel on their way in, in the order of their clocks."""

    session: Session
    channel: Channel
    ourselves: Ourselves
    received_at: datetime
    pace: Pace

    def land(self, fresh: Sequence[Fresh], known: Mapping[str, Known], posts: Mapping[str, Post]) -> Landed:
        """Write new messages and let each take effect: most of them together, the others one by one."""
        if not fresh:
            return Landed()
        spots = {external_id: row.spot for external_id, row in known.items()}
        page = {one.message.external_id: one for one in fresh}
        held = {one.message.external_id for one in fresh if one.is_held}
        messages = [one.message for one in fresh]
        ids = bulk.take_ids(self.session, (Thread, Contact), len(fresh))
        seats = seat_all(
            self.session,
            self.channel,
            messages,
            spots,
            posts,
            held_ids=held,
            ids=ids[Thread],
            received_at=self.received_at,
        )
        appeared = _appeared(fresh, seats)
        wanting = list_wanting(self.session, self.channel, appeared)
        people = self._meet(fresh, ids)
        places = {name: (seats[name].thread.id, contact_id) for name, contact_id in people.items()}
        standings = load_standings(self.session, (p for n, p in places.items() if not seats[n].is_fresh))
        joining = {appeared[wanted] for _, wanted in wanting}
        busy = find_busy_threads(self.session, self.channel, fresh, seats, joining, standings, _spans(fresh, places))
        answered = load_first_answers(self.session, standings)
        verdicts = {
            one.message.external_id: judge_plainly(
                self.channel, one, page, known, people, self.ourselves, answered.get(places[one.message.external_id])
            )
            for one in fresh
            if seats[one.message.external_id].thread.id not in busy
        }
        written = self._write(fresh, seats, places, standings, verdicts)
        join_listed(self.session, wanting, appeared)
        shown = [one.message.external_id for one in fresh if not one.is_held]
        self._take_effect([written[name] for name in shown if name not in verdicts])
        self._link_siblings([written[name] for name in verdicts])
        return Landed([written[name] for name in shown])

    def _meet(self, fresh: Sequence[Fresh], ids: _Ids) -> dict[str, int]:
        """Return the author's contact of each message that is not ours."""
        theirs = [one.message for one in fresh if not one.is_ours]
        authors = [message.author for message in theirs]
        contacts = meet_ids(self.session, self.channel.platform, authors, ids[Contact])
        return {m.external_id: contacts[m.author.scope, m.author.external_id] for m in theirs}

    def _write(
        self,
        fresh: Sequence[Fresh],
        seats: Mapping[str, Seat],
        places: Mapping[str, Place],
        standings: Mapping[Place, Standing],
        verdicts: Mapping[str, Verdict],
    ) -> dict[str, int]:
        """Write messages and what comes with them; returns their ids by name."""
        by_name = {one.message.external_id: one for one in fresh}
        # Only now: whoever was waited for has committed, and of two channels that are shown the same message (A8)
        # the one that finds the other's has the higher id.
        ids = bulk.take_ids(self.session, (Conversation, Row), len(fresh))
        message_ids = {name: next(ids[Row]) for name in by_name}
        plain = [(by_name[name], seats[name], places[name][1], verdict) for name, verdict in verdicts.items()]
        sums = sum_up(plain, standings)
        made = self._make_conversations(by_name, seats, places, standings, sums, ids[Conversation], message_ids)
        conversation_ids = {place: standing.id for place, standing in standings.items()}
        conversation_ids |= {place: row["id"] for place, row in made.items()}
        reopened = open_again(self.session, sums, standings, self.pace)
        beginning = timing.begin(self.session, by_name, sums, standings, reopened, made, self.received_at)
        due = {place: row["due_at"] for place, row in beginning.items()}
        rows = []
        for name, one in by_name.items():
            its_place = places.get(name)
            row = store.message_row(
                message_ids[name],
                self.channel,
                one,
                seats[name],
                contact_id=its_place[1] if its_place else None,
                conversation_id=conversation_ids[its_place] if its_place else None,
                verdict=verdicts.get(name),
                received_at=self.received_at,
                pace=self.pace,
            )
            rows.append(row)
        messages = [one.message for one in fresh]
        conversations = [row | {"due_at": due.get(place)} for place, row in made.items()]
        bulk.insert_all(self.session, Conversation, conversations)
        bulk.insert_all(self.session, Row, rows)
        store.write_raw(self.session, message_ids, messages, self.received_at, self.pace)
        store.write_pictures(self.session, self.channel, message_ids, messages)
        timing.write(self.session, beginning)
        write_sums(self.session, sums, standings, reopened, due, message_ids)
        timing.follow_known(self.session, sums, standings, reopened)
        tell(self.session, self.channel, plain, sums, standings, reopened, conversation_ids, message_ids)
        return message_ids

    def _make_conversations(
        self,
        by_name: Mapping[str, Fresh],
        seats: Mapping[str, Seat],
        places: Mapping[str, Place],
        standings: Mapping[Place, Standing],
        sums: Mapping[Place, Sums],
        ids: Iterator[int],
        message_ids: Mapping[str, int],
    ) -> dict[Place, dict[str, Any]]:
        """Return the rows of the conversations that a page brings about."""
        made: dict[Place, dict[str, Any]] = {}
        for name, place in places.items():
            if place not in standings and place not in made:
                one, seat = by_name[name], seats[name]
                row = store.conversation_row(next(ids), self.channel, one, seat, place[1], self.received_at)
                made[place] = row | _sums_of(sums.get(place), message_ids)
        return made

    def _take_effect(self, ids: Sequence[int]) -> None:
        """Let messages that meddle with what was there take effect one after the other, answers of ours last."""
        if not ids:
            return
        rows = {row.id: row for row in self.session.scalars(select(Row).where(Row.id.in_(ids)))}
        for message in sorted((rows[message_id] for message_id in ids), key=lambda row: row.direction == "outbound"):
            if message.direction == "outbound":
                take_native(self.session, message)
            else:
                is_old = is_before_span(self.channel, message.clock_at)
                arrived(self.session, message, pace=self.pace, is_before_import=is_old)
                link_sibling(self.session, message)
            message.recheck_due_at = next_look_at(message, clock.now(), self.pace)

    def _link_siblings(self, ids: Sequence[int]) -> None:
        """Link what another channel of ours was sent as well (A8)."""
        for id_ in sorted(self.session.scalars(_SHOWN_ELSEWHERE, {"ids": ids})):
            link_sibling(self.session, self.session.get_one(Row, id_))


def _sums_of(sums: Sums | None, message_ids: Mapping[str, int]) -> dict[str, Any]:
    """Return what a new conversation shows of its messages; nothing where they take effect one by one."""
    if sums is None:
        return {}
    return sums.values() | {"last_inbound_message_id": message_ids[sums.newest] if sums.newest else None}


def _spans(fresh: Sequence[Fresh], places: Mapping[str, Place]) -> dict[Place, Span]:
    """Return the first and the last clock of each place; `fresh` is in the order of clocks."""
    spans: dict[Place, Span] = {}
    for one in fresh:
        if (place := places.get(one.message.external_id)) is not None:
            spans[place] = (spans.get(place, (one.clock_at,))[0], one.clock_at)
    return spans


def _appeared(fresh: Sequence[Fresh], seats: Mapping[str, Seat]) -> dict[str, int]:
    """Return which messages have a thread now: those of the page, and the roots that it named."""
    roots = {
        one.message.root_id: seats[one.message.external_id].thread.id
        for one in fresh
        if one.message.root_id and not one.message.thread_key
    }
    return roots | {external_id: seat.thread.id for external_id, seat in seats.items()}
