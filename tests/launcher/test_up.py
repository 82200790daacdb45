"""`./relevo up` before it starts anything: who holds the data folder, the keys, taken ports, the Procfile."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from inbox.members.first import NOTE
from launcher import data_folder, first_start, processes, procfile
from tests.journeys.running import free_port

UP = [sys.executable, "-P", "-m", "inbox.cli", "up"]


def up(folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `relevo up` with a data folder, expecting it to end by itself."""
    told = {**os.environ, "RELEVO_DATA": str(folder), **environ}
    return subprocess.run(UP, env=told, capture_output=True, text=True, timeout=60, check=False)


def mode(path: Path) -> int:
    """Return the permission bits of a file or folder."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_second_up_is_refused_and_told_where_the_first_one_is(fresh_folder: Path) -> None:
    data = fresh_folder / "data"
    with data_folder.held(data, "http://127.0.0.1:8123"):
        done = up(data)
    assert done.returncode == 1
    assert f"already running at http://127.0.0.1:8123 (process {os.getpid()})" in done.stdout
    assert mode(data) == 0o700


def test_the_folder_is_free_again_afterwards(fresh_folder: Path) -> None:
    with data_folder.held(fresh_folder, "http://first"):
        pass
    with data_folder.held(fresh_folder, "http://second"):
        noted = json.loads((fresh_folder / "up.lock").read_text())
    assert noted["address"] == "http://second"


def test_what_an_earlier_start_left_is_killed_if_it_does_not_end(fresh_folder: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(300)"
    )
    said: list[str] = []
    with data_folder.outlived(fresh_folder, 5, said.append) as lasting:
        left = processes.start([sys.executable, "-c", deaf], output=None, kept_open=[lasting])
    try:
        with data_folder.outlived(fresh_folder, 0.2, said.append):
            assert left.wait(5) == -signal.SIGKILL
    finally:
        left.kill()
        left.wait()
    assert said == [
        "an earlier start was killed; waiting for its processes to end",
        "they do not end by themselves; killing them",
    ]


@pytest.mark.parametrize("offset", [0, 1])
def test_a_taken_port_is_named(fresh_folder: Path, offset: int) -> None:
    first = free_port()
    with socket.create_server(("127.0.0.1", first + offset)):
        done = up(fresh_folder, RELEVO_PORT=str(first))
    assert done.returncode == 1
    assert f"port {first + offset} on 127.0.0.1 is taken" in done.stdout
    assert "RELEVO_PORT" in done.stdout


def test_production_refuses_keys_beside_the_database(fresh_folder: Path) -> None:
    done = up(fresh_folder, RELEVO_ENV="production", RELEVO_PORT=str(free_port()))
    assert done.returncode == 1
    assert "RELEVO_SECRET_KEYS" in done.stdout
    assert not (fresh_folder / data_folder.KEYS_FILE).exists()


def test_keys_are_made_once_private_and_usable(fresh_folder: Path) -> None:
    assert data_folder.make_keys_if_missing(fresh_folder)
    path = fresh_folder / data_folder.KEYS_FILE
    first = path.read_text()
    assert mode(path) == 0o600
    assert Fernet(first.strip()).encrypt(b"x")
    assert not data_folder.make_keys_if_missing(fresh_folder)
    assert path.read_text() == first


def test_the_password_goes_to_a_private_file_where_nobody_watches(
    fresh_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first_start.hand_over("ana@brand.example", "plum-cloud-7", fresh_folder, is_terminal=False)
    path = fresh_folder / NOTE
    said = capsys.readouterr().out
    assert str(path) in said
    assert "plum-cloud-7" not in said
    assert path.read_text() == "ana@brand.example\nplum-cloud-7\n"
    assert mode(path) == 0o600


def test_the_password_is_shown_to_a_person_and_kept_nowhere(
    fresh_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first_start.hand_over("ana@brand.example", "plum-cloud-7", fresh_folder, is_terminal=True)
    assert "plum-cloud-7" in capsys.readouterr().out
    assert list(fresh_folder.iterdir()) == []


def test_the_procfile_names_every_process_and_uses_this_python() -> None:
    found = procfile.read()
    assert list(found) == ["web", "stream", "worker-send", "worker-poll", "beat"]
    assert {words[0] for words in found.values()} == {sys.executable}
