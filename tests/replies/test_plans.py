"""No step of a reply's life reads a table that grows with the years: each statement goes through an index."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from inbox.replies import decide
from tests.conversations.test_plans import explain
from tests.factories.replies import make_scene
from tests.fixtures.replies import Bench

GROWING = "activity|attempt|contact|conversation|delivery|draft|media|message|message_version|note|raw_payload|thread"


@pytest.fixture
def asked(session: Session) -> Iterator[dict[str, Any]]:
    """What was asked of the database: each statement once, with the values that it had first."""
    seen: dict[str, Any] = {}

    def note(_conn: Any, _cursor: Any, statement: str, values: Any, _context: Any, is_many: bool) -> None:
        if statement.startswith(("SELECT", "WITH", "UPDATE", "DELETE")) and not is_many:
            seen.setdefault(statement, values)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def whole_tables(plan: str) -> list[str]:
    """Return what a plan reads from its first row to its last."""
    found = re.finditer(rf"^scan (?:{GROWING})(?: using .*)?$|seq scan on (?:{GROWING})\b", plan, re.MULTILINE)
    return [one.group() for one in found]


def test_nothing_in_a_replys_life_reads_a_whole_table(bench: Bench, asked: dict[str, Any]) -> None:
    one, another, third, fourth = (make_scene(bench.session) for _ in range(4))
    sent = bench.queue(one)
    bench.send()
    bench.platform.steps = ["hang", "drop", "drop", "ok"]
    found = bench.queue(another)
    bench.send()
    lost = bench.queue(third)
    bench.send()
    bench.look_until_decided(found)
    bench.look_until_decided(lost)
    decide.resend(bench.session, bench.fresh(lost), third.member)
    taken_back = bench.queue(fourth, hold_seconds=20)
    decide.cancel(bench.session, bench.fresh(taken_back), fourth.member)
    bench.session.commit()
    bench.sweep()
    assert [bench.state(each) for each in (sent, found, taken_back)] == ["sent", "sent", "cancelled"]
    statements = dict(asked)
    assert len(statements) > 60
    plans = {statement: explain(bench.session, (statement, values)) for statement, values in statements.items()}
    bench.session.rollback()
    whole = {statement: whole_tables(plan) for statement, plan in plans.items()}
    assert {statement: read for statement, read in whole.items() if read} == {}
