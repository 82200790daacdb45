"""Rooms are small enough to read whole, and say at the door what they are."""

import ast

import pytest

from tests.house.source import ROOT, Module, functions, listed, modules, product_modules

LONGEST_FILE = 400
LONGEST_FUNCTION = 50


def test_no_file_is_longer_than_a_room() -> None:
    lengths = {module.name: len(module.text.splitlines()) for module in written()}
    found = {name: length for name, length in lengths.items() if length > LONGEST_FILE}
    assert not found, listed(found)


def test_no_function_is_longer_than_a_screen() -> None:
    found = {
        f"{module.name}:{function.lineno} {function.name}": length
        for module in written()
        for function in functions(module)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION
    }
    assert not found, listed(found)


def test_every_module_says_what_it_is() -> None:
    silent = [module.name for module in modules() if not ast.get_docstring(module.tree)]
    assert not silent, listed(silent)


@pytest.mark.parametrize("package", ["inbox", "workers", "sandbox", "launcher"])
def test_a_subjects_init_holds_one_docstring_and_nothing_else(package: str) -> None:
    found = [
        module.name
        for module in product_modules()
        if module.path.name == "__init__.py" and module.name.startswith(f"{package}/")
        if module.name != "inbox/__init__.py" and len(module.tree.body) > 1
    ]
    assert not found, listed(found)


def test_browser_files_of_ours_are_not_longer_than_a_room() -> None:
    static = ROOT / "inbox" / "static"
    ours = [path for ending in ("*.js", "*.css") for path in static.rglob(ending) if "vendor" not in path.parts]
    lengths = {path.name: len(path.read_text().splitlines()) for path in ours}
    found = {name: length for name, length in lengths.items() if length > LONGEST_FILE}
    assert not found, listed(found)


def written() -> list[Module]:
    """Return the modules that people write; a migration is generated and as long as its tables."""
    return [module for module in modules() if "migrations/versions" not in module.name]
