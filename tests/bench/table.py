"""The table, for a terminal and for docs/performance.md."""

from collections.abc import Callable
from typing import Any

from tests.bench.results import Result
from tests.bench.running import NOISY_LOAD, Report

_COLUMNS: tuple[tuple[str, Callable[[Result], Any]], ...] = (
    ("name", lambda row: " · ".join(_names(row))),
    ("database", lambda row: row.database),
    ("rows", lambda row: f"{row.rows:,}"),
    ("p50 ms", lambda row: row.p50_ms),
    ("p95 ms", lambda row: row.p95_ms),
    ("cpu ms", lambda row: row.cpu_ms),
    ("per s", lambda row: row.rate_per_s),
    ("s", lambda row: row.seconds),
    ("MB", lambda row: row.rss_mb),
    ("floor", lambda row: row.floor),
    ("ratio", lambda row: row.ratio),
)


def as_text(report: Report) -> str:
    """Return the table in aligned columns, and how busy the machine was."""
    lines = _cells(report)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    aligned = (_aligned(line, widths) for line in lines)
    return "\n".join([*aligned, *_loads(report)])


def as_markdown(report: Report) -> str:
    """Return the table as Markdown."""
    head, *rows = (f"| {' | '.join(line)} |" for line in _cells(report))
    ruler = "|" + "|".join(" --- " if place < 2 else " ---: " for place in range(len(_COLUMNS))) + "|"
    return "\n".join([head, ruler, *rows, "", *_loads(report)])


def _cells(report: Report) -> list[list[str]]:
    lines = [[title for title, _ in _COLUMNS]]
    lines += [[_written(read(row)) for _, read in _COLUMNS] for row in report.rows]
    return lines


def _names(row: Result) -> list[str]:
    given = [row.name, row.variant, f"batch {row.batch}" if row.batch else None]
    return [name for name in given if name]


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return str(value)


def _aligned(line: list[str], widths: list[int]) -> str:
    cells = (
        cell.ljust(width) if place < 2 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(line, widths, strict=True))
    )
    return "  ".join(cells).rstrip()


def _loads(report: Report) -> list[str]:
    lines = []
    for name, (before, after) in report.loads.items():
        noisy = f", NOISY: above {NOISY_LOAD:g}, measure again on a quiet machine" if before > NOISY_LOAD else ""
        lines.append(f"{name}: load {before:.1f} before, {after:.1f} after{noisy}")
    return lines
