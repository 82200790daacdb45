"""A notice: what somebody is told, in words without a fan's name or text, and how it is kept until it left."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from inbox.notifications import sealing

LONGEST_SUBJECT, LONGEST_LINE, MOST_LINES = 200, 500, 20


@dataclass(frozen=True)
class Notice:
    """What a member is told: counts, channel, due times and links; `path` and `acknowledge_path` are relative."""

    kind: str  # test | verification | warning | alert | summary
    subject: str
    lines: tuple[str, ...]
    path: str
    acknowledge_path: str | None = None
    code: str | None = None  # of a verification


Make = Callable[[str], Notice]


def tidied(notice: Notice) -> Notice:
    """Return the notice with a subject of one line, and with lines that every kind of message can carry."""
    lines = tuple(_one_line(line)[:LONGEST_LINE] for line in notice.lines[:MOST_LINES])
    subject = _one_line(notice.subject)[:LONGEST_SUBJECT]
    return Notice(notice.kind, subject, lines, notice.path, notice.acknowledge_path, notice.code)


def freeze(notice: Notice) -> bytes:
    """Return a notice as it is stored."""
    return sealing.seal(asdict(notice))


def thaw(sealed: bytes) -> Notice:
    """Return a stored notice."""
    kept = sealing.unseal(sealed)
    return Notice(**kept | {"lines": tuple(kept["lines"])})


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
