"""The sandbox as a process: quick to start, quick to end, the same after kill -9, never in production."""

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.site import Until

ROOT = Path(__file__).parents[2]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts sandboxes in one folder; those that still run are ended."""
    running: list[subprocess.Popen[str]] = []

    def begin(*options: str, **environment: str) -> "subprocess.Popen[str]":
        running.append(
            subprocess.Popen(
                [sys.executable, "-W", "error", "-m", "sandbox", "--data", str(tmp_path), "--traffic", "off", *options],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def told(folder: Path, pid: int) -> dict[str, Any] | None:
    """What sandbox.json says once this process has written it."""
    try:
        found: dict[str, Any] = json.loads((folder / "sandbox.json").read_text())
    except FileNotFoundError:
        return None
    return found if found["pid"] == pid else None


def call(description: dict[str, Any], path: str, **body: Any) -> dict[str, Any]:
    """A call of the control API."""
    headers = {"Authorization": f"Bearer {description['control_token']}"}
    answer = httpx.post(f"{description['url']}/sandbox/{path}", json=body, headers=headers)
    found: dict[str, Any] = answer.json()
    return found


def test_it_starts_tells_where_and_ends(start: Start, tmp_path: Path, until: Until) -> None:
    """sandbox.json is 0600; SIGTERM ends it within 2 s, also while a request hangs."""
    process = start()
    description = until(lambda: told(tmp_path, process.pid))
    for name in ("sandbox.json", "sandbox.sqlite", "ledger.sqlite"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert description["url"] == f"http://127.0.0.1:{description['port']}"
    call(description, "faults", personality="feed", kind="hang", seconds=60)
    with httpx.Client(timeout=0.2) as client, pytest.raises(httpx.TimeoutException):
        client.get(description["feed"]["url"] + "/api/v2/instance")
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=5)
    assert time.monotonic() - began < 2
    assert (process.returncode, errors) == (0, "")
    assert output == f"sandbox: {description['url']}\n"


def test_kill_9_loses_nothing_and_no_id_comes_twice(start: Start, tmp_path: Path, until: Until) -> None:
    """State, tokens, faults and the port survive; ids go on."""
    process = start()
    first = until(lambda: told(tmp_path, process.pid))
    ids = [call(first, "feed/mention", by="ana@plaza.test", text=f"n {number}")["id"] for number in range(5)]
    call(first, "feed/delete", id=ids[-1])
    call(first, "faults", personality="feed", kind="ignore_idempotency_key")
    process.send_signal(signal.SIGKILL)
    process.wait()
    again = start()
    second = until(lambda: told(tmp_path, again.pid))
    assert {**second, "pid": 0} == {**first, "pid": 0}
    headers = {"Authorization": f"Bearer {second['feed']['access_token']}"}
    notes = httpx.get(second["feed"]["url"] + "/api/v1/notifications", headers=headers).json()
    assert [one["status"]["id"] for one in notes] == ids[:-1][::-1]
    assert int(call(second, "feed/mention", by="ana@plaza.test", text="otra")["id"]) > int(ids[-1])
    control = {"Authorization": f"Bearer {second['control_token']}"}
    faults = httpx.get(second["url"] + "/sandbox/faults", headers=control).json()["faults"]
    assert [one["kind"] for one in faults] == ["ignore_idempotency_key"]


@pytest.mark.parametrize("count", [30, 77])
def test_state_and_ledger_agree_after_kill_9_amid_traffic(
    start: Start, tmp_path: Path, until: Until, count: int
) -> None:
    """DESIGN chaos: the ledger knows every version that the platform has, and none besides."""
    process = start("--traffic", "on", "--rate", "6000", "--pace", "3000")
    description = until(lambda: told(tmp_path, process.pid))
    headers = {"Authorization": f"Bearer {description['feed']['access_token']}"}
    with httpx.Client(base_url=description["feed"]["url"], headers=headers) as client:
        answered = [
            client.post("/api/v1/statuses", data={"status": f"hola {number}"}).json()["id"] for number in range(count)
        ]
    process.send_signal(signal.SIGKILL)
    process.wait()
    again = start()
    until(lambda: told(tmp_path, again.pid))
    state = rows(tmp_path / "sandbox.sqlite", "SELECT personality, item_id, version_no, text FROM version")
    ledger = rows(tmp_path / "ledger.sqlite", "SELECT personality, item_id, version_no, text FROM message_version")
    assert sorted(state) == sorted(ledger)
    assert len(state) > count
    deleted = rows(tmp_path / "sandbox.sqlite", "SELECT personality, id FROM item WHERE deleted_at IS NOT NULL")
    assert sorted(deleted) == sorted(rows(tmp_path / "ledger.sqlite", "SELECT personality, item_id FROM removal"))
    assert [one[0] for one in rows(tmp_path / "ledger.sqlite", "SELECT item_id FROM accepted")] == answered


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """What a file holds."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return db.execute(sql).fetchall()


