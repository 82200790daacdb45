"""Payload to commit: what a worker does with a page that a platform sent, without the network.

The floor beside each figure is bare SQL: the rows that the pages made, taken out again and written anew by
`executemany`, one transaction a page, on a connection with the same pragmas.
"""

import gc
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from psycopg.types.json import Json
from sqlalchemy import Engine, Table, func, select
from sqlalchemy.orm import Session

from inbox.activity.models import Activity
from inbox.bulk import table_of
from inbox.contacts.models import Contact
from inbox.conversations.models import Conversation, Message, RawPayload, Thread
from inbox.intake.poll import Reader, read_stream
from inbox.media.models import Media
from inbox.sla.models import Timer
from tests.bench.results import Result, middle
from tests.bench.sources import PACE, PLATFORMS, Source, claim, open_source
from tests.bench.stage import Stage
from workers import garbage

# batch, and of a page how many are written after our answer: pages a round, a platform
PAGES = {(1, 0): 20, (40, 0): 10, (40, 10): 5, (500, 0): 1}
# in the order in which foreign keys let them be written
TABLES: tuple[Table, ...] = tuple(
    table_of(one) for one in (Contact, Thread, Conversation, Message, RawPayload, Media, Timer, Activity)
)
LastIds = dict[Table, int]


@dataclass
class Spent:
    """What a number of messages took: wall time and this process's own, in seconds."""

    messages: int = 0
    wall: float = 0.0
    cpu: float = 0.0

    def __enter__(self) -> "Spent":
        """Begin a page."""
        self.wall -= time.perf_counter()
        self.cpu -= time.process_time()
        return self

    def __exit__(self, *raised: object) -> None:
        """End it."""
        self.wall += time.perf_counter()
        self.cpu += time.process_time()

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.wall


@dataclass(frozen=True)
class Round:
    """One round at one batch: what we took, and bare SQL."""

    ours: Spent
    bare: Spent


class Ingest:
    """The measurement."""

    def __init__(self, stage: Stage) -> None:
        self._collects_after = gc.get_threshold()
        garbage.look_rarely()  # as every worker does when it begins
        self._stage, self._engine = stage, stage.engine
        self.sources = [open_source(self._engine, platform, "1") for platform in PLATFORMS]
        self._rounds: dict[tuple[int, int], list[Round]] = defaultdict(list)
        for source in self.sources:
            read_page(self._engine, source, 40, minutes_ago=8)
            answer_what_is_known(self._engine, source, minutes_ago=4)
            for spoken_count in (0, 10):
                read_page(self._engine, source, 40, spoken_count)

    def round(self) -> None:
        """Measure each batch on each platform once more."""
        for (batch, spoken_count), pages in PAGES.items():
            ours, bare = Spent(), Spent()
            for source in self.sources:
                before = [last_ids(self._engine)]
                for _ in range(pages):
                    read_page(self._engine, source, batch, spoken_count, ours)
                    before.append(last_ids(self._engine))
                write_barely(self._engine, before, bare)
            self._rounds[batch, spoken_count].append(Round(ours, bare))

    def results(self) -> list[Result]:
        """Return a row for each batch."""
        return [self._result(*key, rounds) for key, rounds in self._rounds.items()]

    def _result(self, batch: int, spoken_count: int, rounds: Sequence[Round]) -> Result:
        return Result(
            "ingest",
            self._stage.database,
            self._stage.rows,
            variant=f"{spoken_count} of them after our answer" if spoken_count else None,
            batch=batch,
            cpu_ms=middle([1000 * batch * one.ours.cpu / one.ours.messages for one in rounds]),
            rate_per_s=middle([one.ours.rate for one in rounds]),
            floor=middle([one.bare.rate for one in rounds]),
            ratio=middle([one.ours.rate / one.bare.rate for one in rounds]),
        )

    def close(self) -> None:
        """Let Python look for garbage as before."""
        gc.unfreeze()
        gc.set_threshold(*self._collects_after)


