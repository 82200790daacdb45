"""SQL: what became of a timer, and the counts of many; the same for a page, for its rows and for a day that is kept.

A timer is of one kind alone, the first that fits: imported, arrived late, withdrawn, excused, and else in time, late or
overdue. Only the last three are in the rate (RULES C5).
"""

from enum import StrEnum
from typing import Any

from sqlalchemy import Boolean, Integer, Select, Text, and_, bindparam, func, literal_column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import case
from sqlalchemy.sql.functions import FunctionElement

from inbox.bulk import table_of
from inbox.database import UtcDateTime
from inbox.sla.models import Outcome, Timer

T = table_of(Timer).c
DAY_SECONDS = 86400
QUARTER_SECONDS = 900


class Kind(StrEnum):
    """What became of a timer whose deadline has passed."""

    IN_TIME = "in_time"
    LATE = "late"
    OVERDUE = "overdue"
    EXCUSED = "excused"
    WITHDRAWN = "withdrawn"
    LATE_ARRIVAL = "late_arrival"
    IMPORTED = "imported"


IN_RATE = (Kind.IN_TIME, Kind.LATE, Kind.OVERDUE)
BESIDE = (Kind.EXCUSED, Kind.WITHDRAWN, Kind.LATE_ARRIVAL, Kind.IMPORTED)


class _Quarter(FunctionElement[int]):
    """Whole quarters of an hour since 1970."""

    type = Integer()
    inherit_cache = True


@compiles(_Quarter, "sqlite")
def _quarter_on_sqlite(element: _Quarter, compiler: Any, **how: Any) -> str:
    (column,) = (compiler.process(part, **how) for part in element.clauses)
    return f"(CAST(strftime('%s', substr({column}, 1, 19)) AS INTEGER) / {QUARTER_SECONDS})"


@compiles(_Quarter, "postgresql")
def _quarter_on_postgresql(element: _Quarter, compiler: Any, **how: Any) -> str:
    (column,) = (compiler.process(part, **how) for part in element.clauses)
    return f"CAST(floor(date_part('epoch', {column}) / {QUARTER_SECONDS}) AS bigint)"


class _Digits(FunctionElement[str]):
    """A number's whole part in eight hexadecimal digits."""

    type = Text()
    inherit_cache = True


@compiles(_Digits, "sqlite")
def _digits_on_sqlite(element: _Digits, compiler: Any, **how: Any) -> str:
    (number,) = (compiler.process(part, **how) for part in element.clauses)
    return f"printf('%08x', CAST({number} AS INTEGER))"


@compiles(_Digits, "postgresql")
def _digits_on_postgresql(element: _Digits, compiler: Any, **how: Any) -> str:
    (number,) = (compiler.process(part, **how) for part in element.clauses)
    return f"lpad(to_hex(CAST(floor({number}) AS bigint)), 8, '0')"


class _Shown(FunctionElement[int]):
    """A length in minutes, as exact as it is shown: minutes below ten hours, hours below two days, then days."""

    type = Integer()
    inherit_cache = True


@compiles(_Shown)
def _shown(element: _Shown, compiler: Any, **how: Any) -> str:
    (seconds,) = (compiler.process(part, **how) for part in element.clauses)
    parts = "floor({} / {})" if compiler.dialect.name == "postgresql" else "CAST({} / {} AS INTEGER)"

    def whole(step: int) -> str:
        return f"{parts.format(seconds, step)} * {step // 60}"

    rest = f"WHEN {seconds} < 172800 THEN {whole(3600)} ELSE {whole(86400)} END"
    return f"(CASE WHEN {seconds} < 36000 THEN {whole(60)} {rest})"


class _WasPaused(FunctionElement[bool]):
    """Whether a timer's list of pauses has one in it."""

    type = Boolean()
    inherit_cache = True


@compiles(_WasPaused)
def _was_paused(element: _WasPaused, compiler: Any, **how: Any) -> str:
    (column,) = (compiler.process(part, **how) for part in element.clauses)
    return f"(CAST({column} AS TEXT) <> '[]')"


def _word(text: str) -> Any:
    return literal_column(f"'{text}'", Text)


KIND = case(
    (T.is_imported, _word(Kind.IMPORTED)),
    (T.is_late_arrival, _word(Kind.LATE_ARRIVAL)),
    (T.outcome == _word(Outcome.WITHDRAWN), _word(Kind.WITHDRAWN)),
    (T.outcome == _word(Outcome.EXCUSED), _word(Kind.EXCUSED)),
    (T.ended_at.is_(None), _word(Kind.OVERDUE)),
    (T.ended_at <= T.due_at, _word(Kind.IN_TIME)),
    else_=_word(Kind.LATE),
)
WAS_PAUSED: Any = _WasPaused(T.pauses)
IS_FIRST = T.number == literal_column("1")
IS_ANSWERED = KIND.in_([_word(Kind.IN_TIME), _word(Kind.LATE)])
WITHIN_DAY = and_(IS_ANSWERED, T.response_seconds <= literal_column(str(DAY_SECONDS)))


def is_kind(kind: Kind) -> Any:
    """SQL: this is what became of it."""
    return _word(kind) == KIND


def _count(condition: Any, name: str) -> Any:
    return func.count().filter(condition).label(name)


RATE_COUNTS = tuple(_count(is_kind(kind), kind.value) for kind in IN_RATE)
_MINUTES = _Digits(_Shown(T.response_seconds))
_QUARTERS = _Digits(_Quarter(T.since_at))
COUNTS = (
    *(_count(is_kind(kind), kind.value) for kind in Kind),
    _count(WAS_PAUSED, "paused"),
    _count(WITHIN_DAY, "within_day"),
)
DIGITS = (
    func.coalesce(func.aggregate_strings(_MINUTES, "").filter(IS_ANSWERED), "").label("responses"),
    func.coalesce(func.aggregate_strings(_QUARTERS, "").filter(~T.is_imported), "").label("arrivals"),
)
DUE_QUARTER: Any = _Quarter(T.due_at)
SINCE_QUARTER: Any = _Quarter(T.since_at)
GROUPS = (T.channel_id, T.team_id, T.priority, IS_FIRST.label("is_first"))


def count_timers(*conditions: Any, by: tuple[Any, ...] = GROUPS) -> Select[Any]:
    """SQL: count the timers that fit, by channel, team, priority and whether it was the first reply."""
    return select(*by, *COUNTS, *DIGITS).where(*conditions).group_by(*by)


def is_due_within() -> tuple[Any, Any]:
    """SQL: the deadline lies in the window `from_at` to `until_at`."""
    from_at, until_at = (bindparam(name, type_=UtcDateTime()) for name in ("from_at", "until_at"))
    return T.due_at >= from_at, T.due_at < until_at
