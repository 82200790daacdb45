"""How one wording became another, word by word, in a time that a hostile text can't stretch (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile

import regex

# What differs in more words than this is shown as one wording taken away and another put in its place.
MOST_CHANGES = 300
_WORDS = regex.compile(r"\s+|\S+")
KEPT, REMOVED, ADDED = "kept", "removed", "added"

_Step = tuple[str, str]  # what became of a word, and the word


@dataclass(frozen=True)
class Piece:
    """A stretch of a comparison: kept, added or removed."""

    kind: str
    text: str


def differences(old: str, new: str) -> list[Piece]:
    """Return how `old` became `new`: the pieces kept and added make `new`, those kept and removed make `old`."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    start = _same(before, after)
    end = _same(before[start:][::-1], after[start:][::-1])
    middle = _compare(before[start : len(before) - end], after[start : len(after) - end])
    steps = [*((KEPT, word) for word in after[:start]), *middle, *((KEPT, word) for word in after[len(after) - end :])]
    return [Piece(kind, "".join(word for _, word in group)) for kind, group in groupby(steps, key=lambda step: step[0])]


def _same(before: Sequence[str], after: Sequence[str]) -> int:
    """Return how many words both begin with."""
    pairs = zip(before, after, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _compare(before: Sequence[str], after: Sequence[str]) -> list[_Step]:
    """Return the fewest changes (Myers 1986: time for words times changes), or everything changed."""
    rounds: list[dict[int, int]] = []
    furthest = {1: 0}  # by diagonal: how far in `before` this many changes lead
    for changes in range(min(len(before) + len(after), MOST_CHANGES) + 1):
        rounds.append(dict(furthest))
        for diagonal in range(-changes, changes + 1, 2):
            at = _begin(furthest, diagonal, changes)
            while at < len(before) and at - diagonal < len(after) and before[at] == after[at - diagonal]:
                at += 1
            furthest[diagonal] = at
            if at >= len(before) and at - diagonal >= len(after):
                return list(_walk_back(rounds, before, after))[::-1]
    return [*((REMOVED, word) for word in before), *((ADDED, word) for word in after)]


def _begin(furthest: Mapping[int, int], diagonal: int, changes: int) -> int:
    """Return where in `before` a diagonal is entered: by a word added, or by one removed."""
    return furthest[diagonal + 1] if _is_added(furthest, diagonal, changes) else furthest[diagonal - 1] + 1


def _is_added(furthest: Mapping[int, int], diagonal: int, changes: int) -> bool:
    """Tell which of the two leads further."""
    if diagonal in (-changes, changes):
        return diagonal == -changes
    return furthest[diagonal - 1] < furthest[diagonal + 1]


def _walk_back(rounds: Sequence[Mapping[int, int]], before: Sequence[str], after: Sequence[str]) -> Iterator[_Step]:
    """Yield the steps from the last to the first, by what each round knew before it began."""
    at, other = len(before), len(after)
    for changes in range(len(rounds) - 1, -1, -1):
        diagonal, known = at - other, rounds[changes]
        begin = _begin(known, diagonal, changes)
        while at > begin:
            at, other = at - 1, other - 1
            yield KEPT, after[other]
        if changes == 0:
            return
        if _is_added(known, diagonal, changes):
            other -= 1
            yield ADDED, after[other]
        else:
            at -= 1
            yield REMOVED, before[at]
