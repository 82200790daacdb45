"""One private PostgreSQL and one Redis for a whole run, started where pytest-xdist has its controller."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from launcher import translations
from launcher.postgres_server import PostgresServer
from launcher.redis_server import RedisServer

_FIXTURES = Path(__file__).parent / "fixtures"
pytest_plugins = [f"tests.fixtures.{path.stem}" for path in sorted(_FIXTURES.glob("[a-z]*.py"))]

_STARTED = pytest.StashKey[tuple[PostgresServer, RedisServer]]()
_POSTGRES = "RELEVO_TEST_POSTGRES"  # the folder of the server's socket; workers inherit both
_REDIS = "RELEVO_TEST_REDIS"


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers once, before the workers are forked."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    translations.compile_stale()
    redis_folder = Path(tempfile.mkdtemp(prefix="relevo-redis."))
    config.stash[_STARTED] = (PostgresServer(), RedisServer(redis_folder))
    os.environ[_POSTGRES] = str(config.stash[_STARTED][0].folder)
    os.environ[_REDIS] = str(redis_folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the servers with the run."""
    if _STARTED in config.stash:
        postgres, redis = config.stash[_STARTED]
        postgres.stop()
        redis.stop()
        shutil.rmtree(redis.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def worker_number(request: pytest.FixtureRequest) -> int:
    """Which of the parallel test processes this is: 0 for the first or the only one."""
    name = getattr(request.config, "workerinput", {"workerid": "gw0"})["workerid"]
    return int(name.removeprefix("gw"))


@pytest.fixture(scope="session")
def make_postgres_database(worker_number: int) -> Callable[..., str]:
    """A function that makes a database of the given name, for this worker alone, and gives its URL.

    It is empty, or a copy of another that nobody is connected to.
    """

    def make(name: str, pattern: str = "template0") -> str:
        host, database = os.environ[_POSTGRES], f"{name}_{worker_number}"
        with psycopg.connect(f"host={host} user=postgres dbname=postgres", autocommit=True) as link:
            link.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)'.encode())
            link.execute(f'CREATE DATABASE "{database}" TEMPLATE "{pattern}"'.encode())
        return f"postgresql+psycopg://postgres@/{database}?host={host}"

    return make


@pytest.fixture(scope="session")
def postgres_url(make_postgres_database: Callable[[str], str]) -> str:
    """An empty PostgreSQL database that this worker keeps for the run."""
    return make_postgres_database("test")


@pytest.fixture(scope="session")
def redis_url(worker_number: int) -> str:
    """A numbered database of the run's Redis that no other worker uses."""
    return f"unix://{os.environ[_REDIS]}/redis.sock?db={worker_number % 16}"


@pytest.fixture
def fresh_folder() -> Iterator[Path]:
    """A folder with a path short enough for sockets, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="relevo.") as folder:
        yield Path(folder)
