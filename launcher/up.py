"""`./relevo up`: everything that makes a running Relevo, started in order and ended together."""

import http.client
import os
import socket
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from inbox.errors import Invalid
from inbox.settings import Settings
from launcher import data_folder, procfile, redis_server, sandbox
from launcher.supervisor import Command, Supervisor

REDIS_SECONDS = 20.0
ERRAND_SECONDS = 300.0  # migrations of a large database
SANDBOX_SECONDS = 20.0
LEFTOVER_SECONDS = 12.0
HEAD_START_SECONDS = 15.0  # of the pages before everything else; without pages replies leave all the same
SERVING_SECONDS = 60.0


class CannotStart(RuntimeError):
    """Something has to be mended by the operator first; says what."""


def run() -> int:
    """Start all, look after it until TERM or Ctrl-C, and return the exit code."""
    try:
        settings = Settings.from_environ()
        os.umask(0o077)
        with (
            data_folder.held(settings.data_dir, address(settings)),
            data_folder.outlived(settings.data_dir, LEFTOVER_SECONDS, say) as lasting,
        ):
            _refuse_what_cannot_work(settings)
            return _start_and_watch(settings, lasting)
    except (CannotStart, data_folder.AlreadyUp, data_folder.StillRunning, redis_server.RedisMissing, Invalid) as error:
        say(str(error))
        return 1


def address(settings: Settings) -> str:
    """Return where a person opens the pages."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104  # compared, not bound
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def say(text: str) -> None:
    """Tell the operator one line."""
    print(f"relevo: {text}", flush=True)


def _refuse_what_cannot_work(settings: Settings) -> None:
    for port in (settings.port, settings.stream_port):
        if _is_taken(settings.host, port):
            raise CannotStart(
                f"port {port} on {settings.host} is taken by another program; choose one with RELEVO_PORT"
            )
    has_keys = bool(os.environ.get("RELEVO_SECRET_KEYS"))
    if settings.is_production and not has_keys and not settings.keys_beside_database:
        raise CannotStart(
            "in production the keys do not belong beside the database: set RELEVO_SECRET_KEYS, "
            "or RELEVO_KEYS_BESIDE_DATABASE=1 if you mean it"
        )


def _start_and_watch(settings: Settings, lasting: int) -> int:
    if not os.environ.get("RELEVO_SECRET_KEYS") and data_folder.make_keys_if_missing(settings.data_dir):
        say(f"made the key that encrypts credentials: {_keys(settings)}; keep a copy of it")
    logs = settings.data_dir / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    with Supervisor(logs, say, kept_open=[lasting]) as supervisor:
        watch = _Watch(supervisor, settings, _changed_at(_keys(settings)))
        environ = _prepare(supervisor, settings)
        are_served = start_processes(supervisor, environ, address(settings))
        _announce(supervisor, settings, logs, are_served=are_served)
        supervisor.run(watch.look)
        say("ending")
    say("ended")
    return 0


def start_processes(supervisor: Supervisor, environ: dict[str, str], where: str) -> bool:
    """Start the pages and, once they are served at `where`, the rest; tells whether they are.

    Loading all at once would take the pages as long as everything together.
    """
    pages, *rest = (Command(name, tuple(words), environ) for name, words in procfile.read().items())
    _add(supervisor, pages)
    are_served = supervisor.run_until(lambda: is_serving(where), HEAD_START_SECONDS)
    _add(supervisor, *rest)
    return are_served


def _prepare(supervisor: Supervisor, settings: Settings) -> dict[str, str]:
    """Start Redis and the sandbox, prepare the database, and return the environment of the processes to come."""
    environ = {**os.environ, "RELEVO_DATA": str(settings.data_dir), "PYTHONUNBUFFERED": "1"}
    has_sandbox = sandbox.is_wanted(settings)
    if has_sandbox:
        _add(supervisor, Command(sandbox.NAME, tuple(sandbox.words(settings)), environ))
    if not os.environ.get("REDIS_URL"):
        environ["REDIS_URL"] = redis_server.url(settings.data_dir / "redis")
        _start_redis(supervisor, settings.data_dir / "redis", environ)
    has_sandbox = has_sandbox and _has_answered(supervisor, settings)
    if has_sandbox:
        environ = sandbox.allow(environ, sandbox.folder(settings))
    _run_first_start(supervisor, environ, [sandbox.NAME] if has_sandbox else [])
    return environ


def _add(supervisor: Supervisor, *commands: Command) -> None:
    for command in commands:
        if not supervisor.is_ending:
            supervisor.add(command)


@dataclass
class _Watch:
    """What `up` looks for while everything runs: a sandbox that was put away, keys that were rotated."""

    supervisor: Supervisor
    settings: Settings
    keys_seen: int | None

    def look(self) -> None:
        """Do what follows from what changed."""
        if self.supervisor.is_watching(sandbox.NAME) and not sandbox.is_wanted(self.settings):
            say("the sandbox is no longer wanted: ending it")
            self.supervisor.end(sandbox.NAME)
        keys_now = _changed_at(_keys(self.settings))
        if keys_now != self.keys_seen:
            self.keys_seen = keys_now
            say("the keys changed: starting everything that uses them again")
            self.supervisor.restart(*procfile.read())


def _keys(settings: Settings) -> Path:
    return settings.data_dir / data_folder.KEYS_FILE


def _start_redis(supervisor: Supervisor, folder: Path, environ: dict[str, str]) -> None:
    words = redis_server.command(folder, redis_server.find_program())
    supervisor.add(Command("redis", tuple(words), environ, is_last_to_end=True))
    if not supervisor.run_until(lambda: redis_server.is_answering(folder), REDIS_SECONDS) and not supervisor.is_ending:
        raise CannotStart("the private Redis did not come up; logs/redis.log in the data folder says why")


def _run_first_start(supervisor: Supervisor, environ: dict[str, str], told: list[str]) -> None:
    words = [sys.executable, "-P", "-m", "launcher.first_start", *told]
    code = supervisor.run_errand(words, environ, ERRAND_SECONDS)
    if code != 0 and not supervisor.is_ending:
        raise CannotStart("the database or the sandbox's channels could not be prepared; the lines above say why")


def _has_answered(supervisor: Supervisor, settings: Settings) -> bool:
    """Wait for the sandbox; False, after saying so, if it stays away."""
    folder = sandbox.folder(settings)
    if supervisor.run_until(lambda: sandbox.is_answering(folder, supervisor.pid_of(sandbox.NAME)), SANDBOX_SECONDS):
        return True
    if not supervisor.is_ending:
        say(f"the sandbox does not answer; see {settings.data_dir / 'logs' / 'sandbox.log'}")
    return False


def _announce(supervisor: Supervisor, settings: Settings, logs: Path, *, are_served: bool) -> None:
    where = address(settings)
    if are_served or supervisor.run_until(lambda: is_serving(where), SERVING_SECONDS):
        say(f"ready at {where}   (Ctrl-C ends it; logs in {logs})")
    elif not supervisor.is_ending:
        say(f"the pages do not answer at {where} yet; still trying, see the logs in {logs}")


def _changed_at(path: Path) -> int | None:
    """Return when a file was written, in nanoseconds; None where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _is_taken(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def is_serving(where: str) -> bool:
    """Tell whether the database answers, and the page comes that a person meets first."""
    return _get(f"{where}/healthz") is not None and b"</html>" in (_get(f"{where}/sign-in") or b"")


def _get(url: str) -> bytes | None:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  # our own http address
            return bytes(answer.read()) if answer.status == 200 else None
    except (urllib.error.URLError, OSError, http.client.HTTPException):
        return None
