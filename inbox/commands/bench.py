"""`relevo bench`: how fast it is, measured on databases of up to a million conversations."""

import subprocess
import sys

import click

from inbox.commands.checking import ROOT, need_checkout


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def bench(words: tuple[str, ...]) -> None:
    """Measure speed; `bench --help` says what can be chosen, docs/performance.md what it means."""
    need_checkout()
    sys.exit(subprocess.run([sys.executable, "-P", "-m", "tests.bench", *words], cwd=ROOT, check=False).returncode)
