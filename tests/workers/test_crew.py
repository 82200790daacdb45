"""Threads that outlive their task: what hangs keeps nobody, and nothing is asked for that no thread can take."""

import os
import threading
from collections.abc import Callable, Iterator

import pytest
from structlog.testing import capture_logs

from workers import crew
from workers.crew import Crew, Work, crew_of

PATIENCE_SECONDS = 30


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What hanging work waits for; opened at the end whatever happens."""
    gate = threading.Event()
    yield gate
    gate.set()


def giving(*works: Work) -> Callable[[], Work | None]:
    """Return a function that gives these one after the other, then nothing."""
    left = list(works)
    return lambda: left.pop(0) if left else None


def waiting(gate: threading.Event, *, begun: threading.Event | None = None) -> Work:
    def work() -> None:
        if begun is not None:
            begun.set()
        assert gate.wait(PATIENCE_SECONDS)

    return work


def test_all_is_done_by_few_threads() -> None:
    done: list[int] = []
    small = Crew("test", 2)
    small.work_off(giving(*(lambda number=number: done.append(number) for number in range(50))))
    assert small.is_done_within(PATIENCE_SECONDS)
    assert sorted(done) == list(range(50))


def test_what_hangs_keeps_neither_this_task_nor_the_next(gate: threading.Event) -> None:
    two, done = Crew("test", 2), threading.Event()
    two.work_off(giving(waiting(gate)))
    two.work_off(giving(done.set))
    assert done.wait(PATIENCE_SECONDS)
    assert not two.is_done_within(0)
    gate.set()
    assert two.is_done_within(PATIENCE_SECONDS)


def test_nothing_is_asked_for_while_all_threads_are_busy(gate: threading.Event) -> None:
    two, asked = Crew("test", 2), []

    def find() -> Work | None:
        asked.append(1)
        return waiting(gate) if len(asked) <= 2 else None

    two.work_off(find)
    two.work_off(find)
    assert len(asked) == 2
    gate.set()
    assert two.is_done_within(PATIENCE_SECONDS)
    assert len(asked) == 4  # each of the two looked for more when it was done


def test_what_came_while_all_were_busy_is_taken_by_the_first_that_is_free(gate: threading.Event) -> None:
    one, done = Crew("test", 1), threading.Event()
    one.work_off(giving(waiting(gate), done.set))
    assert not done.is_set()
    gate.set()
    assert done.wait(PATIENCE_SECONDS)


@pytest.mark.parametrize("fails_in", ["work", "find"])
def test_an_error_that_nobody_foresaw_reaches_the_log_and_holds_no_thread(gate: threading.Event, fails_in: str) -> None:
    one, done = Crew("test", 1), threading.Event()
    asked: list[int] = []

    def fail() -> None:
        raise ValueError("nobody foresaw this")

    def work() -> None:
        assert gate.wait(PATIENCE_SECONDS)
        if fails_in == "work":
            fail()

    def find() -> Work | None:
        asked.append(1)
        if len(asked) > 1:
            fail()
        return work

    with capture_logs() as logged:
        one.work_off(find)
        gate.set()  # only now: were the work done before, the task itself would look for the next
        assert one.is_done_within(PATIENCE_SECONDS)
    assert len(asked) == (1 if fails_in == "work" else 2)
    assert [(line["event"], line["crew"], line["log_level"]) for line in logged] == [("work_failed", "test", "error")]
    assert all(line["exc_info"] for line in logged)
    one.work_off(giving(done.set))
    assert done.wait(PATIENCE_SECONDS)


def test_an_error_while_the_task_looks_is_the_tasks() -> None:
    one, done = Crew("test", 1), threading.Event()

    def find() -> Work | None:
        raise ValueError("nobody foresaw this")

    with pytest.raises(ValueError, match="nobody foresaw this"):
        one.work_off(find)
    one.work_off(giving(done.set))
    assert done.wait(PATIENCE_SECONDS)


def test_one_that_ends_begins_nothing_more(gate: threading.Event) -> None:
    one, done = Crew("test", 1), threading.Event()
    one.work_off(giving(waiting(gate), done.set))
    one.stop()
    gate.set()
    assert one.is_done_within(PATIENCE_SECONDS)
    one.work_off(giving(done.set))
    assert not done.is_set()


def test_its_threads_keep_no_process_from_ending(gate: threading.Event) -> None:
    begun = threading.Event()
    Crew("held up", 1).work_off(giving(waiting(gate, begun=begun)))
    assert begun.wait(PATIENCE_SECONDS)
    assert [one.daemon for one in threading.enumerate() if one.name == "held up"] == [True]


def test_a_process_that_forks_has_no_threads_of_its_parents(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = crew_of("test", 1)
    assert crew_of("test", 1) is ours
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert crew_of("test", 1) is not ours


@pytest.mark.parametrize("hangs", [True, False])
def test_a_process_that_ends_waits_for_what_is_out_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, gate: threading.Event, hangs: bool
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: -2 - hangs)
    monkeypatch.setattr(crew, "PATIENCE_SECONDS", 0.05 if hangs else PATIENCE_SECONDS)
    ended = threading.Event()
    crew_of("test", 1).work_off(giving(waiting(gate) if hangs else ended.set))
    with capture_logs() as logged:
        crew.let_end()
    assert ended.is_set() is not hangs
    assert [line["event"] for line in logged] == (["cut_off"] if hangs else [])
