"""A sending worker as a process, on a platform whose ledger is a file: started, stopped and killed by test_killed.py.

python -m tests.replies.killed_worker DATABASE_URL LEDGER SEED
"""

import json
import os
import random
import sys
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel
from inbox.database import engine_options, set_up_engine
from inbox.platforms.contract import Connection, Unavailable, Unclear
from inbox.platforms.outgoing import Absent, Found, LookUp, Outgoing, Sent
from inbox.replies.look import look_next
from inbox.replies.send import Sender, send_next
from inbox.replies.sweep import sweep
from inbox.settings import Pace
from tests.factories.fake_platform import FakeConnection, FakePlatform

PACE = Pace().at(60)  # a lease of 2 s, of which 1 s must remain; a write call of a third of a second


def let_pass(seconds: float) -> None:
    """Wait as a platform that takes its time, or as a process that stands still."""
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        time.sleep(0.01)


class Ledger:
    """What the platform accepted, one JSON line each; appended in one write, so that a kill never leaves half."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, sent: Sent) -> None:
        """Accept a reply."""
        line = json.dumps(asdict(sent) | {"created_at": sent.created_at.isoformat() if sent.created_at else None})
        place = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(place, f"{line}\n".encode())
        finally:
            os.close(place)

    def read(self) -> list[Sent]:
        """Return what was accepted, oldest first."""
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        rows = [json.loads(line) for line in lines]
        return [Sent(**row | {"created_at": datetime.fromisoformat(row["created_at"])}) for row in rows]


class FileConnection(FakeConnection):
    """Accepts into the ledger, and often does not tell; keeps to the write call's time as the real client does."""

    def __init__(self, ledger: Ledger, dice: random.Random) -> None:
        super().__init__(FakePlatform())
        self.ledger, self.dice = ledger, dice

    def send(self, outgoing: Outgoing, key: str) -> Sent:
        """Take a while, then accept, refuse to talk, or both."""
        ends_at = time.monotonic() + PACE.write_call_seconds
        self._pass_time(0.05)
        if self.dice.random() < 0.1:
            raise Unavailable("refused", is_surely_not_accepted=True)
        if self.dice.random() < 0.1:
            raise Unclear("dropped")
        if time.monotonic() >= ends_at:  # as inbox/guard.py: nothing leaves after the call's time
            raise Unavailable("too late", is_surely_not_accepted=True)
        number = f"ours-{os.getpid()}-{time.monotonic_ns()}"
        sent = Sent(number, clock.now(), parent_id=outgoing.parent_id, audience=outgoing.audience, text=outgoing.text)
        self.ledger.add(sent)
        self._pass_time(0.1)
        if self.dice.random() < 0.3:
            raise Unclear("no answer")
        return sent

    def find_sent(self, outgoing: Outgoing, not_before: datetime) -> LookUp:
        """Look in the ledger; absence proves nothing by itself."""
        self._pass_time(0.02)
        for sent in self.ledger.read():
            if (sent.text, sent.parent_id) == (outgoing.text, outgoing.parent_id):
                return Found(sent)
        return Absent(is_sure=False)

    def _pass_time(self, seconds: float) -> None:
        let_pass(self.dice.random() * seconds)


def main(url: str, ledger_path: str, seed: str) -> None:
    """Send, look and sweep until killed."""
    engine = create_engine(url, **engine_options(url, 30))
    set_up_engine(engine, 30)
    ledger, dice = Ledger(Path(ledger_path)), random.Random(seed)

    def connect(_channel: Channel) -> Connection:
        return FileConnection(ledger, dice)

    sender = Sender(lambda: Session(engine), connect, PACE)
    Path(f"{ledger_path}.{os.getpid()}").touch()  # at work: may be harmed now
    while True:
        busy = send_next(sender)
        sweep(sender)
        if not look_next(sender) and not busy:
            time.sleep(0.02)


if __name__ == "__main__":
    main(*sys.argv[1:])
