"""No step of a reply's life reads a table that grows with the years: each statement goes through an index."""

from typing import Any

from inbox.replies import decide
from tests.factories.replies import make_scene
from tests.fixtures.plans import find_whole_reads
from tests.fixtures.replies import Bench


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
    assert len(asked) > 60
    assert find_whole_reads(bench.session, asked) == {}
