"""Keeps a set of processes alive: starts them, writes down what they say, starts again what dies, ends all.

One thread and one loop: Linux ties "end when the parent ends" to the thread that forked.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from launcher import processes
from launcher.logs import LogFile

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0
STEADY_SECONDS = 60.0
# A process gets the first of these to end by itself; all of it has to fit into fifteen seconds.
TERM_SECONDS = 11.0
LEFTOVER_SECONDS = 3.0
_TICK_SECONDS = 0.25
_LOOK_SECONDS = 0.05  # while somebody waits for something


@dataclass(frozen=True)
class Command:
    """What to run under which name; `is_last_to_end` for what the others need while they end."""

    name: str
    words: tuple[str, ...]
    environ: Mapping[str, str]
    is_last_to_end: bool = False


@dataclass
class _Child:
    command: Command
    log: LogFile
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    start_at: float = 0.0
    leftovers: int | None = None  # a dead process's group, of which somebody may still run
    leftovers_until: float = 0.0


class Supervisor:
    """Owns processes from start to end. Use it from the main thread only."""

    def __init__(self, logs: Path, say: Callable[[str], None], kept_open: Sequence[int] = ()) -> None:
        """Keep logs in the folder `logs`, tell the operator through `say`, leave files open in every process."""
        self._logs = logs
        self._say = say
        self._kept_open = tuple(kept_open)
        self._children: dict[str, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._ended_by: signal.Signals | None = None
        self._errand: subprocess.Popen[bytes] | None = None
        self._wake_reader, self._wake_writer = os.pipe()
        self._old_handlers: dict[signal.Signals, object] = {}

    @property
    def is_ending(self) -> bool:
        """Tell whether somebody asked for the end."""
        return self._ended_by is not None

    def __enter__(self) -> "Supervisor":
        """Listen for signals and for the end of grandchildren."""
        processes.adopt_orphans()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        self._selector.register(self._wake_reader, selectors.EVENT_READ, None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            self._old_handlers[number] = signal.signal(number, self._note_signal)
        self._old_handlers[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(self, *raised: object) -> None:
        """End everything, whatever happened."""
        self.end_all()
        signal.set_wakeup_fd(-1)
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # it came from signal.signal
        for key in list(self._selector.get_map().values()):
            os.close(key.fd)
        self._selector.close()
        os.close(self._wake_writer)

    def add(self, command: Command) -> None:
        """Start one more process and keep it alive from now on."""
        child = _Child(command, LogFile(self._logs / f"{command.name}.log"))
        self._children[command.name] = child
        self._start(child)

    def run_errand(self, words: list[str], environ: Mapping[str, str], seconds: float) -> int | None:
        """Run a program that shares our terminal to its end; None if it took too long or we are to end."""
        self._errand = processes.start(words, environ=environ, kept_open=self._kept_open)
        self.run_until(lambda: self._errand is None or self._errand.poll() is not None, seconds)
        returncode = self._errand.poll()
        if returncode is None:
            processes.signal_group(self._errand.pid, signal.SIGKILL)
            self._errand.wait()
        self._errand = None
        return returncode

    def run_until(self, is_reached: Callable[[], bool], seconds: float) -> bool:
        """Look after the processes until something holds; False after `seconds` or when asked to end."""
        deadline = time.monotonic() + seconds
        while not self.is_ending and time.monotonic() < deadline:
            if is_reached():
                return True
            self._step(_LOOK_SECONDS)
        return False

    def run(self, at_each_step: Callable[[], None] = lambda: None) -> None:
        """Look after the processes until a signal asks for the end."""
        while not self.is_ending:
            self._step(_TICK_SECONDS)
            at_each_step()

    def is_watching(self, name: str) -> bool:
        """Tell whether a process of that name was added and not ended."""
        return name in self._children

    def pid_of(self, name: str) -> int | None:
        """Return the number of a process that runs now."""
        process = self._children[name].process
        return process.pid if process else None

    def end(self, name: str) -> None:
        """End one process for good."""
        child = self._children.pop(name)
        self._end([child], time.monotonic() + TERM_SECONDS)
        child.log.close()

    def end_all(self) -> None:
        """End every process within 15 seconds: politely, then by force; the ones others need come last."""
        deadline = time.monotonic() + TERM_SECONDS
        self._end([c for c in self._children.values() if not c.command.is_last_to_end], deadline)
        self._end([c for c in self._children.values() if c.command.is_last_to_end], deadline + 1)
        for child in self._children.values():
            child.log.close()
        self._children.clear()

    def restart(self, *names: str) -> None:
        """End these processes together, and start them again with what their environment says now."""
        children = [self._children[name] for name in names]
        self._end(children, time.monotonic() + TERM_SECONDS)
        for child in children:
            self._start(child)

    def _step(self, seconds: float) -> None:
        self._wait(seconds)
        for child in self._children.values():
            self._look_after(child)

    def _wait(self, seconds: float) -> bool:
        """Take what the processes say until something happens or the time is over; True if they said any."""
        ready = self._selector.select(seconds)
        for key, _ in ready:
            data = os.read(key.fd, 65536)
            if isinstance(key.data, _Child):
                key.data.log.take(data)
            if not data:
                self._selector.unregister(key.fd)
                os.close(key.fd)
        self._reap_orphans()
        return bool(ready)

    def _look_after(self, child: _Child) -> None:
        if child.process is not None:
            returncode = child.process.poll()
            if returncode is not None:
                while self._wait(0):  # its last words may still be on their way
                    pass
                self._note_death(child, child.process, returncode)
        elif child.leftovers is not None:
            self._clear_leftovers(child)
        elif time.monotonic() >= child.start_at:
            self._start(child)

    def _start(self, child: _Child) -> None:
        reader, writer = os.pipe()
        child.started_at = time.monotonic()
        try:
            words = child.command.words
            environ = {**child.command.environ, "RELEVO_PROCESS": child.command.name}
            child.process = processes.start(words, environ=environ, output=writer, kept_open=self._kept_open)
        except OSError as error:
            os.close(reader)
            wait = self._count_failure(child)
            self._say(f"{child.command.name} could not be started: {error}; trying again in {wait:.1f} s")
            return
        finally:
            os.close(writer)
        os.set_blocking(reader, False)
        self._selector.register(reader, selectors.EVENT_READ, child)

    def _note_death(self, child: _Child, process: subprocess.Popen[bytes], returncode: int) -> None:
        if time.monotonic() - child.started_at > STEADY_SECONDS:
            child.failures = 0
        wait = self._count_failure(child)
        child.process = None
        # Its own children may hold its port or its work: they go before it starts again.
        child.leftovers = process.pid
        child.leftovers_until = time.monotonic() + LEFTOVER_SECONDS
        processes.signal_group(process.pid, signal.SIGTERM)
        words = child.log.last_words()
        because = f" ({words})" if words and returncode > 0 else ""
        what = f"{child.command.name} {processes.describe_exit(returncode)}{because}"
        self._say(f"{what}; starting it again in {wait:.1f} s; its log: {child.log.path}")

    def _count_failure(self, child: _Child) -> float:
        child.failures += 1
        wait = float(min(FIRST_WAIT_SECONDS * 2 ** (child.failures - 1), LONGEST_WAIT_SECONDS))
        child.start_at = time.monotonic() + wait
        return wait

    def _clear_leftovers(self, child: _Child) -> None:
        assert child.leftovers is not None
        if not processes.is_group_alive(child.leftovers):
            child.leftovers = None
        elif time.monotonic() > child.leftovers_until:
            processes.signal_group(child.leftovers, signal.SIGKILL)

    def _reap_orphans(self) -> None:
        """Bury adopted grandchildren; our own children are left to their Popen."""
        known = [self._errand, *(child.process for child in self._children.values())]
        ours = {process.pid for process in known if process}
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None or ended.si_pid in ours:
                return
            os.waitpid(ended.si_pid, 0)

    def _end(self, children: list[_Child], deadline: float) -> None:
        leaders = [child.process.pid for child in children if child.process]
        leaders += [child.leftovers for child in children if child.leftovers is not None]
        for leader in leaders:
            processes.signal_group(leader, signal.SIGTERM)
        while leaders and time.monotonic() < deadline:
            self._wait(0.05)
            leaders = [leader for leader in leaders if self._is_left(children, leader)]
        for leader in leaders:
            processes.signal_group(leader, signal.SIGKILL)
        for child in children:
            if child.process:
                child.process.wait()
                child.process = None

    @staticmethod
    def _is_left(children: list[_Child], leader: int) -> bool:
        for child in children:
            if child.process and child.process.pid == leader:
                child.process.poll()
        return processes.is_group_alive(leader)

    def _note_signal(self, number: int, frame: FrameType | None) -> None:
        self._ended_by = signal.Signals(number)
