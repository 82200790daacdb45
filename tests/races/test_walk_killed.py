"""kill -9 at every page of a 12-page walk: nothing missing, nothing double, and the walk ends (RULES E1)."""

import signal
from collections.abc import Sequence

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import ChannelStream
from inbox.contacts.models import Contact
from inbox.conversations.doctor import list_wrong_waiting
from inbox.conversations.models import Conversation, Message, Thread
from inbox.database import db
from tests.factories.basics import make_channel
from tests.factories.items import make_stream
from tests.fixtures.app import MovingClock
from tests.races.killed_reader import PACE, PAGES, PER_PAGE, read_in_process

AFTER_COMMIT = [("asked", page + 1) for page in range(1, PAGES)] + [("left", 0)]
BEFORE_COMMIT = [("given", page) for page in range(1, PAGES + 1)]
BOTH = [instant for page in range(1, PAGES + 1) for instant in (("given", page), ("asked", page + 1))]


@pytest.mark.parametrize(
    "instants", [AFTER_COMMIT, BEFORE_COMMIT, BOTH], ids=["after each commit", "between fetch and commit", "both"]
)
def test_a_reader_killed_at_every_page_of_a_walk(
    app: Flask, session: Session, moving_clock: MovingClock, instants: Sequence[tuple[str, int]]
) -> None:
    channel = make_channel(session, import_done_at=clock.now())
    stream_id = make_stream(session, channel, due_at=clock.now()).id
    url = db.engine.url.render_as_string(hide_password=False)
    session.commit()
    session.close()
    db.engine.dispose()  # nothing of ours is open in the process that is forked
    killed = 0
    for instant in instants:
        if instant == ("asked", PAGES + 1):
            instant = ("left", 0)
        assert read_in_process(url, instant) == -signal.SIGKILL, instant
        killed += 1
        moving_clock.move(PACE.stream_lease_seconds + 1)
    assert killed == len(instants)
    if instants is BEFORE_COMMIT:  # the last page was never written
        assert read_in_process(url, None) == 0
    check_everything_is_there_once(session, stream_id)


def check_everything_is_there_once(session: Session, stream_id: int) -> None:
    wanted = sorted(f"p{page}-{place}" for page in range(1, PAGES + 1) for place in range(PER_PAGE))
    assert sorted(session.scalars(select(func.coalesce(Message.external_id, "")))) == wanted
    for model in (Contact, Thread, Conversation):
        assert session.scalar(select(func.count()).select_from(model)) == PER_PAGE
    for thread in session.scalars(select(Thread)):
        seqs = list(session.scalars(select(Message.seq).where(Message.thread_id == thread.id).order_by(Message.seq)))
        assert seqs == list(range(1, PAGES + 1))
    assert list_wrong_waiting(session) == []
    stream = session.get_one(ChannelStream, stream_id)
    assert (stream.cursor, stream.is_walking, stream.failure_code) == ({"mark": "p1-0"}, False, None)
    assert stream.last_complete_at is not None
