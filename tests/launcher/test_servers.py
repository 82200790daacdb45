"""The private servers: they come up, refuse a second one, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from launcher import redis_server
from launcher.redis_server import AlreadyRunning, RedisServer


def test_postgres_of_the_run_answers_and_is_empty(postgres_url: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as link:
        row = link.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert row is not None


def test_databases_made_under_one_name_start_empty(make_postgres_database: Callable[[str], str]) -> None:
    url = make_postgres_database("again").replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as link:
        link.execute("CREATE TABLE t (n int)")
    url = make_postgres_database("again").replace("+psycopg", "")
    with psycopg.connect(url) as link:
        assert link.execute("SELECT to_regclass('t')").fetchone() == (None,)


def test_redis_keeps_what_it_was_given_over_a_restart(fresh_folder: Path) -> None:
    server = RedisServer(fresh_folder)
    with redis.Redis.from_url(server.url) as link:
        link.set("kept", "yes")
    server.stop()
    server = RedisServer(fresh_folder)
    with redis.Redis.from_url(server.url) as link:
        assert link.get("kept") == b"yes"
    server.stop()


def test_a_second_redis_on_the_same_folder_is_refused(fresh_folder: Path) -> None:
    server = RedisServer(fresh_folder)
    with pytest.raises(AlreadyRunning):
        RedisServer(fresh_folder)
    assert redis_server.is_answering(fresh_folder)
    server.stop()
    assert not redis_server.is_answering(fresh_folder)


def test_a_long_folder_gets_a_short_socket(fresh_folder: Path) -> None:
    long = fresh_folder / ("x" * 120)
    server = RedisServer(long)
    assert len(str(redis_server.socket_path(long))) <= redis_server.LONGEST_SOCKET_PATH
    assert redis_server.is_answering(long)
    server.stop()


def test_the_named_program_wins_over_the_path(fresh_folder: Path) -> None:
    (fresh_folder / "valkey-server").touch(mode=0o755)
    found = redis_server.find_program({"PATH": str(fresh_folder)})
    assert found == fresh_folder / "valkey-server"
    named = redis_server.find_program({"PATH": str(fresh_folder), "RELEVO_REDIS_SERVER": "/opt/other"})
    assert named == Path("/opt/other")


def test_redis_ends_when_its_starter_is_killed(fresh_folder: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from launcher.redis_server import RedisServer;"
        "RedisServer(Path(sys.argv[1])); print('up', flush=True); time.sleep(60)"
    )
    starter = subprocess.Popen([sys.executable, "-c", script, str(fresh_folder)], stdout=subprocess.PIPE)
    with starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"up\n"
        os.kill(starter.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while redis_server.is_answering(fresh_folder):
        assert time.monotonic() < deadline, "Redis outlived the process that started it"
