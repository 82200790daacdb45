"""A real Relevo whose beat stands still: the web process tells, /healthz says so, and both are well after repair."""

import json
import os
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.inbox.wire import Wire, answering, reply
from tests.journeys.running import Running, relevo_up, until
from tests.launcher.test_whole import processes

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

TAKEN = reply(b"", "200 OK", "Connection: close")


def test_a_beat_that_stands_still_is_told_within_a_minute_and_so_is_its_end(fresh_folder: Path) -> None:
    with answering(TAKEN) as receiver, relevo_up(fresh_folder / "data", environ_for(receiver)) as running:
        until(lambda: len(health(running).get("sweeps", {})) > 10, "the workers expect their sweeps", 60)
        until(lambda: paths(receiver), "the first ping to whoever watches from outside", 60)
        assert set(paths(receiver)) == {"GET /ping"}
        until(lambda: running_for(running) > 62, "the pages judge: in their first minute they do not", 70)
        assert health(running)["status"] == "ok"

        lose_the_pages_worker(running)
        beat = processes(running)["beat"]
        os.kill(beat, signal.SIGSTOP)  # what is killed is started again at once; what hangs is not
        stopped_at = time.monotonic()
        until(lambda: "POST /told" in paths(receiver), "the last resort is told", 90)
        assert time.monotonic() - stopped_at < 65
        assert subjects(receiver)[0].startswith("Relevo: nothing has been checked since ")
        assert health(running)["status"] == "stopped"
        assert "sweeps stand still since" in running.try_relevo("doctor").stdout

        os.kill(beat, signal.SIGCONT)
        until(lambda: len(subjects(receiver)) == 2, "the last resort hears that all is well", 90)
        assert subjects(receiver)[1] == "Relevo: everything is checked again"
        assert health(running)["status"] == "ok"


def lose_the_pages_worker(running: Running) -> None:
    """Kill the worker that serves and watches, and wait until its server has another one."""
    web = processes(running)["web"]
    children = Path(f"/proc/{web}/task/{web}/children")
    (worker,) = children.read_text().split()
    os.kill(int(worker), signal.SIGKILL)
    until(lambda: health(running).get("status") == "ok", "another worker serves", 30)
    assert worker not in children.read_text().split()


def environ_for(receiver: Wire) -> dict[str, str]:
    return {
        "RELEVO_SANDBOX": "0",
        "RELEVO_LAST_RESORT_URL": f"{receiver.url}/told",
        "RELEVO_HEARTBEAT_URL": f"{receiver.url}/ping",
        "RELEVO_LOCAL_SERVICES": receiver.url,
    }


def running_for(running: Running) -> float:
    """Return how long the pages' process has run at most, in seconds."""
    return time.time() - Path(f"/proc/{processes(running)['web']}").stat().st_ctime


def health(running: Running) -> dict[str, Any]:
    """Return what /healthz says, whatever its status; empty while it does not answer."""
    try:
        with urllib.request.urlopen(f"{running.url}/healthz", timeout=5) as answer:
            found = answer.read()
    except urllib.error.HTTPError as error:
        with error:
            found = error.read()
    except OSError:
        return {}
    told: dict[str, Any] = json.loads(found)
    return told


def paths(receiver: Wire) -> list[str]:
    return [b" ".join(request.split(b" ", 2)[:2]).decode() for request in receiver.requests]


def subjects(receiver: Wire) -> list[str]:
    told = [request for request in receiver.requests if request.startswith(b"POST")]
    return [json.loads(request.partition(b"\r\n\r\n")[2])["subject"].partition(" · ")[0] for request in told]
