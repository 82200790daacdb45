"""Many rows in few statements, whose texts are the same however many there are: made, compiled and parsed once.

Building a statement anew for each page costs ten times what the database needs to run it. So statements stand at
the top of their modules, take many values as one parameter (`among`), and rows are handed to the driver as it
takes them (`insert_all`, `insert_missing`), with ids that were taken beforehand (`take_ids`): nothing is read back.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Dialect,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from inbox.database import COPIED_ROWS

Rows = Sequence[Mapping[str, Any]]
_Process = Callable[[Any], Any]


def table_of(model: Any) -> Table:
    """Return the table behind a model, for statements that make no objects."""
    table: Table = model.__table__
    return table


class _Many(TypeDecorator[Sequence[Any]]):
    """Many values as one parameter: an array on PostgreSQL, a JSON list on SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, are_numbers: bool) -> None:
        super().__init__()
        self.are_numbers = are_numbers

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's own type."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(ARRAY(BigInteger if self.are_numbers else Text))

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        """Hand over the list as it is, or as JSON."""
        values = list(value or ())
        return json.dumps(values) if dialect.name == "sqlite" else values


class _Among(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """Stay as it is: `… = 1`, which SQLite else gets to see, would be served by no index."""
        return self


@compiles(_Among, "sqlite")
def _among_on_sqlite(element: _Among, compiler: Any, **how: Any) -> str:
    column, many = (compiler.process(part, **how) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({many}))"  # noqa: S608 - a column and a parameter


@compiles(_Among, "postgresql")
def _among_on_postgresql(element: _Among, compiler: Any, **how: Any) -> str:
    column, many = (compiler.process(part, **how) for part in element.clauses)
    return f"{column} = ANY ({many})"


def among(column: Any, name: str) -> ColumnElement[bool]:
    """SQL: the column has one of the values that are given as the parameter `name` when it is run."""
    are_numbers = isinstance(column.type, Integer)
    return _Among(column, bindparam(name, type_=_Many(are_numbers)))


class _Within(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """See _Among."""
        return self


@compiles(_Within, "sqlite")
def _within_on_sqlite(element: _Within, compiler: Any, **how: Any) -> str:
    column, found = (compiler.process(part, **how) for part in element.clauses)
    return f"+{column} IN {found}"


@compiles(_Within, "postgresql")
def _within_on_postgresql(element: _Within, compiler: Any, **how: Any) -> str:
    column, found = (compiler.process(part, **how) for part in element.clauses)
    # In coalesce() it leads to no index, and is taken to be true of every other row.
    return f"coalesce({column} = ANY (ARRAY{found}), false)"


def within(column: ColumnElement[int], numbers: Select[int]) -> ColumnElement[bool]:
    """SQL: the column is one of what a select finds, which is found once; what is walked stays in its order.

    A join with those numbers, or an index that begins with them, would read all that they lead to and sort it.
    """
    return _Within(column, numbers.scalar_subquery())


def written_out(codes: Iterable[str]) -> list[ColumnElement[str]]:
    """SQL: codes of ours for IN, as constants: a list of parameters is written into the statement at each run."""
    return [literal_column(f"'{code}'", Text) for code in codes]


def take_ids(session: Session, models: Sequence[Any], count: int) -> dict[Any, Iterator[int]]:
    """Take `count` ids of each table for rows that are about to be inserted; those not used are never used.

    On SQLite the transaction must hold the write lock: nobody else takes the same.
    """
    row_or_rows = session.execute(_next_ids(session.get_bind().dialect.name, tuple(models)), {"count": count}).all()
    if session.get_bind().dialect.name == "sqlite":
        return {
            model: iter(range(last + 1, last + 1 + count)) for model, last in zip(models, row_or_rows[0], strict=True)
        }
    return {model: iter(ids) for model, ids in zip(models, zip(*row_or_rows, strict=True), strict=True)}


@cache
def _next_ids(dialect_name: str, models: tuple[Any, ...]) -> Any:
    tables = [table_of(model) for model in models]
    if dialect_name == "sqlite":
        return select(*(select(func.coalesce(func.max(table.c.id), 0)).scalar_subquery() for table in tables))
    numbers = func.generate_series(1, bindparam("count", type_=Integer)).table_valued()
    return select(*(func.nextval(f"{table.name}_id_seq") for table in tables)).select_from(numbers)


def insert_all(session: Session, model: Any, rows: Rows) -> None:
    """Insert rows that all have the same columns, by COPY on PostgreSQL: a third of the cost of as many INSERTs.

    Rows have two columns at least. Raises IntegrityError where one is there already, ValueError where one has other
    columns than the first.
    """
    if not rows:
        return
    plan = _plan(session, model, rows[0])
    values = plan.values(rows)
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql(plan.insert, values)
    else:
        session.connection().exec_driver_sql(plan.copy, execution_options={COPIED_ROWS: values})


def insert_missing(session: Session, model: Any, rows: Rows) -> int:
    """Insert those rows that no unique constraint stands against; returns how many were. Sort them by their key.

    Raises ValueError where a row has other columns than the first.
    """
    if not rows:
        return 0
    plan = _plan(session, model, rows[0])
    statement, values = f"{plan.insert} ON CONFLICT DO NOTHING", plan.values(rows)
    # Drivers tell of INSERTs as well how many rows they made, but SQLAlchemy keeps the number only where it is asked.
    counted = {"preserve_rowcount": True}
    return session.connection().exec_driver_sql(statement, values, execution_options=counted).rowcount


@dataclass(frozen=True)
class _Plan:
    """How rows of certain columns are handed to the driver.

    `pick`: takes a row's values in their order; `processes`: what the driver must be given otherwise, by place;
    `rest`: the defaults of the columns left out.
    """

    insert: str
    copy: str
    names: frozenset[str]
    pick: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    processes: tuple[tuple[int, _Process], ...]
    rest: tuple[Any, ...]

    def values(self, rows: Rows) -> list[tuple[Any, ...]]:
        """Return rows as the driver takes them; raises ValueError where one has other columns."""
        return [self._values_of(row) for row in rows]

    def _values_of(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        if row.keys() != self.names:
            raise ValueError(f"a row among others has columns of its own: {sorted(row)}")
        given = [*self.pick(row), *self.rest]
        for place, process in self.processes:
            if given[place] is not None:  # nothing is NULL, whatever the type
                given[place] = process(given[place])
        return tuple(given)


def _plan(session: Session, model: Any, row: Mapping[str, Any]) -> _Plan:
    return _make_plan(table_of(model), tuple(row), session.get_bind().dialect)


@cache
def _make_plan(table: Table, names: tuple[str, ...], dialect: Dialect) -> _Plan:
    found = enumerate(_process(table.c[name], dialect) for name in names)
    processes = tuple((place, process) for place, process in found if process is not None)
    rest = {}
    for column in table.c:
        if column.name not in names and column.default is not None:
            default = _default(column.default)
            process = _process(column, dialect)
            rest[column.name] = default if process is None else process(default)
    quote = dialect.identifier_preparer.quote
    listed = ", ".join(quote(name) for name in (*names, *rest))
    mark = "?" if dialect.name == "sqlite" else "%s"
    marks = ", ".join([mark] * (len(names) + len(rest)))
    target = f"{quote(table.name)} ({listed})"
    insert = f"INSERT INTO {target} VALUES ({marks})"  # noqa: S608 - names of our own tables
    pick = itemgetter(*names)
    return _Plan(insert, f"COPY {target} FROM STDIN", frozenset(names), pick, processes, tuple(rest.values()))


def _default(default: Any) -> Any:
    """Return what every row gets that leaves the column out: a constant, or an empty list or object."""
    value = default.arg if default.is_scalar else default.arg(None)
    if not default.is_scalar and value not in ([], {}):
        raise TypeError("a default that may differ from row to row must be given with the row")
    return value


def _process(column: Column[Any], dialect: Dialect) -> _Process | None:
    """Return what makes a value one that the driver takes; None where it takes it as it is, as both do with bool."""
    if isinstance(column.type, Boolean):
        return None
    return column.type.dialect_impl(dialect).bind_processor(dialect)
