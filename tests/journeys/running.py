"""`./relevo up` in a fresh folder, as its processes, and the hands that a journey needs: a sandbox and a browser."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

ROOT = Path(__file__).resolve().parents[2]
# When a start hangs; that it takes less than two minutes is test_1_1's to say.
START_SECONDS = 400.0
END_SECONDS = 15.0
NEW_PASSWORD = "a lighthouse keeps 7 lamps"
Found = TypeVar("Found")


def until(look: Callable[[], Found | None], what: str, seconds: float = 30.0) -> Found:
    """Look again and again until something is found; fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"after {seconds:g} s still not: {what}")


def free_port() -> int:
    """Return a port that is free, and the one after it."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


@dataclass
class Running:
    """A started Relevo."""

    folder: Path
    port: int
    process: subprocess.Popen[str]
    output: Path
    environ: dict[str, str]
    started_in_seconds: float = 0.0
    password: str = ""
    signed_in: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def printed(self) -> str:
        """What `./relevo up` has said so far."""
        return self.output.read_text()

    def first_sign_in(self) -> tuple[str, str]:
        """Return the first member's address and one-time password, from the file that was named."""
        path = next(word for word in self.printed.split() if word.endswith("first-password.txt"))
        assert Path(path).stat().st_mode & 0o777 == 0o600
        email, password = Path(path).read_text().split()
        return email, password

    def relevo(self, *words: str) -> str:
        """Run one `./relevo …` command beside it and return what it prints."""
        done = self.try_relevo(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def try_relevo(self, *words: str, told: str = "") -> subprocess.CompletedProcess[str]:
        """Run one `./relevo …` command that may fail; `told` is what it reads from its standard input."""
        return subprocess.run(
            [str(ROOT / "relevo"), *words],
            check=False,
            env=self.environ,
            input=told,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=ROOT,
        )

    def sandbox(self, personality: str) -> "Sandbox":
        """Return the hands of fans and of the brand's own app on one personality."""
        told = json.loads((self.folder / "sandbox" / "sandbox.json").read_text())
        client = httpx.Client(
            base_url=told["url"], headers={"Authorization": f"Bearer {told['control_token']}"}, timeout=30
        )
        return Sandbox(personality, client)

    def end(self) -> float:
        """End it as Ctrl-C does and return how long that took, in seconds."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(END_SECONDS + 5)
        return time.monotonic() - started


@dataclass
class Sandbox:
    """One personality of the sandbox, through its control API."""

    personality: str
    client: httpx.Client

    def tell(self, what: str, **given: Any) -> dict[str, Any]:
        """POST to this personality and return the item that it made or changed."""
        answer = self.client.post(f"/sandbox/{self.personality}/{what}", json=given)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def post(self, text: str = "Rebajas de otoño en toda la gama Hogar") -> str:
        """Let the brand post and return the post's id."""
        return str(self.tell("post", text=text)["id"])

    def comment(self, by: str, text: str, on: str, **given: Any) -> str:
        """Let a fan comment and return the comment's id."""
        return str(self.tell("comment", by=by, text=text, on=on, **given)["id"])

    def accepted(self) -> list[dict[str, Any]]:
        """List the replies that came through the platform's API, oldest first."""
        found: list[dict[str, Any]] = self.client.get(f"/sandbox/{self.personality}/accepted").json()["accepted"]
        return found

    def item(self, external_id: str) -> dict[str, Any]:
        """Return an item as the platform has it now."""
        found: dict[str, Any] = self.client.get(f"/sandbox/{self.personality}/items/{external_id}").json()
        return found

    def fault(self, kind: str, **given: Any) -> None:
        """Let something go wrong."""
        answer = self.client.post("/sandbox/faults", json={"personality": self.personality, "kind": kind, **given})
        assert answer.is_success, answer.text

    @property
    def is_well(self) -> bool:
        """Whether every fault of this personality has struck as often as it was told to."""
        listed = self.client.get("/sandbox/faults", params={"personality": self.personality}).json()["faults"]
        return not [one for one in listed if one["personality"] == self.personality and one["left_over"] != 0]

    def heal(self) -> None:
        """End every fault of this personality."""
        self.client.delete("/sandbox/faults", params={"personality": self.personality})

    def quiet(self) -> None:
        """Stop the traffic of both personalities, so that only the test speaks."""
        self.client.post("/sandbox/traffic", json={"on": False})


def ask(sandbox: Sandbox, name: str, text: str, *, is_private: bool = False, **given: Any) -> str:
    """Let a fan of that name ask and return the id of what they said."""
    by = f"{re.sub('[^a-z0-9]', '', name.lower())}@calle.test"
    if is_private:
        return str(sandbox.tell("direct", by=by, text=text, name=name)["id"])
    return sandbox.comment(by, text, sandbox.post(), name=name, **given)


@contextmanager
def relevo_up(folder: Path, environ: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Start `./relevo up` in an empty folder, wait until it says that it is ready, and end it."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    output = folder.with_suffix(".log")
    told = {"RELEVO_DATA": str(folder), "RELEVO_PORT": str(port), **(environ or {})}
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("RELEVO_", "DATABASE_", "REDIS_"))}
    environment = kept | told
    with output.open("w") as file:
        started = time.monotonic()
        process = subprocess.Popen(
            [str(ROOT / "relevo"), "up"],
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
        )
    running = Running(folder, port, process, output, environment)
    try:
        until(lambda: "ready at" in running.printed or _died(running), "ready", START_SECONDS)
        running.started_in_seconds = time.monotonic() - started
        yield running
    finally:
        if process.poll() is None:
            running.end()


def _died(running: Running) -> bool:
    if running.process.poll() is not None:
        raise AssertionError(f"./relevo up ended at once:\n{running.printed}")
    return False
