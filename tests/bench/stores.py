"""Filled databases by size, kept under build/bench-cache: whoever comes second starts at once.

They are thrown away when the migrations or the filling change. What writes gets a copy.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from cryptography.fernet import Fernet

from inbox import create_app
from inbox.database import db
from inbox.settings import Settings
from launcher.postgres_server import PostgresServer
from tests.bench import filling

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "build" / "bench-cache"
_FILLING = ("conversations", "crowd", "filling", "shapes", "texts", "threads", "timers")
# As it comes, so that what is committed is on the disk; one batch of a load shall not wait for checkpoints.
_POSTGRESQL = "-c max_wal_size=4GB -c log_min_messages=warning"
Say = Callable[[str], None]


def cache_folder() -> Path:
    """Return this version's folder, and remove those of others."""
    sources = sorted((ROOT / "inbox/migrations/versions").glob("*.py"))
    sources += [Path(__file__).parent / f"{name}.py" for name in _FILLING]
    key = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    CACHE.mkdir(parents=True, exist_ok=True)
    for old in CACHE.iterdir():
        if old.name != key:
            shutil.rmtree(old)
    folder = CACHE / key
    folder.mkdir(exist_ok=True)
    return folder


def make_settings(database_url: str, folder: Path) -> Settings:
    """Return settings of a process without Redis, with a key of its own."""
    return Settings(
        data_dir=folder, database_url=database_url, redis_url="", secret_keys=(Fernet.generate_key().decode(),)
    )


def migrate(database_url: str) -> None:
    """Bring an empty database to this version's form, as a first start does."""
    from inbox import schema

    app = create_app(make_settings(database_url, Path(tempfile.gettempdir())), busy_seconds=30)
    schema.upgrade(app)
    with app.app_context():
        db.engine.dispose()


class SqliteStore:
    """One file a size."""

    def __init__(self, folder: Path, say: Say) -> None:
        self._folder, self._say = folder, say
        self._copies = Path(tempfile.mkdtemp(prefix="copies.", dir=folder.parent.parent))

    def url(self, size: int) -> str:
        """Return the address of the filled database of a size, made first if it is not there."""
        return f"sqlite:///{self._filled(size)}"

    def copy(self, size: int) -> str:
        """Return the address of a copy that may be written to."""
        target = self._copies / f"{size}-{len(list(self._copies.iterdir()))}.sqlite"
        shutil.copyfile(self._filled(size), target)
        return f"sqlite:///{target}"

    def close(self) -> None:
        """Remove the copies."""
        shutil.rmtree(self._copies, ignore_errors=True)

    def _filled(self, size: int) -> Path:
        path, half = self._folder / f"{size}.sqlite", self._folder / f"{size}.half"
        if not path.exists():
            self._say(f"filling SQLite with {size:,} conversations")
            half.unlink(missing_ok=True)
            migrate(f"sqlite:///{half}")
            filling.fill_sqlite(half, size)
            for beside in ("-wal", "-shm"):
                Path(f"{half}{beside}").unlink(missing_ok=True)
            half.rename(path)
        return path


class PostgresqlStore:
    """One server of our own with a database a size; copies are databases made after their pattern."""

    def __init__(self, folder: Path, say: Say) -> None:
        self._say = say
        data = folder / "postgresql"
        data.mkdir(mode=0o700, exist_ok=True)
        # the socket's path must be short, the data may lie deep
        self._short = Path(tempfile.mkdtemp(prefix="relevo-bench."))
        (self._short / "data").symlink_to(data)
        self.server = PostgresServer(self._short, settings=_POSTGRESQL)
        self._copies: list[str] = []

    def url(self, size: int) -> str:
        """Return the address of the filled database of a size, made first if it is not there."""
        return self.server.url(self._filled(size))

    def copy(self, size: int) -> str:
        """Return the address of a copy that may be written to."""
        filled, name = self._filled(size), f"copy_{os.getpid()}_{len(self._copies)}"
        with self._admin() as link:
            link.execute(f"CREATE DATABASE {name} TEMPLATE {filled} STRATEGY file_copy".encode())
        self._copies.append(name)
        return self.server.url(name)

    def close(self) -> None:
        """Remove the copies and end the server."""
        with self._admin() as link:
            for name in self._copies:
                link.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
        self.server.stop()

    def _filled(self, size: int) -> str:
        name = f"filled_{size}"
        with self._admin() as link:
            if link.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is not None:
                return name
            self._say(f"filling PostgreSQL with {size:,} conversations")
            link.execute("DROP DATABASE IF EXISTS half WITH (FORCE)")
            link.execute("CREATE DATABASE half TEMPLATE template0")
            migrate(self.server.url("half"))
            filling.fill_postgresql(f"host={self.server.folder} user=postgres dbname=half", size)
            link.execute(f"ALTER DATABASE half RENAME TO {name}".encode())
        return name

    @contextmanager
    def _admin(self) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        with psycopg.connect(f"host={self.server.folder} user=postgres dbname=postgres", autocommit=True) as link:
            yield link


Store = SqliteStore | PostgresqlStore


def open_store(database: str, say: Say) -> Store:
    """Open the filled databases of one kind."""
    return (SqliteStore if database == "sqlite" else PostgresqlStore)(cache_folder(), say)
