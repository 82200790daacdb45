"""Pushes: stored before they are answered, taken in by a worker like a page of a poll (issue 5, RULES E).

Whatever a push brings a poll brings too, or has brought: what is known says nothing new, and a push that never
came is found by the poll.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels import hours, states
from inbox.channels.models import Channel, ChannelState, ChannelStream
from inbox.database import read_only
from inbox.intake import quarantine
from inbox.intake.models import Push
from inbox.intake.poll import Reader, Take
from inbox.intake.receive import receive
from inbox.intake.singly import receive_singly
from inbox.outbox.transactions import commit
from inbox.platforms.contract import Malformed, PlatformError, Pushed, Pushing
from inbox.platforms.items import Page
from inbox.settings import Pace

log = structlog.get_logger()

MOST_BYTES = 1024 * 1024
MOST_TRIES = 3
ASKED_FOR = timedelta(days=1)
STREAM = "push"


def find_channel(session: Session, platform: str, key: str) -> Channel | None:
    """Return the channel whose platform pushes to this address."""
    if "\0" in key or "\0" in platform:  # which PostgreSQL can't even be asked for
        return None
    found = session.scalar(select(Channel).where(Channel.push_key == key))
    return found if found is not None and found.platform == platform else None


def store(session: Session, channel_id: int, body: bytes) -> Push:
    """Keep a push that was checked, to the byte; the caller commits before it answers.

    Nothing is scrubbed here: people's own words would be replaced for good, and marks point at characters.
    """
    now = clock.now()
    row = Push(channel_id=channel_id, compressed=zlib.compress(body, 1), received_at=now, due_at=now)
    session.add(row)
    session.flush()
    return row


@dataclass(frozen=True)
class _Taken:
    """A push that a worker has, read whole."""

    id: int
    channel: Channel
    body: bytes
    received_at: datetime
    try_count: int

    @property
    def is_last_try(self) -> bool:
        """Whether it is set aside when it can't be taken in now."""
        return self.try_count >= MOST_TRIES


def take_next(reader: Reader) -> bool:
    """Take in the push that is due longest; tells whether there was one.

    One that was taken three times and is still here ended its worker each time: it is not looked into again. What
    can't be read is set aside at once, what the platform must be asked about when it has not answered for a day.
    """
    taken = _claim(reader)
    if taken is None:
        return False
    if taken.try_count > MOST_TRIES:
        commit(reader.make_session, lambda session: _set_aside(session, taken, "its workers did not end with it"))
        return True
    try:
        pushed = cast(Pushing, reader.open_connection(taken.channel)).parse_push(taken.body)
    except PlatformError as error:
        log.info("push_not_read", push_id=taken.id, code=error.code)
        is_over = isinstance(error, Malformed) or clock.now() - taken.received_at > ASKED_FOR
        detail = error.detail
        put = _set_aside if is_over else _put_off
        commit(reader.make_session, lambda session: put(session, taken, detail))
        return True
    except Exception as error:  # at the task's edge: one push must not be tried for ever
        _give_up_at_last(reader, taken, error)
        return True
    _keep(reader, taken, pushed)
    return True


def _give_up_at_last(reader: Reader, taken: _Taken, error: Exception) -> None:
    """Set a push aside that could not be taken in, when it was its last try; else let the error out."""
    if not taken.is_last_try:
        raise error
    log.warning("push_given_up", push_id=taken.id, error=type(error).__name__, exc_info=error)
    words = type(error).__name__
    commit(reader.make_session, lambda session: _set_aside(session, taken, words))


def _claim(reader: Reader) -> _Taken | None:
    now = clock.now()
    with read_only(), reader.make_session() as session:
        if session.scalar(select(Push.id).where(Push.due_at <= now).limit(1)) is None:
            return None
    return commit(reader.make_session, lambda session: _claim_in(session, now, reader.pace))


def _claim_in(session: Session, now: datetime, pace: Pace) -> _Taken | None:
    due = select(Push).where(Push.due_at <= now).order_by(Push.due_at, Push.id).limit(1)
    row = session.scalar(due.with_for_update(skip_locked=True))
    if row is None:
        return None
    row.due_at = now + timedelta(seconds=pace.stream_lease_seconds)
    row.try_count += 1
    channel = session.get_one(Channel, row.channel_id)
    taken = _Taken(row.id, channel, zlib.decompress(row.compressed), row.received_at, row.try_count)
    session.flush()
    session.expunge(channel)
    return taken


def _keep(reader: Reader, taken: _Taken, pushed: Pushed) -> None:
    """Write what a push says in one transaction, item by item where that fails; what fails thrice is set aside."""
    try:
        commit(reader.make_session, lambda session: _write(session, taken, pushed, reader.pace, receive))
    except Exception as error:  # at the task's edge: one item must not keep the others out
        log.warning("push_not_received", push_id=taken.id, error=type(error).__name__, exc_info=True)
    else:
        return
    try:
        commit(reader.make_session, lambda session: _write(session, taken, pushed, reader.pace, receive_singly))
    except Exception as error:
        _give_up_at_last(reader, taken, error)


def _write(session: Session, taken: _Taken, pushed: Pushed, pace: Pace, take: Take) -> None:
    row = session.get(Push, taken.id, with_for_update=True)
    if row is None:
        return  # another worker was faster
    channel = session.get_one(Channel, taken.channel.id)
    if channel.state == ChannelState.DISCONNECTED:
        _set_aside(session, taken, "the channel was disconnected before it was taken in")
        return
    session.delete(row)
    page = Page(list(pushed.items), {})
    stream = ChannelStream(channel_id=channel.id, name=STREAM)
    received = take(session, channel, stream, page, received_at=taken.received_at, pace=pace)
    if received.new:
        if channel.import_done_at is not None:
            hours.note(session, channel.id, clock.now(), received.new, pace)
        states.good_poll(session, channel, received.new, pace)
    _make_due(session, channel.id, pushed.due)


def _make_due(session: Session, channel_id: int, names: Sequence[str]) -> None:
    """Let streams be read now that a push says have something new."""
    if not names:
        return
    session.execute(
        update(ChannelStream)
        .where(ChannelStream.channel_id == channel_id, ChannelStream.name.in_(names), ChannelStream.is_off.is_(False))
        .where(ChannelStream.due_at > clock.now())
        .values(due_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def _put_off(session: Session, taken: _Taken, _detail: str) -> None:
    """Leave a push to its next turn, when its lease ends; that the platform could not be asked is no try of it."""
    row = session.get(Push, taken.id, with_for_update=True)
    if row is not None:
        row.try_count = 0


def _set_aside(session: Session, taken: _Taken, detail: str) -> None:
    row = session.get(Push, taken.id, with_for_update=True)
    if row is None:
        return
    channel = session.get_one(Channel, taken.channel.id)
    quarantine.keep(session, channel, STREAM, taken.body, "push_unreadable", detail, seen_at=taken.received_at)
    session.delete(row)