def test_a_taken_port_is_left_to_its_owner(start: Start, tmp_path: Path, until: Until) -> None:
    """The last port when it can be, else another; a wanted one must be free."""
    process = start()
    first = until(lambda: told(tmp_path, process.pid))
    other = tmp_path / "other"
    refused = start("--data", str(other), "--port", str(first["port"]))
    _, errors = refused.communicate(timeout=10)
    assert (refused.returncode, f"port {first['port']} is taken" in errors) == (2, True)
    other.mkdir(exist_ok=True)
    (other / "sandbox.json").write_text(json.dumps({"port": first["port"]}))
    elsewhere = start("--data", str(other))
    second = until(lambda: told_of(other, elsewhere.pid))
    assert second["port"] != first["port"]


def told_of(folder: Path, pid: int) -> dict[str, Any] | None:
    """Like told, for a file that may be a leftover without pid."""
    found: dict[str, Any] = json.loads((folder / "sandbox.json").read_text())
    return found if found.get("pid") == pid else None


def test_two_may_not_share_a_folder(start: Start, tmp_path: Path, until: Until) -> None:
    """One writer for one state."""
    process = start()
    until(lambda: told(tmp_path, process.pid))
    second = start()
    _, errors = second.communicate(timeout=10)
    assert (second.returncode, "already runs" in errors) == (2, True)


def test_it_refuses_production(start: Start, tmp_path: Path) -> None:
    """DESIGN: refused in production."""
    process = start(RELEVO_ENV="production")
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, "production" in errors) == (2, True)
    assert list(tmp_path.iterdir()) == []


def hand(*words: str) -> "subprocess.CompletedProcess[str]":
    """What a person's command says about it."""
    command = [sys.executable, "-W", "error", "-m", "sandbox", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_person_lets_it_fail_and_be_well_again(start: Start, until: Until, tmp_path: Path) -> None:
    process = start()
    description = until(lambda: told(tmp_path, process.pid))
    headers = {"Authorization": f"Bearer {description['feed']['access_token']}"}
    read = f"{description['feed']['url']}/api/v1/notifications"
    done = hand("fail", "feed", "error_500", "--data", str(tmp_path))
    assert (done.returncode, "for 120 s" in done.stdout) == (0, True), done.stderr
    assert httpx.get(read, headers=headers).status_code == 500
    done = hand("heal", "--data", str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "sandbox: faults that were ended: 1\n"), done.stderr
    assert httpx.get(read, headers=headers).status_code == 200
    hand("fail", "feed", "error_500", "--count", "1", "--data", str(tmp_path))
    assert [httpx.get(read, headers=headers).status_code for _ in range(2)] == [500, 200]


def test_where_none_runs_a_person_is_told(tmp_path: Path) -> None:
    done = hand("fail", "pages", "outage", "--data", str(tmp_path))
    assert (done.returncode, "none is running" in done.stdout) == (1, True)
