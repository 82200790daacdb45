"""The command line: names every command; what each needs is imported when it is called."""

import importlib
import importlib.util
from typing import Any

import click

from inbox.version import VERSION

_COMMANDS = {
    "up": "inbox.commands.serving:up",
    "web": "inbox.commands.serving:web",
    "stream": "inbox.commands.serving:stream",
    "worker": "inbox.commands.serving:worker",
    "beat": "inbox.commands.serving:beat",
    "sandbox": "inbox.commands.serving:sandbox",
    "db": "inbox.commands.database:database",
    "member": "inbox.commands.member:member",
    "channel": "inbox.commands.channel:channel",
    "doctor": "inbox.commands.doctor:doctor",
    "keys": "inbox.commands.keys:keys",
    "test": "inbox.commands.checking:test",
    "check": "inbox.commands.checking:check",
    "bench": "inbox.commands.bench:bench",
    "chaos": "inbox.commands.chaos:chaos",
}


class _LateGroup(click.Group):
    """A group that imports a command only when it is named or listed in the help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names in the order in which a newcomer meets them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of that name; None for an unknown one."""
        target = _COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, name = target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what an operator can mend is said in one line."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            said = _say(error)
            if said is None:
                raise
            click.echo(f"relevo: {said}", err=True)
            return ctx.exit(1)


def _say(error: Exception) -> str | None:
    """Word an error of ours, and a database that is not there; None for anything else."""
    if isinstance(error, click.ClickException | click.exceptions.Exit | click.Abort):
        return None
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from inbox.errors import RelevoError
    from inbox.sentences import sentence

    if isinstance(error, RelevoError):
        return sentence(error.code, error.details)
    if not isinstance(error, OperationalError | ProgrammingError):
        return None
    from inbox.settings import Settings

    reason = (str(error.orig).strip() or type(error).__name__).splitlines()[0]
    place = Settings.from_environ().data_dir
    return f"the database can't be used ({reason}). Data folder: {place}. Did relevo up start with another RELEVO_DATA?"


@click.group(cls=_LateGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="relevo")
def main() -> None:
    """Relevo: one queue for what people say to you on social platforms.

    `relevo up` starts everything here. Settings come from the environment; docs/run.md lists them.
    """


if __name__ == "__main__":
    main(prog_name="relevo")
