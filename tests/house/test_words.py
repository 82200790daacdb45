"""One word, one meaning: words that the house does not use, as names of ours, of routes and of templates."""

import ast
import re
from collections.abc import Iterator

from tests.house.source import ROOT, Module, listed, modules, product_modules, routes, templates

BANNED = {"user", "agent", "ticket", "case", "customer", "tenant", "workspace"}
# The platforms' own words are used where their own formats are read and written.
SPEAKS_THEIR_LANGUAGE = ("inbox/platforms/", "sandbox/", "tests/platforms/", "tests/sandbox/", "tests/network/")
MAY_SAY_ACCOUNT = (*SPEAKS_THEIR_LANGUAGE, "inbox/channels/", "tests/channels/", "tests/factories/")
DRAWERS = {"util", "utils", "helper", "helpers", "service", "services", "common", "base", "manager", "managers", "misc"}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def test_names_of_ours_use_no_banned_word() -> None:
    found = [
        f"{module.name}:{line} {name}"
        for module in modules()
        if not module.name.startswith(SPEAKS_THEIR_LANGUAGE)
        for line, name in given_names(module)
        if words(name) & BANNED
    ]
    assert not found, listed(found)


def test_account_is_the_platforms_word() -> None:
    found = [
        f"{module.name}:{line} {name}"
        for module in product_modules()
        if not module.name.startswith(MAY_SAY_ACCOUNT)
        for line, name in given_names(module)
        if words(name) & {"account", "accounts"}
    ]
    assert not found, listed(found)


def test_routes_use_no_banned_word() -> None:
    found = [
        f"{module.name}:{line} {route}"
        for module in modules()
        if module.name.startswith("inbox/")
        for line, route in routes(module)
        if words(route) & BANNED
    ]
    assert not found, listed(found)


def test_templates_are_not_named_by_a_banned_word() -> None:
    names = [path.relative_to(ROOT).as_posix() for path in templates()]
    assert [name for name in names if words(name) & BANNED] == []


def test_nothing_is_a_drawer() -> None:
    parts = {(module.name, part) for module in modules() for part in [*module.path.parts[:-1], module.path.stem]}
    assert sorted(name for name, part in parts if part in DRAWERS) == []


def test_the_check_itself_finds_names_and_routes() -> None:
    text = (
        "class TicketBox:\n    user_name: str\n"
        "def find(caseId): self.agent = 1\n"
        "@desk.get('/tickets/<int:user_id>')\ndef lower_cased(): casefold('x')\n"
    )
    module = Module(ROOT / "inbox" / "x.py", text, ast.parse(text))
    bad = [name for _, name in given_names(module) if words(name) & BANNED]
    assert bad == ["TicketBox", "user_name", "caseId", "agent"]
    assert [route for _, route in routes(module)] == ["/tickets/<int:user_id>"]
    assert words("/tickets/<int:user_id>") & BANNED == {"user"}


def words(name: str) -> set[str]:
    """Split a name at underscores, signs and capitals, in lower letters."""
    return {found.lower() for found in _WORD.findall(name)}


def given_names(module: Module) -> Iterator[tuple[int, str]]:
    """Yield the names that this module gives: to classes, functions, parameters, variables, attributes."""
    for node in ast.walk(module.tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.alias(asname=str(name)):
                yield node.lineno, name
