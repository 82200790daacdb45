"""Puts the sandbox together and serves it on 127.0.0.1 until it is told to stop."""

import fcntl
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox import push
from sandbox.control import Control
from sandbox.database import Store
from sandbox.faults import Faults
from sandbox.feed_api import FeedApi
from sandbox.feed_write import FeedWriting
from sandbox.history import begin_history
from sandbox.identity import describe, identity_from, identity_text, last_port, write_file
from sandbox.ledger import Ledger
from sandbox.pages_api import PagesApi
from sandbox.pages_write import PagesWriting
from sandbox.settings import Settings
from sandbox.traffic import Traffic
from sandbox.world import World

HOST = "127.0.0.1"
MAX_BODY_BYTES = 2_000_000


class QuietHandler(WSGIRequestHandler):
    """Answers without a line of log per request; addresses carry tokens."""

    def send_response(self, code: int, message: str | None = None) -> None:
        """The status line alone: the answer brings its own Date, which is the platform's and not this machine's."""
        self.send_response_only(code, message)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing."""


class Refused(RuntimeError):
    """The sandbox may not run here."""


class Sandbox:
    """One running sandbox: its world, its server and its threads."""

    def __init__(self, settings: Settings) -> None:
        self._store: Store | None = None
        self._ledger: Ledger | None = None
        if os.environ.get("RELEVO_ENV") == "production":
            raise Refused("the sandbox does not run in production")
        settings.data.mkdir(parents=True, exist_ok=True)
        self._held = _hold(settings.data)
        try:
            self._open(settings)
        except BaseException:
            self._close()
            raise

    def _open(self, settings: Settings) -> None:
        for name in ("ledger.sqlite", "sandbox.sqlite"):
            # both hold what only the owner may read: tokens and every message
            (settings.data / name).touch(mode=0o600)
        self._ledger = Ledger(settings.data / "ledger.sqlite")
        self._store = store = Store(settings.data / "sandbox.sqlite", self._ledger)
        identity = identity_from(store.setting("identity"))
        store.keep_setting("identity", identity_text(identity))
        self.world = World(settings, identity, store, self._ledger, Faults(store))
        self.world.make_ourselves()
        self.traffic = Traffic(self.world)
        self.server = _listen(settings, make_app(self.world, self.traffic))
        self.world.url = f"http://{HOST}:{self.server.server_port}"
        if settings.is_traffic_on:
            begin_history(self.traffic)
        write_file(settings.data, describe(identity, self.server.server_port))
        self._threads = [
            self._thread(lambda: self.server.serve_forever(poll_interval=0.05)),
            self._thread(self.traffic.run),
            self._thread(lambda: push.run(self.world)),
        ]

    def start(self) -> None:
        """Begins to serve."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends everything; what was accepted is on disk."""
        self.world.stopping.set()
        self.world.push_wanted.set()
        self.server.shutdown()
        self.server.server_close()
        for thread in self._threads[1:]:
            thread.join(timeout=1.0)
        self._close()

    def _close(self) -> None:
        for one in (self._store, self._ledger, self._held):
            if one is not None:
                one.close()

    @staticmethod
    def _thread(work: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=work, daemon=True)


def make_app(world: World, traffic: Traffic) -> Flask:
    """The Flask application with both personalities and the control API."""
    app = Flask("sandbox", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    feed, pages = FeedApi(world), PagesApi(world)
    FeedWriting(feed)
    PagesWriting(pages)
    app.register_blueprint(feed.blueprint)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(Control(world, traffic).blueprint)
    return app


def serve(settings: Settings) -> int:
    """Runs until SIGTERM or SIGINT; gives the exit status."""
    try:
        sandbox = Sandbox(settings)
    except (Refused, OSError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    sandbox.start()
    print(f"sandbox: {sandbox.world.url}", flush=True)
    told.wait()
    sandbox.stop()
    return 0


def _listen(settings: Settings, app: Flask) -> BaseWSGIServer:
    """Binds the wanted port, else the last one, else a free one."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    wanted = settings.port or last_port(settings.data)
    try:
        return _bind(wanted, app)
    except (OSError, SystemExit) as error:
        if settings.port:
            raise OSError(f"port {settings.port} is taken") from error
        return _bind(0, app)


def _bind(port: int, app: Flask) -> BaseWSGIServer:
    server = make_server(HOST, port, app, threaded=True, request_handler=QuietHandler)
    server.daemon_threads = True  # type: ignore[attr-defined]
    return server


def _hold(folder: Path) -> IO[str]:
    """Keeps a second sandbox off the same folder."""
    held = (folder / "sandbox.lock").open("w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        raise Refused(f"another sandbox already runs in {folder}") from error
    return held