def open_on(stage: Stage) -> Ingest:
    """Prepare three channels, one of each platform's shape."""
    return Ingest(stage)


def read_page(
    engine: Engine,
    source: Source,
    batch: int,
    spoken_count: int = 0,
    spent: Spent | None = None,
    *,
    minutes_ago: int = 0,
) -> None:
    """Let a worker read a page of new messages, from the body that came to the commit."""
    source.serve(batch, spoken_count, minutes_ago=minutes_ago)
    _read(engine, source, batch, spent or Spent())


def answer_what_is_known(engine: Engine, source: Source, *, minutes_ago: int) -> None:
    """Let a worker read a page of our own answers, given on the platform."""
    _read(engine, source, source.serve_our_answers(minutes_ago=minutes_ago), Spent())


def _read(engine: Engine, source: Source, batch: int, spent: Spent) -> None:
    reader = Reader(lambda: Session(engine), lambda _channel: source.connection, PACE)
    claimed = claim(engine, source)
    with spent:
        new_count = read_stream(reader, claimed)
    spent.messages += new_count
    if new_count != batch or source.http.bodies:
        raise AssertionError(f"{new_count} of {batch} messages came in")


def last_ids(engine: Engine) -> LastIds:
    """Return the highest id of each table that a page writes."""
    with engine.connect() as link:
        return {table: link.scalar(select(func.max(table.c.id))) or 0 for table in TABLES}


def write_barely(engine: Engine, before: Sequence[LastIds], spent: Spent) -> None:
    """Take out the rows that pages made and write them again; `before`: the last ids before each page, and after."""
    pages = [_rows_between(engine, low, high) for low, high in pairwise(before)]
    _take_out(engine, before[0])
    for page in pages:
        raw = engine.raw_connection()
        try:
            with spent:
                _write(raw.cursor(), page, is_sqlite=engine.dialect.name == "sqlite")
                raw.commit()
        finally:
            raw.close()
        spent.messages += len(page[TABLES.index(table_of(Message))][1])


def _take_out(engine: Engine, lowest: LastIds) -> None:
    """Delete what came after, without looking for what refers to it: that is all of it, and looking takes minutes."""
    is_sqlite = engine.dialect.name == "sqlite"
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("PRAGMA foreign_keys=OFF" if is_sqlite else "SET session_replication_role = replica")
        if is_sqlite:
            cursor.execute("BEGIN IMMEDIATE")
        for table in reversed(TABLES):
            cursor.execute(f"DELETE FROM {table.name} WHERE id > {lowest[table]}")
        raw.commit()
        cursor.execute("PRAGMA foreign_keys=ON" if is_sqlite else "RESET session_replication_role")
        raw.commit()
    finally:
        raw.close()


def _write(cursor: Any, page: Sequence[tuple[str, list[Any]]], *, is_sqlite: bool) -> None:
    if is_sqlite:
        cursor.execute("BEGIN IMMEDIATE")
    for statement, rows in page:
        if rows:
            cursor.executemany(statement, rows)


def _rows_between(engine: Engine, low: LastIds, high: LastIds) -> list[tuple[str, list[Any]]]:
    """Return for each table the bare statement and the rows, as the driver takes them."""
    mark = "?" if engine.dialect.name == "sqlite" else "%s"
    found = []
    with engine.connect() as link:
        for table in TABLES:
            names = ", ".join(f'"{column.name}"' for column in table.c)
            between = f"SELECT {names} FROM {table.name} WHERE id > {low[table]} AND id <= {high[table]} ORDER BY id"
            rows = [tuple(map(_as_given, row)) for row in link.exec_driver_sql(between).all()]
            marks = ", ".join([mark] * len(table.c))
            found.append((f"INSERT INTO {table.name} ({names}) VALUES ({marks})", rows))
    return found


def _as_given(value: Any) -> Any:
    return Json(value) if isinstance(value, dict | list) else value
