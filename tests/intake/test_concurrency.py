"""Two workers with the same page at once give the same rows (RULES A1, E1)."""

import random
import threading
from collections.abc import Sequence

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel, ChannelStream
from inbox.contacts.models import Contact
from inbox.conversations.doctor import list_wrong_waiting
from inbox.conversations.models import Conversation, Message, Thread
from inbox.database import db
from inbox.intake.receive import receive
from inbox.outbox.transactions import commit
from inbox.platforms.items import Item
from inbox.settings import Pace
from tests.factories.basics import make_channel
from tests.factories.items import make_stream, message, page, us

Work = tuple[int, int, Sequence[Item]]
PACE = Pace()


def together(app: Flask, works: Sequence[Work]) -> None:
    """Receive pages at the same moment, each in a thread and transaction of its own."""
    with app.app_context():
        engine = db.engine
    start = threading.Barrier(len(works))
    failures: list[BaseException] = []

    def one(work: Work) -> None:
        channel_id, stream_id, items = work

        def write(session: Session) -> None:
            channel = session.get_one(Channel, channel_id)
            stream = session.get_one(ChannelStream, stream_id)
            receive(session, channel, stream, page(*items), received_at=clock.now(), pace=PACE)

        try:
            start.wait(10)
            commit(lambda: Session(engine), write)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=one, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []


def counts(session: Session) -> list[int]:
    session.rollback()
    return [session.scalar(select(func.count()).select_from(m)) or 0 for m in (Contact, Thread, Conversation, Message)]


def shuffled(items: Sequence[Item], seed: int) -> list[Item]:
    return random.Random(seed).sample(list(items), len(items))


def check_seqs(session: Session) -> None:
    for thread in session.scalars(select(Thread).where(Thread.joined_into_id.is_(None))):
        query = select(Message.seq).where(Message.thread_id == thread.id).order_by(Message.seq)
        seqs = [seq for seq in session.scalars(query) if seq is not None]
        assert seqs == sorted(set(seqs))
        assert not seqs or thread.last_seq == seqs[-1]


def test_the_same_page_by_four_workers_at_once(app: Flask, session: Session) -> None:
    channel = make_channel(session)
    streams = [make_stream(session, channel, f"comments:{n}").id for n in range(4)]
    session.commit()
    items = [message(f"c{n}", by=f"fan{n % 7}", parent_id=f"c{n // 2}" if n else None) for n in range(20)]
    items.append(message("r", by=us(channel), parent_id="c3"))
    works = [(channel.id, stream_id, items) for stream_id in streams]
    session.rollback()  # on SQLite an open transaction would keep the workers waiting
    together(app, works)
    assert counts(session)[0] == 7
    assert counts(session)[3] == 21
    assert session.scalar(select(func.count(func.distinct(Message.thread_id)))) == 1
    check_seqs(session)
    assert list_wrong_waiting(session) == []


def test_overlapping_pages_in_any_order_and_contacts_shared_by_two_channels(app: Flask, session: Session) -> None:
    channels = [make_channel(session) for _ in range(2)]
    streams = [[make_stream(session, channel, f"comments:{n}").id for n in range(2)] for channel in channels]
    session.commit()
    items = [message(f"c{n}", by=f"fan{n % 9}", parent_id=f"c{n // 2}" if n else None) for n in range(24)]
    works = [
        (channel.id, streams[at][n], shuffled(items, seed=10 * at + n)[: 18 + 6 * n])
        for at, channel in enumerate(channels)
        for n in range(2)
    ]
    session.rollback()
    together(app, works)
    assert counts(session)[0] == 9
    assert counts(session)[3] == 48
    check_seqs(session)
    assert list_wrong_waiting(session) == []
