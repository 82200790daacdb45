"""`relevo chaos`: the whole product under random faults, judged by a ledger that it cannot read."""

import subprocess
import sys

import click

from inbox.commands.checking import ROOT, need_checkout


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def chaos(words: tuple[str, ...]) -> None:
    """Prove what is promised while all breaks; `chaos --help` says how, docs/reliability.md what it means."""
    need_checkout()
    sys.exit(subprocess.run([sys.executable, "-P", "-m", "tests.chaos", *words], cwd=ROOT, check=False).returncode)
