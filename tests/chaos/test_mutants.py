"""The planted bugs can still be planted, and what comes of it is a program."""

import ast

import pytest

from tests.chaos.mutants import MUTANTS, changed
from tests.chaos.stage import ROOT


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_each_bug_finds_its_place_and_leaves_a_program(name: str) -> None:
    for text in changed(MUTANTS[name], ROOT).values():
        assert ast.parse(text)


def test_there_are_thirteen_bugs() -> None:
    assert len(MUTANTS) == 13
