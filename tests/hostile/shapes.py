"""Texts made to be expensive, each of any length, and how much processor time a call takes."""

import time
from collections.abc import Callable, Mapping

LENGTH = 50_000
# What is linear takes a tenth of it for LENGTH characters, what is quadratic ten times as much and more.
MOST_CPU_SECONDS = 1.5


def _repeated(stretch: str) -> Callable[[int], str]:
    return lambda length: (stretch * (length // len(stretch) + 1))[:length]


def _opened(opening: str, stretch: str) -> Callable[[int], str]:
    return lambda length: opening + _repeated(stretch)(length)


SHAPES: Mapping[str, Callable[[int], str]] = {
    "one word": _repeated("x"),
    "words just below a thousand letters": _repeated("x" * 999 + " "),
    "marks of two classes in turn": _opened("a", "\u0301\u0323"),
    "marks that fall apart into two": _opened("a", "\u0f73"),
    "one mark": _opened("a", "\u0301"),
    "flags": _repeated("\U0001f1ea\U0001f1f8"),
    "half a flag": _repeated("\U0001f1ea"),
    "joined emoji": _repeated("\U0001f469\u200d"),
    "conjuncts": _repeated("\u0915\u094d"),
    "one sign that is eighteen": _repeated("\ufdfa"),
    "web addresses": _repeated("http://a.b "),
    "a web address of beginnings": _repeated("http://"),
    "an address and dots": _opened("http://a", "."),
    "handles": _repeated("@a "),
    "handles without end": _repeated("@a"),
    "a handle and dots": _opened("@a", "."),
    "handles and hyphens": _repeated("-@a"),
    "tags": _repeated("#a"),
    "heads of tokens": _repeated("eyJ-"),
    "heads of tokens with dots": _repeated("eyJaaaaaaaa."),
    "names of secrets": _repeated("secret "),
    "a name of a secret and blanks": _opened("secret", " "),
    "bearers and blanks": _opened("bearer", " "),
    "backslashes": _opened('"secret', "\\"),
    "quotes": _repeated('"'),
    "ends of elements": _repeated("</"),
    "comments": _repeated("<!--"),
    "declarations": _repeated("<!"),
    "marked sections": _repeated("<!["),
    "instructions": _repeated("<?"),
    "elements without end": _repeated("<a "),
    "attributes without end": _opened("<a ", "b='"),
    "attributes": lambda length: f"<a {_repeated('b ')(length)}>",
    "links": _repeated("<a href='http://a'>x</a>"),
    "paragraphs": _repeated("<p>"),
    "references": _repeated("&#"),
    "right to left": _repeated("\u202e"),
    "thanks": _repeated("thanks "),
    "blank lines": _repeated("\n"),
    "nothing wide": _repeated("\u200b"),
}


def cpu_seconds(call: Callable[[], object]) -> float:
    """Return the processor time of this thread that a call takes: however busy the machine, the same."""
    began = time.thread_time()
    call()
    return time.thread_time() - began


def slow_shapes(read: Callable[[str], object], length: int = LENGTH) -> dict[str, float]:
    """Return which shapes a reader takes too long for, with the seconds that each took."""
    taken = {name: cpu_seconds(lambda make=make: read(make(length))) for name, make in SHAPES.items()}  # type: ignore[misc]
    return {name: round(seconds, 1) for name, seconds in taken.items() if seconds > MOST_CPU_SECONDS}
