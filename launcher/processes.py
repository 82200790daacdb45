"""What starting and ending a process safely takes: its own group, and an end when its parent ends."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def start(
    words: Sequence[str | Path],
    *,
    environ: Mapping[str, str] | None = None,
    output: int | None = None,
    kept_open: Sequence[int] = (),
    at_parents_death: signal.Signals = signal.SIGTERM,
    before: Callable[[], None] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a group of its own that gets a signal when we die, even by kill -9.

    Files in `kept_open` stay open in it: a lock on one lasts as long as the process and all it starts.
    Call it from the main thread: Linux counts the end of the thread that forked as the parent's death.
    """
    announce = _death_signal(at_parents_death)

    def in_child() -> None:
        if before is not None:
            before()
        announce()

    return subprocess.Popen(
        [str(word) for word in words],
        env=None if environ is None else dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        start_new_session=True,
        pass_fds=kept_open,
        preexec_fn=in_child,  # noqa: PLW1509  # started by single-threaded programs; calls C alone
    )


def adopt_orphans() -> None:
    """Make grandchildren whose parent died ours, so that their end can be waited for (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def signal_group(leader: int, number: signal.Signals) -> bool:
    """Send a signal to a process and all it started; False if none of them is left."""
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_group_alive(leader: int) -> bool:
    """Tell whether any process of the group is left."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def describe_exit(returncode: int) -> str:
    """Say in words how a process ended: its exit code, or the signal that killed it."""
    if returncode >= 0:
        return f"ended with exit code {returncode}"
    try:
        name = signal.Signals(-returncode).name
    except ValueError:
        name = f"signal {-returncode}"
    return f"was killed by {name}"


def _death_signal(number: signal.Signals) -> Callable[[], None]:
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # looked up before the fork
    parent = os.getpid()

    def announce() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died in between
            os.kill(os.getpid(), number)

    return announce
