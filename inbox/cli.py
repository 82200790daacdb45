"""The command line: names every command; what each needs is imported when it is called."""

import importlib
import importlib.util

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


@click.group(cls=_LateGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="relevo")
def main() -> None:
    """Relevo: one queue for what people say to you on social platforms.

    `relevo up` starts everything here. Settings come from the environment; docs/run.md lists them.
    """


if __name__ == "__main__":
    main(prog_name="relevo")
