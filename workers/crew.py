"""Threads of a worker's child that outlive the task which gave them work: what hangs keeps no task waiting.

A child does one task at a time. If its task waited for a platform that hangs, the child could neither send other
replies nor look for lost ones meanwhile, and the time limit would end it with everything that it was sending.
What is cut off when the process ends is found by its lease, as after any lost worker (RULES D2).
"""

import os
import threading
import time
from collections.abc import Callable
from functools import cache

import structlog
from celery.signals import worker_process_shutdown

log = structlog.get_logger()

Work = Callable[[], object]
Find = Callable[[], Work | None]
# How long a process that is told to end lets its threads go on.
PATIENCE_SECONDS = 5.0


class Crew:
    """At most `size` pieces of work at once, each in a thread of its own, which looks for the next one when done.

    Work is looked for by one thread at a time, and only when a thread is free for it: what is found is claimed, and
    its lease runs. The threads keep no process from ending.
    """

    def __init__(self, name: str, size: int) -> None:
        self._name, self._size = name, size
        self._at_work: set[threading.Thread] = set()
        self._is_ending = False
        self._asking = threading.Lock()
        self._changed = threading.Condition()

    def work_off(self, find: Find) -> None:
        """Hand out what `find` gives until it gives nothing or no thread is free; waits for none of it.

        Raises what `find` raises here; what is raised later, by `find` or by the work, goes to the log.
        """
        while self._hand_out(find):
            pass

    def is_done_within(self, seconds: float) -> bool:
        """Wait until no work is left, at most so long; tells whether none is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._at_work, seconds)

    def stop(self) -> None:
        """Begin nothing more."""
        self._is_ending = True

    def _hand_out(self, find: Find) -> bool:
        with self._asking:
            if self._is_ending or len(self._at_work) >= self._size:
                return False
            work = find()
            if work is None:
                return False
            thread = threading.Thread(target=self._work, args=(work, find), name=self._name, daemon=True)
            self._at_work.add(thread)
            try:
                thread.start()
            except BaseException:
                self._leave(thread)
                raise
        return True

    def _work(self, first: Work, find: Find) -> None:
        work: Work | None = first
        try:
            while work is not None:
                work = self._do(work, find)
        finally:
            self._leave(threading.current_thread())

    def _do(self, work: Work, find: Find) -> Work | None:
        """Do a piece of work and return the next one; this is a task's edge, though its task has ended long ago."""
        try:
            work()
            with self._asking:
                return None if self._is_ending else find()
        except Exception:
            log.exception("work_failed", crew=self._name)
            return None

    def _leave(self, thread: threading.Thread) -> None:
        with self._changed:
            self._at_work.discard(thread)
            self._changed.notify_all()


def crew_of(name: str, size: int) -> Crew:
    """Return this process's threads for one kind of work, made when first asked for: a fork takes no threads along."""
    return _crew(os.getpid(), name, size)


@cache
def _crew(process: int, name: str, size: int) -> Crew:
    crew = Crew(name, size)
    _crews.setdefault(process, []).append(crew)
    return crew


_crews: dict[int, list[Crew]] = {}


@worker_process_shutdown.connect
def let_end(**_: object) -> None:
    """Let what is out end before the process does, for as long as patience lasts."""
    ours = _crews.get(os.getpid(), [])
    for crew in ours:
        crew.stop()
    ends = time.monotonic() + PATIENCE_SECONDS
    are_done = [crew.is_done_within(max(0.0, ends - time.monotonic())) for crew in ours]
    if not all(are_done):
        log.warning("cut_off", process=os.getpid())
