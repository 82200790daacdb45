"""Gives new messages their thread, their person's conversation and their place, and lets them take effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel, Post
from inbox.contacts.meet import meet_ids
from inbox.conversations.arrive import arrived
from inbox.conversations.awaits import Verdict
from inbox.conversations.models import Message as Row
from inbox.conversations.siblings import link_sibling
from inbox.intake import store
from inbox.intake.effects import sum_up, tell, write_sums
from inbox.intake.imports import is_before_span
from inbox.intake.join import join_listed, list_wanting
from inbox.intake.known import Known
from inbox.intake.looks import next_look_at
from inbox.intake.own import Ourselves, take_native
from inbox.intake.plain import Place, Standing, find_busy_threads, judge_plainly, load_standings
from inbox.intake.seats import Seat, seat_all
from inbox.intake.store import Fresh
from inbox.settings import Pace


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
        held = {one.message.external_id for one in fresh if one.is_held}
        messages = [one.message for one in fresh]
        seats = seat_all(
            self.session, self.channel, messages, spots, posts, held_ids=held, received_at=self.received_at
        )
        appeared = _appeared(fresh, seats)
        wanting = list_wanting(self.session, self.channel, appeared)
        people = self._meet(fresh)
        places = {name: (seats[name].thread.id, contact_id) for name, contact_id in people.items()}
        standings = load_standings(self.session, (p for n, p in places.items() if not seats[n].is_fresh))
        joining = {appeared[wanted] for _, wanted in wanting}
        busy = find_busy_threads(self.session, self.channel, fresh, seats, joining, standings, _newest(fresh, places))
        verdicts = self._judge(fresh, seats, busy, known, people)
        ids = self._write(fresh, seats, places, standings, verdicts)
        join_listed(self.session, wanting, appeared)
        shown = [one.message.external_id for one in fresh if not one.is_held]
        self._take_effect([ids[name] for name in shown if name not in verdicts])
        self._link_siblings({name: ids[name] for name in verdicts})
        return Landed([ids[name] for name in shown])

    def _meet(self, fresh: Sequence[Fresh]) -> dict[str, int]:
        """Return the author's contact of each message that is not ours."""
        theirs = [one.message for one in fresh if not one.is_ours]
        contacts = meet_ids(self.session, self.channel.platform, [message.author for message in theirs])
        return {m.external_id: contacts[m.author.scope, m.author.external_id] for m in theirs}

    def _judge(
        self,
        fresh: Sequence[Fresh],
        seats: Mapping[str, Seat],
        busy: set[int],
        known: Mapping[str, Known],
        people: Mapping[str, int],
    ) -> dict[str, Verdict]:
        page = {one.message.external_id: one for one in fresh}
        return {
            name: judge_plainly(self.channel, one, page, known, people, self.ourselves)
            for name, one in page.items()
            if seats[name].thread.id not in busy
        }

    def _write(
        self,
        fresh: Sequence[Fresh],
        seats: Mapping[str, Seat],
        places: Mapping[str, Place],
        standings: Mapping[Place, Standing],
        verdicts: Mapping[str, Verdict],
    ) -> dict[str, int]:
        by_name = {one.message.external_id: one for one in fresh}
        plain = [(by_name[name], seats[name], places[name][1], verdict) for name, verdict in verdicts.items()]
        sums = sum_up(plain, standings)
        new = {}
        for name, place in places.items():
            if place not in standings and place not in new:
                row = store.conversation_row(self.channel, by_name[name], seats[name], place[1], self.received_at)
                new[place] = row | (sums[place].values() if place in sums else {})
        conversation_ids = {place: standing.id for place, standing in standings.items()}
        conversation_ids |= store.make_conversations(self.session, new)
        rows = []
        for name, one in by_name.items():
            its_place = places.get(name)
            row = store.message_row(
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
        ids = store.write_messages(self.session, self.channel, rows)
        messages = [one.message for one in fresh]
        store.write_raw(self.session, ids, messages, self.received_at, self.pace)
        store.write_pictures(self.session, self.channel, ids, messages)
        write_sums(self.session, sums, standings, conversation_ids, ids)
        tell(self.session, self.channel, plain, conversation_ids, ids)
        return ids

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

    def _link_siblings(self, ids: Mapping[str, int]) -> None:
        """Link what another channel of ours was sent as well (A8)."""
        if not self.ourselves.other_ids or not ids:
            return
        query = select(Row.external_id).where(
            Row.channel_id.in_(self.ourselves.other_ids), Row.external_id.in_(sorted(ids))
        )
        for name in sorted({name for name in self.session.scalars(query) if name is not None}):
            link_sibling(self.session, self.session.get_one(Row, ids[name]))


def _newest(fresh: Sequence[Fresh], places: Mapping[str, Place]) -> dict[Place, datetime]:
    """Return the latest clock of each place; `fresh` is in the order of clocks."""
    return {places[one.message.external_id]: one.clock_at for one in fresh if one.message.external_id in places}


def _appeared(fresh: Sequence[Fresh], seats: Mapping[str, Seat]) -> dict[str, int]:
    """Return which messages have a thread now: those of the page, and the roots that it named."""
    roots = {
        one.message.root_id: seats[one.message.external_id].thread.id
        for one in fresh
        if one.message.root_id and not one.message.thread_key
    }
    return roots | {external_id: seat.thread.id for external_id, seat in seats.items()}
