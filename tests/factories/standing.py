"""Worlds that stand ready: made once on a database, and put back row by row for each further test that wants one."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import compress
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from inbox import clock
from inbox.tables import METADATA

World = TypeVar("World")
# A page says "7 min" of who came seven minutes before the world was made: later it is made anew.
GOOD_FOR = timedelta(seconds=15)


@dataclass(frozen=True)
class Standing:
    """What was made (ids alone, so that it outlives a session), when, and which tables have rows of it."""

    world: Any
    made_at: datetime
    tables: tuple[str, ...]


_STANDING: dict[tuple[str, str], Standing] = {}


def stand(session: Session, name: str, make: Callable[[Session], World]) -> World:
    """Return a world on an empty database, as `make` builds and commits it; under a clock that stands it is made once.

    The copies lie beside the tables in the same database, so that no value changes on its way.
    """
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    key = (str(engine.url), name)
    found = _STANDING.get(key)
    if found is None or not timedelta() <= clock.now() - found.made_at <= GOOD_FOR:
        made_at, made = clock.now(), make(session)
        found = _STANDING[key] = Standing(made, made_at, _keep(session, name))
    else:
        for table in found.tables:
            session.connection().exec_driver_sql(f'INSERT INTO "{table}" SELECT * FROM "{name} {table}"')
        session.commit()
    world: World = deepcopy(found.world)
    return world


def _keep(session: Session, name: str) -> tuple[str, ...]:
    """Copy every row; returns which tables have any, in the order in which they can be filled."""
    link = session.connection()
    tables = [table.name for table in METADATA.sorted_tables]
    each = ", ".join(f'EXISTS (SELECT 1 FROM "{table}")' for table in tables)
    filled = tuple(compress(tables, link.exec_driver_sql(f"SELECT {each}").one()))
    for table in filled:
        link.exec_driver_sql(f'CREATE TABLE IF NOT EXISTS "{name} {table}" AS SELECT * FROM "{table}" WHERE 1 = 0')
        link.exec_driver_sql(f'DELETE FROM "{name} {table}"')
        link.exec_driver_sql(f'INSERT INTO "{name} {table}" SELECT * FROM "{table}"')
    session.commit()
    return filled
