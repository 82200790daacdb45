"""What a benchmark found: one row of the table and of build/bench.json."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Result:
    """One figure with what it was measured on; only what applies is set.

    `floor`: the least that the same work can take, in the unit of the figure beside it (milliseconds for pages,
    rows a second for a rate). `variant`: who looks, where a name has several. `limit`: what issue and
    documentation promise, in the unit of `measure`.
    """

    name: str
    database: str
    rows: int
    variant: str | None = None
    batch: int | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    cpu_ms: float | None = None
    rate_per_s: float | None = None
    seconds: float | None = None
    rss_mb: float | None = None
    floor: float | None = None
    ratio: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what applies, rounded to what can be told apart."""
        given = asdict(self)
        return {name: _rounded(value) for name, value in given.items() if value is not None}


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value below which `part` (0 to 1) of the values lie, by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(part * len(ordered) + 0.5) - 1))]


def middle(values: Sequence[float]) -> float:
    """Return the median: of five rounds the third."""
    return statistics.median(values)


def _rounded(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value
