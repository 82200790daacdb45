"""Where a chart's parts stand: numbers for SVG, in its own units; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 150


@dataclass(frozen=True)
class Bar:
    """A bar with its foot at the chart's ground; `middle`: where its words stand."""

    x: float
    y: float
    width: float
    height: float
    middle: float


def bars(numbers: Sequence[float], *, highest: float | None = None, gap: float = 0.28) -> list[Bar]:
    """Return a bar for each number; the highest reaches the top, or `highest` would."""
    top = highest or max(numbers, default=0) or 1
    step = WIDTH / max(len(numbers), 1)
    width = step * (1 - gap)
    found = []
    for place, number in enumerate(numbers):
        height = round(HEIGHT * number / top, 1)
        x = round(place * step + step * gap / 2, 1)
        found.append(Bar(x, round(HEIGHT - height, 1), round(width, 1), height, round(x + width / 2, 1)))
    return found


def stairs(numbers: Sequence[float]) -> str:
    """Return the path of a line that steps from one number to the next, each as wide as a bar's place."""
    top = max(numbers, default=0) or 1
    step = WIDTH / max(len(numbers), 1)
    heights = [round(HEIGHT - HEIGHT * number / top, 1) for number in numbers]
    parts = [f"V{height}H{round((place + 1) * step, 1)}" for place, height in enumerate(heights)]
    return f"M0 {heights[0]}" + "".join(parts) if heights else ""
