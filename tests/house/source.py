"""Reads the project's own files for the checks: parsed modules, templates, where each lies."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("inbox", "workers", "launcher", "sandbox", "tests")


@dataclass(frozen=True)
class Module:
    """One Python file, parsed."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """Its path from the top, as a person would write it."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def folder(self) -> str:
        """The folder it lies in, from the top."""
        return self.path.parent.relative_to(ROOT).as_posix()


@cache
def modules() -> tuple[Module, ...]:
    """Return every Python file of ours."""
    return tuple(_parse(path) for path in sorted(_python_files()))


def product_modules() -> tuple[Module, ...]:
    """Return every Python file that is shipped."""
    return tuple(module for module in modules() if not module.name.startswith("tests/"))


def templates() -> tuple[Path, ...]:
    """Return every template."""
    return tuple(sorted((ROOT / "templates").rglob("*.html")))


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method, nested ones included."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def routes(module: Module) -> Iterator[tuple[int, str]]:
    """Yield the paths that decorators of this module declare."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="route" | "get" | "post" | "put" | "patch" | "delete"),
                args=[ast.Constant(value=str(path)), *_],
            ) if path.startswith("/"):
                yield node.lineno, path


def listed(found: Iterable[object]) -> str:
    """Return what a check found, one a line, so that a failure shows all of it."""
    lines = found.items() if isinstance(found, dict) else found
    return "".join(f"\n  {line}" for line in sorted(map(str, lines)))


def _python_files() -> Iterator[Path]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if "node_modules" not in path.parts:
                yield path


def _parse(path: Path) -> Module:
    text = path.read_text()
    return Module(path, text, ast.parse(text, str(path)))
