"""The plan as a whole: the ladder, the locks, the promises that have a journey, the migrations' names."""

import ast
import dataclasses
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from inbox.settings import Pace
from tests.house.source import ROOT, Module, functions, listed, modules, product_modules

PROMISES = [f"test_1_{number}" for number in range(1, 9)]


def test_the_ladder_is_kept() -> None:
    words = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as l; l()", "--no-cache"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_judge_of_chaos_knows_nothing_of_what_it_judges() -> None:
    allowed = {*sys.stdlib_module_names, "sqlalchemy"}
    found = [
        f"{module.name} imports {name}"
        for module in modules()
        if module.name.startswith("tests/chaos/judging/")
        for name in imported(module)
        if name.split(".")[0] not in allowed and not name.startswith("tests.chaos.judging")
    ]
    assert not found, listed(found)


def test_chaos_reaches_the_product_through_processes_pages_and_files_alone() -> None:
    allowed = {"launcher.procfile", "launcher.redis_server", "launcher.postgres_server", "sandbox.phrases"}
    tried_on = ("tests/chaos/judged.py", "tests/chaos/test_judging")  # the product as the judge is tried on it
    found = [
        f"{module.name} imports {name}"
        for module in modules()
        if module.name.startswith("tests/chaos/") and not module.name.startswith(tried_on)
        for name in imported(module)
        if name.split(".")[0] in ("inbox", "workers", "launcher", "sandbox")
        if name not in allowed and not any(one.startswith(f"{name}.") for one in allowed)
        if not any(name.startswith(f"{one}.") for one in allowed)
    ]
    assert not found, listed(found)


@pytest.mark.parametrize("promise", PROMISES)
def test_every_promise_has_its_journey(promise: str) -> None:
    names = {
        function.name
        for module in modules()
        if module.name.startswith("tests/journeys/")
        for function in functions(module)
    }
    assert any(name == promise or name.startswith(f"{promise}_") for name in names)


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_locks_hold_what_pyproject_asks_for_each_with_its_hash(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = list(project["project"]["dependencies"])
    if lock == "requirements-dev.txt":
        wanted += project["dependency-groups"]["dev"]
    locked = read_lock(ROOT / lock)
    for requirement in map(Requirement, wanted):
        version = locked[requirement.name.lower().replace("_", "-")]
        assert requirement.specifier.contains(version), f"{requirement} against {version} in {lock}"


def test_the_development_lock_contains_the_other_one() -> None:
    runtime, development = (read_lock(ROOT / name) for name in ("requirements.txt", "requirements-dev.txt"))
    assert runtime.items() <= development.items()


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-dev.txt", "requirements-node.txt", "package-lock.json"]
)
def test_no_lock_names_a_host(name: str) -> None:
    assert re.findall(r"https?://|index-url|find-links", (ROOT / name).read_text()) == []


def test_migrations_are_named_by_date_and_phrase() -> None:
    names = [path.stem for path in (ROOT / "inbox/migrations/versions").glob("*.py")]
    assert names
    assert [name for name in names if not re.fullmatch(r"20\d\d_\d\d_\d\d_[a-z][a-z0-9_]+", name)] == []


def test_every_length_of_the_rules_is_kept_by_somebody() -> None:
    read = "\n".join(module.text for module in product_modules() if module.name != "inbox/settings.py")
    named = [one.name for one in dataclasses.fields(Pace)]
    assert [name for name in named if not re.search(rf"\.{name}\b", read)] == []


# Real servers, and workers that are killed or stand still longer than their lease: time itself is the matter.
WITH_REAL_TIME = ("tests/network/", "tests/replies/killed_worker.py", "tests/replies/test_killed.py")


def test_no_test_sleeps_longer_than_a_glance() -> None:
    found = [
        f"{module.name}:{node.lineno}"
        for module in modules()
        if module.name.startswith("tests/") and not module.name.startswith(WITH_REAL_TIME)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "sleep")
        if not (node.args and isinstance(node.args[0], ast.Constant) and float(str(node.args[0].value)) <= 0.25)
    ]
    assert not found, listed(found)


def imported(module: Module) -> set[str]:
    """Return the modules that a module imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module if node.module and not node.level else "." * node.level)
    return found


def read_lock(path: Path) -> dict[str, str]:
    """Return the locked version of each package; fails on a line without a hash."""
    text = path.read_text()
    entries = re.findall(
        r"^([\w.-]+)(?:\[[\w,-]+\])?==([^ ;\\]+)([^\\\n]*)\\\n((?:    --hash.*\n)+)", text, re.MULTILINE
    )
    assert len(entries) == len(re.findall(r"^[\w.-]+.*==", text, re.MULTILINE))
    return {name.lower(): version for name, version, _, _ in entries}
