"""How one wording became another: the fewest changes, and never slow."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from inbox.desk.differences import MOST_CHANGES, Piece, differences

SAID = st.lists(st.sampled_from(["a", "b", "c", " ", "\n"]), max_size=12).map("".join)


def _words(pieces: list[Piece], *kinds: str) -> str:
    return "".join(piece.text for piece in pieces if piece.kind in kinds)


def _longest_common(before: list[str], after: list[str]) -> int:
    row = [0] * (len(after) + 1)
    for word in before:
        last = row
        row = [0]
        for at, other in enumerate(after):
            row.append(last[at] + 1 if word == other else max(last[at + 1], row[at]))
    return row[-1]


def test_differences_are_told_word_by_word() -> None:
    pieces = [(piece.kind, piece.text) for piece in differences("open on Monday", "open on Tuesday at nine")]
    assert pieces == [("kept", "open on "), ("removed", "Monday"), ("added", "Tuesday at nine")]


@given(SAID, SAID)
def test_both_wordings_can_be_read_from_the_pieces_and_no_change_is_idle(old: str, new: str) -> None:
    pieces = differences(old, new)
    assert _words(pieces, "kept", "removed") == old
    assert _words(pieces, "kept", "added") == new
    before, after = (regex.findall(r"\s+|\S+", text) for text in (old, new))
    kept = [word for piece in pieces if piece.kind == "kept" for word in regex.findall(r"\s+|\S+", piece.text)]
    assert len(kept) == _longest_common(before, after)


def test_a_change_in_a_long_text_is_still_found() -> None:
    words = [f"word{number}" for number in range(20_000)]
    old, new = " ".join(words), " ".join([*words[:5_000], "more", *words[5_000:15_000], *words[15_001:]])
    assert [(p.kind, p.text) for p in differences(old, new) if p.kind != "kept"] == [
        ("added", "more "),
        ("removed", " word15000"),
    ]


@contextmanager
def _counting_lines() -> Iterator[list[int]]:
    """Count the lines of Python that run: work, on however busy a machine."""
    count = [0]

    def trace(_frame: FrameType, event: str, _given: Any) -> Any:
        count[0] += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield count
    finally:
        sys.settrace(before)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a b ", "b c "),
        ("a ", "b "),
        ("a b c d ", "d c b a "),
        ("x", "y"),
        ("a b ", "a  b "),
    ],
)
def test_the_work_grows_with_the_length_and_not_with_its_square(old: str, new: str) -> None:
    counts = []
    for times in (2_000, 8_000):
        with _counting_lines() as count:
            pieces = differences(old * times, new * times)
        assert (_words(pieces, "kept", "removed"), _words(pieces, "kept", "added")) == (old * times, new * times)
        counts.append(count[0])
    search = 8 * MOST_CHANGES**2  # what looking for the fewest changes may cost, whatever the length
    assert counts[1] <= 4.5 * counts[0] + search
    assert counts[1] <= 10 * len(regex.findall(r"\s+|\S+", old * 8_000)) + search
