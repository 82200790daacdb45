"""A process that takes in messages at an even rate, as a poll does: `python -m tests.bench.writing 5 60 1 10`.

Words: messages a second, seconds, messages at once, how many people write in turn. Each message ends in a number
in brackets; for each page taken in, one line of JSON says which numbers and when they were committed.
"""

import contextlib
import json
import sys
import time

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock, create_app
from inbox.channels.models import Channel, ChannelStream
from inbox.database import db
from inbox.intake.receive import receive
from inbox.platforms.items import Message, Page
from inbox.settings import Settings
from tests.bench.crowd import ONE_CHANNEL_ID
from tests.bench.texts import make_questions
from tests.factories.items import direct

STREAM = "bench"
_QUESTIONS = make_questions(100)


def main(rate: float, seconds: float, at_once: int, people: int) -> None:
    """Write until the time is over; says what was committed and when."""
    app = create_app(Settings.from_environ(), busy_seconds=30)
    began, number = time.monotonic(), 0
    while (due := number / rate) < seconds:
        if time.monotonic() < began + due:
            time.sleep(0.01)
            continue
        numbers = range(number, number + at_once)
        take_in(app, [_message(one, people) for one in numbers])
        print(json.dumps({"numbers": list(numbers), "at": time.time()}), flush=True)
        number += at_once


def take_in(app: Flask, messages: list[Message]) -> None:
    """Receive a page on the channel that everybody of the benchmark sees, and commit."""
    with app.app_context(), contextlib.closing(db.session()) as session:
        channel = session.get_one(Channel, ONE_CHANNEL_ID)
        page = Page(items=tuple(messages), cursor_after={})
        pace = app.config["RELEVO"].pace
        receive(session, channel, _stream(session, channel), page, received_at=clock.now(), pace=pace)
        session.commit()


def _stream(session: Session, channel: Channel) -> ChannelStream:
    query = select(ChannelStream).where(ChannelStream.channel_id == channel.id, ChannelStream.name == STREAM)
    found = session.scalar(query)
    if found is None:
        found = ChannelStream(channel_id=channel.id, name=STREAM)  # not due: no worker reads it
        session.add(found)
        session.flush()
    return found


def _message(number: int, people: int) -> Message:
    person = number % people
    text = f"[{number}] {_QUESTIONS[number % len(_QUESTIONS)]}"
    return direct(f"bench-{time.time_ns()}-{number}", by=f"bench{person}", thread_key=f"bench-{person}", text=text)


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
