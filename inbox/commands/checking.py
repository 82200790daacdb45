"""`relevo test` and `relevo check`: what has to be green before a change lands."""

import os
import subprocess
import sys
import time
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent.parent
NETWORK = "tests/network"
JOURNEYS = "tests/journeys"
NO_TESTS = 5  # pytest's exit code where nothing was collected
_PYTHON = [sys.executable, "-P", "-m"]
_CHECKS = (
    ("lint", ["ruff", "check", "."]),
    ("format", ["ruff", "format", "--check", "."]),
    ("types", ["mypy"]),
    # The ladder, words, sizes, templates, translations, migrations, locks, and a journey for each promise.
    ("house", ["pytest", "tests/house"]),
)


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def test(words: tuple[str, ...]) -> None:
    """Run the suite; other words go to pytest. `test network` runs against Bluesky's own packages."""
    need_checkout()
    if words[:1] == ("network",):
        sys.exit(_run(["pytest", NETWORK, "--timeout=900", *words[1:]]))
    names_no_tests = all(word.startswith("-") or not (ROOT / word.split("::")[0]).exists() for word in words)
    if not names_no_tests or "-n" in words:
        sys.exit(_run(["pytest", *words]))
    # The journeys come last and alone: each is a whole product at work, and two of them leave no time to a person.
    codes = [
        _run(["pytest", "-n", "2", f"--ignore={JOURNEYS}", *words]),
        _run(["pytest", JOURNEYS, *words]),
    ]
    sys.exit(worst(codes))


def worst(codes: list[int]) -> int:
    """Return what a run in parts comes to: green where some part ran tests and none failed."""
    ran = [code for code in codes if code != NO_TESTS]
    return next((code for code in ran if code), 0) if ran else NO_TESTS


@click.command()
def check() -> None:
    """Look at the source: lint, format, types, the house's own rules."""
    need_checkout()
    failed = [name for name, words in _CHECKS if not _passes(name, words)]
    if failed:
        click.echo(f"relevo: not green: {', '.join(failed)}", err=True)
    sys.exit(1 if failed else 0)


def _passes(name: str, words: list[str]) -> bool:
    began = time.monotonic()
    is_green = _run(words) == 0
    click.echo(f"relevo: {name} {'ok' if is_green else 'FAILED'} ({time.monotonic() - began:.0f} s)", err=True)
    return is_green


def _run(words: list[str]) -> int:
    return subprocess.run([*_PYTHON, *words], cwd=ROOT, env=_environ(), check=False).returncode


def _environ() -> dict[str, str]:
    """Return the environment in which compiled modules are kept, out of the way of who wants none beside the source.

    Else every test process, and every process that a test starts, compiles the tests and the product anew.
    """
    kept = dict(os.environ)
    if kept.pop("PYTHONDONTWRITEBYTECODE", ""):
        kept.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / "build" / "pycache"))
    return kept


def need_checkout() -> None:
    """End with a sentence where the tests are not: they are no part of an installed package."""
    if (ROOT / "tests").is_dir():
        return
    click.echo(
        "relevo: the tests are part of the source, not of an installed package; run this in a checkout", err=True
    )
    sys.exit(1)
