"""The queue is read by walking an index to the part wanted, whatever is done: the databases say so themselves."""

import random
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, text
from sqlalchemy.orm import Session

from inbox.conversations.labels import label
from inbox.conversations.models import Conversation, Thread
from inbox.conversations.ordering import queue_at
from inbox.conversations.picking import Filters, View
from inbox.conversations.queries import count_views, list_earlier, list_queue
from inbox.conversations.sight import FEW_SIDES
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


@pytest.fixture
def members(session: Session) -> dict[str, Member]:
    """Who sees one of the channels, and who sees all of them, with nine in ten conversations done."""
    random.seed(1)
    channels = [make_channel(session) for _ in range(CHANNELS)]
    one = make_responder(session, channels[0], can_see_private=False)
    team, everyone = make_team(session), make_member(session)
    join_team(session, everyone, team, "lead")
    for channel in channels:
        make_grant(session, team, channel)
    contacts = [make_contact(session).id for _ in range(50)]
    last = make_conversation(session, channels[0])
    first_id, first_thread_id = last.id + 1, last.thread_id + 1
    threads, rows = [], []
    for number in range(CONVERSATIONS):
        row = _row(random.choice(channels).id, contacts[number % 50], everyone.id)
        rows.append(row | {"id": first_id + number, "thread_id": first_thread_id + number})
        thread = {name: row[name] for name in ("channel_id", "kind", "is_private", "created_at")}
        threads.append(thread | {"id": first_thread_id + number, "external_key": f"t{number}", "last_seq": 1})
    session.execute(insert(Thread), threads)
    session.execute(insert(Conversation), rows)
    session.flush()
    for number in range(20):
        labelled = session.get_one(Conversation, first_id + number * 9)
        label(session, labelled, everyone.id, "Returns")
    session.execute(text("ANALYZE"))
    return {"one": one, "everyone": everyone}


def _row(channel_id: int, contact_id: int, assignee_id: int) -> dict[str, Any]:
    at: datetime = START - timedelta(seconds=random.randrange(10**7))
    status = random.choices(["done", "open", "snoozed", "spam"], [90, 7, 2, 1])[0]
    waiting_since = at if status == "open" and random.random() < 0.5 else None
    return {
        "contact_id": contact_id,
        "channel_id": channel_id,
        "is_private": random.random() < 0.3,
        "kind": "comment",
        "status": status,
        "assignee_id": assignee_id if random.random() < 0.02 else None,
        "waiting_since": waiting_since,
        "queue_at": queue_at(waiting_since, at),
        "is_no_answer_needed": status == "done" and random.random() < 0.03,
        "last_message_at": at,
        "created_at": at,
    }


EVERYTHING, CHANNEL = {"ix_conversation_everything"}, {"ix_conversation_channel_queue"}
ASSIGNEE = {"ix_conversation_assignee"}  # SQLite finds those of nobody in it, in the queue's order too
UNASSIGNED_ALL, UNASSIGNED_CHANNEL = {"ix_conversation_unassigned_all"}, {"ix_conversation_unassigned_channel"}
LISTS = [
    ("one", View.EVERYTHING, Filters(), CHANNEL),
    ("one", View.SNOOZED, Filters(), CHANNEL),
    ("one", View.UNASSIGNED, Filters(), CHANNEL | UNASSIGNED_CHANNEL),
    ("one", View.NO_ANSWER, Filters(), {"ix_conversation_no_answer_channel"}),
    ("one", View.EVERYTHING, Filters(status="done"), CHANNEL),
    ("everyone", View.EVERYTHING, Filters(), EVERYTHING),
    ("everyone", View.SNOOZED, Filters(), EVERYTHING),
    ("everyone", View.UNASSIGNED, Filters(), EVERYTHING | ASSIGNEE | UNASSIGNED_ALL),
    ("everyone", View.NO_ANSWER, Filters(), {"ix_conversation_no_answer_all"}),
    ("everyone", View.MINE, Filters(), ASSIGNEE),
    ("everyone", View.EVERYTHING, Filters(status="done"), EVERYTHING),
    ("everyone", View.EVERYTHING, Filters(label_id=1), {"ix_conversation_label_queue"}),
]
LIMIT = 20
MOST_READ = 15 * LIMIT  # of 6,000


@pytest.mark.parametrize("is_first", [True, False])
def test_each_list_walks_an_index_that_is_in_its_order(
    session: Session, members: dict[str, Member], sent: list[tuple[str, Any]], is_first: bool
) -> None:
    label_id = session.execute(text("SELECT id FROM label")).scalar_one()
    for who, view, given, indexes in LISTS:
        filters = Filters(label_id=label_id) if given.label_id else given
        after = None if is_first else list_queue(session, members[who].id, view, filters, limit=2).after
        sent.clear()
        page = list_queue(session, members[who].id, view, filters, after=after, limit=LIMIT)
        plan = explain(session, next(one for one in sent if "picked" in one[0]))
        assert any(index in plan for index in indexes), (who, view, filters, plan)
        least = len(page.rows) if "execution time" in plan else 0
        assert least <= _rows_read(plan) <= MOST_READ, (who, view, filters, plan)


def test_nothing_of_a_page_reads_a_whole_table(
    session: Session, members: dict[str, Member], sent: list[tuple[str, Any]]
) -> None:
    for member in members.values():
        for view in View:
            list_queue(session, member.id, view, limit=LIMIT)
        count_views(session, member.id)
        list_earlier(session, member.id, 1)
    assert len(sent) > 30
    for one in list(sent):
        plan = explain(session, one)
        assert not re.search(r"seq scan on (conversation|message|thread|contact|media)\b", plan), (one, plan)
        walks = r"^scan conversation using (covering )?index ix_conversation_(unassigned|no_answer)_(all|channel)"
        whole = re.findall(r"^scan (?:conversation|message|thread|contact|media)\b.*", plan, re.MULTILINE)
        assert [scan for scan in whole if not re.match(walks, scan)] == [], (one, plan)


def explain(session: Session, one: tuple[str, Any]) -> str:
    """Return the plan of a statement, in lower case; PostgreSQL runs it and says how much it read."""
    statement, parameters = one
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        return "\n".join(str(row[3]) for row in rows).lower()
    # Small tables would be read whole because they are small; only an index can still do it then.
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    rows = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, TIMING OFF) {statement}", parameters).all()
    connection.exec_driver_sql("SET LOCAL enable_seqscan = on")
    return "\n".join(str(row[0]) for row in rows).lower()


def _rows_read(plan: str) -> int:
    """Return how many rows of conversations one scan read at most, as far as the database says (PostgreSQL)."""
    nodes = re.findall(r"on conversation\b.*?\(actual rows=([\d.]+) loops=(\d+)\)((?:\n(?!.*->).*)*)", plan)
    read = 0
    for rows, loops, details in nodes:
        removed = sum(int(number) for number in re.findall(r"rows removed by filter: (\d+)", details))
        read = max(read, int((float(rows) + removed) * int(loops)))
    return read
