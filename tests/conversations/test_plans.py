"""The queue is read by walking an index to the part wanted, whatever is done: the databases say so themselves."""

import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, text
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.conversations.labels import list_labels
from inbox.conversations.models import Conversation, ConversationLabel, Label, Thread
from inbox.conversations.ordering import queue_at
from inbox.conversations.picking import Filters, View, count
from inbox.conversations.queries import count_views, list_earlier, list_queue
from inbox.conversations.sight import FEW_SIDES, find_sight
from inbox.members.models import Member
from tests.factories.basics import (
    join_team,
    make_channel,
    make_contact,
    make_grant,
    make_member,
    make_responder,
    make_team,
)
from tests.factories.conversations import make_conversation
from tests.fixtures.app import START
from tests.fixtures.plans import explain

pytestmark = pytest.mark.usefixtures("moving_clock")
CHANNELS = FEW_SIDES + 2
CONVERSATIONS = 6_000


@pytest.fixture
def sent(session: Session) -> Iterator[list[tuple[str, Any]]]:
    """The SELECTs sent to the database, with their parameters."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        if statement.startswith(("SELECT", "WITH")):
            sent.append((statement, parameters))

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


@dataclass
class World:
    """Who sees one of the channels and who sees all of them, with nine in ten conversations done."""

    session: Session
    channel_ids: list[int]
    contact_ids: list[int]
    one: Member
    everyone: Member
    popular_id: int  # every third conversation has this label
    elsewhere_id: int  # no conversation of the one channel has this
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    @property
    def members(self) -> dict[str, Member]:
        """Them by name."""
        return {"one": self.one, "everyone": self.everyone}

    def grow(self, count: int) -> None:
        """Add conversations, each in a thread of its own."""
        last = make_conversation(self.session, self.session.get_one(Channel, self.channel_ids[0]))
        threads, rows, labels = [], [], []
        for number in range(1, count + 1):
            row = _row(self.chance, self.channel_ids, self.contact_ids[number % 50], self.everyone.id)
            row |= {"id": last.id + number, "thread_id": last.thread_id + number}
            rows.append(row)
            thread = {name: row[name] for name in ("channel_id", "kind", "is_private", "created_at")}
            threads.append(thread | {"id": row["thread_id"], "external_key": f"t{row['id']}", "last_seq": 1})
            copies = {name: row[name] for name in ("channel_id", "is_private", "status", "queue_at")}
            if number % 3 == 0:
                labels.append({"conversation_id": row["id"], "label_id": self.popular_id} | copies)
            if row["channel_id"] != self.channel_ids[0]:
                labels.append({"conversation_id": row["id"], "label_id": self.elsewhere_id} | copies)
        for table, made in ((Thread, threads), (Conversation, rows), (ConversationLabel, labels)):
            self.session.execute(insert(table), made)
        _follow(self.session, Thread, Conversation)
        self.session.execute(text("ANALYZE"))


def _follow(session: Session, *tables: Any) -> None:
    """Let the next ids come after those that were given here."""
    if session.get_bind().dialect.name == "postgresql":
        for table in tables:
            name = table.__tablename__
            session.execute(text(f"SELECT setval('{name}_id_seq', (SELECT max(id) FROM {name}))"))


@pytest.fixture
def small_world(session: Session) -> World:
    """A quarter of the world."""
    channels = [make_channel(session) for _ in range(CHANNELS)]
    one = make_responder(session, channels[0], can_see_private=False)
    team, everyone = make_team(session), make_member(session)
    join_team(session, everyone, team, "lead")
    for channel in channels:
        make_grant(session, team, channel)
    labels = [Label(name=name, folded_name=name, created_at=START) for name in ("popular", "elsewhere")]
    session.add_all(labels)
    contact_ids = [make_contact(session).id for _ in range(50)]
    session.flush()
    channel_ids = [channel.id for channel in channels]
    world = World(session, channel_ids, contact_ids, one, everyone, labels[0].id, labels[1].id)
    world.grow(CONVERSATIONS // 4)
    return world


@pytest.fixture
def world(small_world: World) -> World:
    """The whole of it."""
    small_world.grow(CONVERSATIONS - CONVERSATIONS // 4)
    return small_world


def _row(chance: random.Random, channel_ids: list[int], contact_id: int, assignee_id: int) -> dict[str, Any]:
    at: datetime = START - timedelta(seconds=chance.randrange(10**7))
    status = chance.choices(["done", "open", "snoozed", "spam"], [90, 7, 2, 1])[0]
    waiting_since = at if status == "open" and chance.random() < 0.5 else None
    return {
        "contact_id": contact_id,
        "channel_id": chance.choice(channel_ids),
        "is_private": chance.random() < 0.3,
        "kind": "comment",
        "status": status,
        "assignee_id": assignee_id if chance.random() < 0.02 else None,
        "waiting_since": waiting_since,
        "queue_at": queue_at(waiting_since, at),
        "due_at": START + timedelta(seconds=chance.randrange(-(10**5), 10**5)) if waiting_since else None,
        "is_no_answer_needed": status == "done" and chance.random() < 0.03,
        "last_message_at": at,
        "created_at": at,
    }


EVERYTHING, CHANNEL = {"ix_conversation_everything"}, {"ix_conversation_channel_queue"}
ASSIGNEE = {"ix_conversation_assignee"}  # SQLite finds those of nobody in it, in the queue's order too
UNASSIGNED_ALL, UNASSIGNED_CHANNEL = {"ix_conversation_unassigned_all"}, {"ix_conversation_unassigned_channel"}
DUE_ALL, DUE_CHANNEL = {"ix_conversation_due_all"}, {"ix_conversation_due_channel"}
LISTS = [
    ("one", View.EVERYTHING, Filters(), CHANNEL),
    ("one", View.SNOOZED, Filters(), CHANNEL),
    ("one", View.UNASSIGNED, Filters(), CHANNEL | UNASSIGNED_CHANNEL),
    ("one", View.NO_ANSWER, Filters(), {"ix_conversation_no_answer_channel"}),
    ("one", View.DUE_TODAY, Filters(), DUE_CHANNEL | DUE_ALL),  # PostgreSQL: what is due in one day is little
    ("one", View.OVERDUE, Filters(), DUE_CHANNEL),
    ("one", View.OVERDUE, Filters(status="open"), DUE_CHANNEL),
    ("one", View.EVERYTHING, Filters(status="done"), CHANNEL),
    ("everyone", View.EVERYTHING, Filters(), EVERYTHING),
    ("everyone", View.SNOOZED, Filters(), EVERYTHING),
    ("everyone", View.UNASSIGNED, Filters(), EVERYTHING | ASSIGNEE | UNASSIGNED_ALL),
    ("everyone", View.NO_ANSWER, Filters(), {"ix_conversation_no_answer_all"}),
    ("everyone", View.DUE_TODAY, Filters(), DUE_ALL),
    ("everyone", View.OVERDUE, Filters(), DUE_ALL),
    ("everyone", View.OVERDUE, Filters(status="open"), DUE_ALL),
    ("everyone", View.OVERDUE, Filters(label_id=1), DUE_ALL),
    ("everyone", View.MINE, Filters(), ASSIGNEE),
    ("everyone", View.EVERYTHING, Filters(status="done"), EVERYTHING),
    ("everyone", View.EVERYTHING, Filters(label_id=1), {"ix_conversation_label_queue"}),
    ("one", View.EVERYTHING, Filters(label_id=1), {"ix_conversation_label_side"}),
    ("everyone", View.EVERYTHING, Filters(label_id=1, status="done"), {"ix_conversation_label_queue"}),
    ("one", View.EVERYTHING, Filters(label_id=1, status="done"), {"ix_conversation_label_side"}),
]
LIMIT = 20
MOST_READ = 15 * LIMIT  # of 6,000
COUNTED = tuple((view, view is not View.SNOOZED and not view.is_by_deadline) for view in View)
SLACK = {"postgresql": 40, "sqlite": 1_500}  # rows, steps: a list that was short at first fills up


@pytest.mark.parametrize("is_first", [True, False])
def test_each_list_walks_an_index_that_is_in_its_order(
    session: Session, world: World, sent: list[tuple[str, Any]], is_first: bool
) -> None:
    for who, view, given, indexes in LISTS:
        member_id, filters = world.members[who].id, _real(given, world)
        after = None if is_first else list_queue(session, member_id, view, filters, limit=2).after
        sent.clear()
        page = list_queue(session, member_id, view, filters, after=after, limit=LIMIT)
        plan = explain(session, next(one for one in sent if "picked" in one[0]))
        assert any(index in plan for index in indexes), (who, view, filters, plan)
        least = len(page.rows) if "execution time" in plan else 0
        assert least <= _rows_read(plan) <= MOST_READ, (who, view, filters, plan)


def _real(given: Filters, world: World) -> Filters:
    return replace(given, label_id=world.popular_id) if given.label_id else given


def test_nothing_of_a_page_reads_a_whole_table(session: Session, world: World, sent: list[tuple[str, Any]]) -> None:
    for member in world.members.values():
        for view in View:
            list_queue(session, member.id, view, limit=LIMIT)
        list_queue(session, member.id, View.EVERYTHING, Filters(label_id=world.popular_id), limit=LIMIT)
        count_views(session, member.id)
        list_labels(session, member.id)
        list_earlier(session, member.id, 1)
    assert len(sent) > 30
    for one in list(sent):
        plan = explain(session, one)
        tables = "conversation|conversation_label|message|thread|contact|media"
        assert not re.search(rf"seq scan on ({tables})\b", plan), (one, plan)
        walks = r"^scan conversation using (covering )?index ix_conversation_(unassigned|no_answer)_(all|channel)"
        whole = re.findall(rf"^scan (?:{tables})\b.*", plan, re.MULTILINE)
        assert [scan for scan in whole if not re.match(walks, scan)] == [], (one, plan)


def test_a_page_reads_no_more_as_the_database_grows(
    session: Session, small_world: World, sent: list[tuple[str, Any]]
) -> None:
    small = _effort_of_each_list(session, small_world, sent)
    small_world.grow(CONVERSATIONS - CONVERSATIONS // 4)
    large = _effort_of_each_list(session, small_world, sent)
    assert len(small) > 60
    # Four times as many conversations: what is read of each would be four times as much.
    slack = SLACK[session.get_bind().dialect.name]
    grown = {name: (effort, large[name]) for name, effort in small.items() if large[name] > 2 * effort + slack}
    assert not grown, grown


def _effort_of_each_list(
    session: Session, world: World, sent: list[tuple[str, Any]]
) -> dict[tuple[str, str, Filters, int], int]:
    found = {}
    for who, view, given, _indexes in LISTS:
        sent.clear()
        list_queue(session, world.members[who].id, view, _real(given, world), limit=5)
        count(session, find_sight(session, world.members[who].id), COUNTED, limit=5)
        list_labels(session, world.members[who].id)
        for number, one in enumerate(list(sent)):
            found[who, view.value, given, number] = _effort(session, one)
    return found


def _effort(session: Session, one: tuple[str, Any]) -> int:
    """Return how much a statement takes, in what its database counts: rows on PostgreSQL, steps on SQLite."""
    statement, parameters = one
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        return sum(_rows_of_each_scan(explain(session, one), r"\w+"))
    steps = itertools.count()
    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(lambda: next(steps) and None, 1)
    connection.exec_driver_sql(statement, parameters).all()
    driver.set_progress_handler(None, 1)
    return next(steps)


def _rows_read(plan: str) -> int:
    """Return how many rows of conversations or labels one scan read at most, as far as the database says."""
    return max(_rows_of_each_scan(plan, r"(?:conversation|conversation_label)"), default=0)


def _rows_of_each_scan(plan: str, tables: str) -> list[int]:
    nodes = re.findall(rf"on {tables}\b.*?\(actual rows=([\d.]+) loops=(\d+)\)((?:\n(?!.*->).*)*)", plan)
    return [int((float(rows) + _removed(details)) * int(loops)) for rows, loops, details in nodes]


def _removed(details: str) -> int:
    return sum(int(number) for number in re.findall(r"rows removed by filter: (\d+)", details))
