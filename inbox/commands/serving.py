"""`relevo up` and the processes that it is made of, each of which can also be started alone."""

import os
import sys
from typing import NoReturn

import click

# Queues by process; workers/schedule.py says which task goes where.
_QUEUES = {"send": "send,timers,notify", "poll": "poll,upkeep"}


@click.command()
@click.option("--no-sandbox", is_flag=True, help="Do not start the local platforms.")
def up(no_sandbox: bool) -> None:
    """Start everything: a private Redis, the web, the event streams, the workers and the sandbox."""
    from launcher.up import run

    if no_sandbox:
        os.environ["RELEVO_SANDBOX"] = "0"
    sys.exit(run())


@click.command()
def web() -> None:
    """Serve the pages on RELEVO_HOST:RELEVO_PORT."""
    _become_python("gunicorn", "-c", "python:launcher.gunicorn_web")


@click.command()
def stream() -> None:
    """Serve the event streams on the port after the pages'."""
    _become_python("gunicorn", "-c", "python:launcher.gunicorn_stream")


@click.command()
@click.argument("kind", type=click.Choice(sorted(_QUEUES)))
@click.option("--processes", default=2, show_default=True, help="How many tasks run at once.")
def worker(kind: str, processes: int) -> None:
    """Work on what must leave (send) or on what must be read (poll)."""
    # TERM then means: give the running task five seconds and its message back, instead of waiting for its end.
    os.environ["REMAP_SIGTERM"] = "SIGQUIT"
    alone = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    how = ("--pool", "prefork", "--concurrency", str(processes), "--loglevel", "WARNING", *alone)
    _become_python("celery", "-A", "workers.app", "worker", "-n", f"{kind}@%h", "-Q", _QUEUES[kind], *how)


@click.command()
def beat() -> None:
    """Name the periodic tasks; a second beat does no harm."""
    # The schedule is kept in memory: what is due stands in the database, and a file could be left half written.
    how = ("--scheduler", "celery.beat:Scheduler", "--pidfile", "", "--loglevel", "WARNING")
    _become_python("celery", "-A", "workers.ticking", "beat", *how)


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def sandbox(words: tuple[str, ...]) -> None:
    """Serve the local platforms with which a newcomer tries everything.

    `sandbox fail feed outage` lets the running one fail, `sandbox heal` ends it; `sandbox fail --help` lists how.
    """
    if words[:1] and words[0] in ("fail", "heal") and "--data" not in words:
        from inbox.settings import Settings

        words += ("--data", str(Settings.from_environ().data_dir / "sandbox"))
    _become_python("sandbox", *words)


def _become_python(module: str, *words: str) -> NoReturn:
    """Replace this process by another module of the same Python: one process less to watch."""
    os.execv(sys.executable, [sys.executable, "-P", "-m", module, *words])  # noqa: S606
