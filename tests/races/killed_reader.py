"""A reader in a process of its own that is killed at a named instant of a page: see test_walk_killed.py."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, cast

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from inbox.channels import streams
from inbox.channels.models import Channel
from inbox.database import engine_options, set_up_engine
from inbox.intake.poll import Reader, read_stream
from inbox.platforms.contract import Connection
from inbox.platforms.items import Author, Cursor, Message, Page
from inbox.settings import Pace

PAGES, PER_PAGE = 12, 3
PACE = Pace()


@dataclass
class Walk:
    """A platform whose list has twelve pages, newest first; it calls `at` at the edge of each page.

    `asked` n: page n is asked for, so page n - 1 is committed. `given` n: page n was read and not written yet.
    """

    at: Callable[[str, int], None] = lambda _instant, _page: None

    def fetch(self, stream: str, cursor: Cursor | None, *, is_deep: bool = False) -> Page:
        """Give the page that the cursor leads to; the last one ends the walk."""
        number = int((cursor or {}).get("walk", 1))
        self.at("asked", number)
        items = [message(number, place) for place in range(PER_PAGE)]
        is_last = number == PAGES
        after: dict[str, Any] = {"mark": "p1-0"} if is_last else {"walk": number + 1}
        page = Page(items=items, cursor_after=after, is_complete=is_last)
        self.at("given", number)
        return page


def message(page: int, place: int) -> Message:
    """Return one comment; every fan writes one on each page, in one thread a fan."""
    name = f"fan-{place}"
    return Message(
        external_id=f"p{page}-{place}",
        author=Author(name, handle=f"{name}.test", display_name=name),
        kind="comment",
        audience="public",
        text="When does the shop open?",
        parent_id=None if page == PAGES else f"p{PAGES}-{place}",
        root_id=f"p{PAGES}-{place}",
    )


def read_in_process(url: str, die_at: tuple[str, int] | None) -> int:
    """Let a process read the stream; it kills itself with SIGKILL at the instant. Returns its exit code."""
    process = get_context("fork").Process(target=_read, args=(url, die_at))
    process.start()
    process.join(60)
    assert process.exitcode is not None, "it reads for ever"
    return process.exitcode


def _read(url: str, die_at: tuple[str, int] | None) -> None:
    def at(instant: str, page: int) -> None:
        if (instant, page) == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    engine = create_engine(url, **engine_options(url, 30))
    set_up_engine(engine, 30)
    platform = Walk(at)

    def connect(_channel: Channel) -> Connection:
        return cast(Connection, platform)

    reader = Reader(lambda: Session(engine), connect, PACE)
    with reader.make_session() as session, session.begin():
        claims = streams.claim_due(session, PACE, 1)
    for claim in claims:
        read_stream(reader, claim)
    at("left", 0)
    engine.dispose()
    os._exit(0 if claims else 3)
