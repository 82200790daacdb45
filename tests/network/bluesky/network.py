"""Runs the network for a test session: its own PostgreSQL, a Redis on a loopback port, and node with the packages."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from launcher import processes
from launcher.postgres_server import PostgresServer
from launcher.redis_server import find_program
from tests.network.bluesky.build import HERE, network_folder, node_program
from tests.network.bluesky.proxy import Proxy

START_SECONDS = 120


class Network:
    """PLC, PDS and AppView on this machine; `pds` is what a connector talks to, through a proxy in `doorway`."""

    def __init__(self) -> None:
        packages = network_folder()
        self.folder = Path(tempfile.mkdtemp(prefix="relevo-network."))
        ports = _free_ports(6)
        self.appview_port = ports[2]
        self._started: list[subprocess.Popen[bytes]] = []
        self._postgres = PostgresServer()
        self.appview = Proxy(self.appview_port)
        try:
            self._start_redis(ports[5])
            names = ("PLC_PORT", "PDS_PORT", "BSKY_PORT", "OZONE_PORT", "INTROSPECT_PORT")
            named = {name: str(port) for name, port in zip(names, ports, strict=False)}
            self._start_node_twice_at_most(packages, named, ports[5])
        except BaseException:
            self.stop()
            raise
        self.pds = f"http://localhost:{ports[1]}"
        self.doorway = Proxy(ports[1])

    def _start_redis(self, port: int) -> None:
        words = [
            "--bind",
            "127.0.0.1",
            "--port",
            str(port),
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(self.folder),
        ]
        with (self.folder / "redis.log").open("ab") as log:
            self._started.append(processes.start([find_program(), *words], output=log.fileno()))

    def _start_node_twice_at_most(self, packages: Path, ports: dict[str, str], redis_port: int) -> None:
        """Start node; a start that fails is tried once more; no test is ever repeated."""
        try:
            self._start_node(packages, ports, redis_port)
        except RuntimeError as error:
            print(f"trying once more: {error}", flush=True)
            _end(self._started.pop())
            self._start_node(packages, ports, redis_port)

    def _start_node(self, packages: Path, ports: dict[str, str], redis_port: int) -> None:
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "PACKAGES": str(packages),
            "RUN_DIR": str(self.folder),
            "DB_POSTGRES_URL": f"postgresql://postgres@localhost/postgres?host={self._postgres.folder}",
            "REDIS_HOST": f"127.0.0.1:{redis_port}",
            "PDS_APPVIEW_URL": self.appview.url,
            **ports,
        }
        self._log = self.folder / "node.log"
        with self._log.open("ab") as log:
            node = processes.start([node_program(packages), HERE / "start.mjs"], environ=environ, output=log.fileno())
        self._started.append(node)
        deadline = time.monotonic() + START_SECONDS
        while not (self.folder / "ready.json").exists():
            if node.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the network did not start:\n{self._log.read_text()[-4000:]}")
            time.sleep(0.1)
        json.loads((self.folder / "ready.json").read_text())

    def stop(self) -> None:
        """End everything that was started."""
        for process in reversed(self._started):
            _end(process)
        for proxy in (self.appview, getattr(self, "doorway", None)):
            if proxy is not None:
                proxy.close()
        self._postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    processes.signal_group(process.pid, signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        processes.signal_group(process.pid, signal.SIGKILL)
        process.wait()


def _free_ports(count: int) -> list[int]:
    links = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(link.getsockname()[1]) for link in links]
    for link in links:
        link.close()
    return ports
