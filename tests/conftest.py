"""Servers that the whole run shares: one PostgreSQL and one Redis, started once, before the workers."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

pytest_plugins = ["tests.fixtures.app"]

POSTGRES = "RELEVO_TEST_POSTGRES"  # the folder of the server's socket


def pytest_configure(config: pytest.Config) -> None:
    """Start PostgreSQL in the controller, so that all workers share it and it ends with the run."""
    if hasattr(config, "workerinput") or os.environ.get(POSTGRES) or config.option.collectonly:
        return
    from launcher.postgres_server import PostgresServer

    server = PostgresServer()
    os.environ[POSTGRES] = str(server.folder)
    config.add_cleanup(server.stop)
    config.add_cleanup(_forget_server)


def _forget_server() -> None:
    os.environ.pop(POSTGRES, None)


def _url(database: str) -> str:
    return f"postgresql+psycopg://postgres@/{database}?host={os.environ[POSTGRES]}"


@pytest.fixture(scope="session")
def postgres_url(worker_id: str) -> Iterator[str]:
    """Return the address of an empty database of this worker's own."""
    name = f"test_{worker_id}_{os.getpid()}"
    server = create_engine(_url("postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield _url(name)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(scope="session")
def fast_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder in memory where there is one: SQLite waits for the disk at each commit."""
    import shutil
    import tempfile

    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path_factory.mktemp("fast")
        return
    folder = Path(tempfile.mkdtemp(prefix="relevo-test.", dir=memory))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
