"""A filled database, and the product standing on it: what a benchmark gets."""

import contextvars
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import Engine, make_url
from sqlalchemy.orm import Session

from inbox import create_app
from inbox.database import db
from inbox.members import sessions
from inbox.settings import Settings
from tests.bench.stores import make_settings

Say = Callable[[str], None]


class Stage:
    """One filled database and an application on it."""

    def __init__(self, database: str, rows: int, url: str, say: Say) -> None:
        self.database, self.rows, self.url, self.say = database, rows, url, say
        self.folder = Path(tempfile.mkdtemp(prefix="relevo-bench."))

    @cached_property
    def settings(self) -> Settings:
        """Settings on this database, with a data folder that goes with the stage."""
        return make_settings(self.url, self.folder)

    @cached_property
    def app(self) -> Flask:
        """The web application, as gunicorn makes it."""
        return create_app(self.settings)

    @cached_property
    def engine(self) -> Engine:
        """The application's engine."""
        with self.app.app_context():
            return db.engine

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session that may write, in a context of its own."""
        with Session(self.engine) as session:
            yield session

    def connect(self) -> Any:
        """Return a bare connection of the driver, for floors: no ORM, no Flask; autocommit."""
        parts = make_url(self.url)
        if self.database == "sqlite":
            link = sqlite3.connect(str(parts.database), isolation_level=None, check_same_thread=False)
            for pragma in ("synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
                link.execute(f"PRAGMA {pragma}")
            return link
        return psycopg.connect(
            host=str(parts.query["host"]), user=parts.username, dbname=parts.database, autocommit=True
        )

    def sign_in(self, member_id: int) -> str:
        """Begin a session of a member and return its cookie as a header's value."""

        def begin() -> str:
            with self.session() as session:
                _, token = sessions.begin(session, member_id, "bench", pace=self.settings.pace)
                session.commit()
            return f"{sessions.COOKIE}={token}"

        return contextvars.Context().run(begin)

    def close(self) -> None:
        """Let the database go."""
        if "app" in self.__dict__:
            self.engine.dispose()
        shutil.rmtree(self.folder, ignore_errors=True)
