"""The root of each comment: found above it, once, and never sought for ever."""

from collections import UserDict

import pytest

from inbox.platforms.roots import find_roots

LENGTH = 5000


class Counted(UserDict[str, str | None]):
    """Parents that count how often one of them is asked for."""

    asked = 0

    def __getitem__(self, name: str) -> str | None:
        self.asked += 1
        return super().__getitem__(name)


@pytest.mark.parametrize("is_backwards", [False, True], ids=["oldest first", "newest first"])
def test_each_link_of_a_long_chain_is_passed_once(is_backwards: bool) -> None:
    chain = [(f"c{number}", f"c{number - 1}" if number else "post") for number in range(LENGTH)]
    parents = Counted(reversed(chain) if is_backwards else chain)
    assert find_roots(parents, "post") == dict.fromkeys((name for name, _ in chain), "c0")
    assert parents.asked == LENGTH


def test_a_long_circle_ends_and_has_no_root() -> None:
    circle = {f"c{number}": f"c{(number + 1) % LENGTH}" for number in range(LENGTH)}
    parents = Counted({"tail": "c7"} | circle)
    assert set(find_roots(parents, "post").values()) == {None}
    assert parents.asked == LENGTH + 1


@pytest.mark.parametrize(
    ("parents", "roots"),
    [
        ({"a": "post", "b": "a", "c": "b"}, {"a": "a", "b": "a", "c": "a"}),
        ({"c": "b", "b": "a", "a": "post"}, {"a": "a", "b": "a", "c": "a"}),
        ({"a": "post", "x": "post", "b": "a", "y": "x"}, {"a": "a", "b": "a", "x": "x", "y": "x"}),
        ({"c": "missing", "d": "c"}, {"c": None, "d": None}),
        ({"a": None, "b": "a"}, {"a": None, "b": None}),
        ({"a": "a", "b": "a"}, {"a": None, "b": None}),
        ({}, {}),
    ],
)
def test_a_root_is_right_under_the_post(parents: dict[str, str | None], roots: dict[str, str | None]) -> None:
    assert find_roots(parents, "post") == roots
