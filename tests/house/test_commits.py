"""Who may end a transaction, who may import whom beyond the ladder, and how tests may not cheat."""

import ast
from collections.abc import Iterator

from tests.house.source import Module, listed, modules, product_modules, routes

PURE = (
    "inbox/conversations/awaits.py",
    "inbox/conversations/ordering.py",
    "inbox/oncall/moments.py",
    "inbox/oncall/plans.py",
    "inbox/oncall/shifts.py",
    "inbox/notifications/limits.py",
    "inbox/notifications/quiet.py",
    "inbox/outbox/backoff.py",
)
NOT_PURE = ("sqlalchemy", "flask", "flask_sqlalchemy", "httpx", "celery", "inbox.database", "inbox.clock")
CHEATS = {"skip", "skipif", "xfail", "importorskip"}


def test_only_views_and_tasks_commit() -> None:
    # opening.py asks the platform between two transactions, for the browser and the command line alike.
    # database.py ends with it what only read, where nothing is to be kept (decision 0017).
    may: tuple[str, ...] = ("inbox/channels/opening.py", "inbox/database.py", "inbox/migrations/")
    may += ("workers/", "inbox/commands/", "launcher/", "sandbox/")
    found = [
        f"{module.name}:{line}"
        for module in product_modules()
        if not module.name.startswith(may) and not any(routes(module))
        for line in calls_of(module, "commit")
    ]
    assert not found, listed(found)


def test_pure_modules_touch_no_database_clock_or_web() -> None:
    found = [
        f"{module.name} imports {name}"
        for module in product_modules()
        if module.name in PURE
        for name in imported(module)
        if name.startswith(NOT_PURE)
    ]
    assert not found, listed(found)
    assert {module.name for module in product_modules()} >= set(PURE)


def test_only_the_registry_imports_a_platform() -> None:
    own = {
        module.path.parent.name
        for module in product_modules()
        if module.folder.startswith("inbox/platforms/") and module.path.name == "__init__.py"
    }
    found = [
        f"{module.name} imports {name}"
        for module in product_modules()
        if module.name != "inbox/platforms/registry.py"
        for name in imported(module)
        if (parts := name.split("."))[:2] == ["inbox", "platforms"] and len(parts) > 2 and parts[2] in own
        if not module.folder.startswith(f"inbox/platforms/{parts[2]}")
    ]
    assert not found, listed(found)


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    found = [
        f"{module.name}:{node.lineno} {node.attr}"
        for module in modules()
        if module.name.startswith("tests/")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in CHEATS and is_pytest(node)
    ]
    assert not found, listed(found)


def calls_of(module: Module, method: str) -> Iterator[int]:
    """Yield the lines on which a method of that name is called."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=name)) if name == method:
                yield node.lineno


def imported(module: Module) -> Iterator[str]:
    """Yield the full names that a module imports, at its head or inside functions."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(source), names=names):
                yield from (f"{source}.{alias.name}" for alias in names)


def is_pytest(node: ast.Attribute) -> bool:
    """Tell whether an attribute is pytest's or of its marks."""
    return ast.unparse(node.value) in ("pytest", "pytest.mark")
