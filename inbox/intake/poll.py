"""Reads one claimed stream to its end: network without a transaction, then one transaction a page (RULES E1, E3)."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels import gaps, hours, states, streams
from inbox.channels.models import Channel, ChannelStream
from inbox.channels.streams import Claim
from inbox.database import read_only
from inbox.intake import imports, quarantine
from inbox.intake.receive import Received, receive
from inbox.intake.singly import receive_singly
from inbox.outbox.transactions import commit
from inbox.platforms.contract import Connection, Malformed, PlatformError
from inbox.platforms.items import Message, Page
from inbox.settings import Pace

log = structlog.get_logger()

PAGES_AT_ONCE = 40
SECONDS_AT_ONCE = 30.0

OpenConnection = Callable[[Channel], Connection]
Take = Callable[..., Received]  # receive, or receive_singly


@dataclass(frozen=True)
class Reader:
    """What reading needs: how to open a session, how to reach a platform, and the pace."""

    make_session: Callable[[], Session]
    open_connection: OpenConnection
    pace: Pace


def read_stream(reader: Reader, claim: Claim) -> int:
    """Read a claimed stream until its walk ends, or for half a minute; returns how many messages were new.

    Whatever goes wrong is written on the stream; nothing that was read before it is lost.
    """
    started = time.monotonic()
    new_count = 0
    for _ in range(PAGES_AT_ONCE):
        step = _read_page(reader, claim)
        new_count += step.new_count
        if step.is_over:
            return new_count
        if time.monotonic() - started > SECONDS_AT_ONCE:
            break
    with reader.make_session() as session, session.begin():
        streams.release(session, claim, due_at=clock.now())
    return new_count


@dataclass(frozen=True)
class _Step:
    new_count: int
    is_over: bool


def _read_page(reader: Reader, claim: Claim) -> _Step:
    with read_only(), reader.make_session() as session:
        stream, channel = streams.get_claimed(session, claim)
        session.expunge_all()
    try:
        connection = reader.open_connection(channel)
        page = connection.fetch(stream.name, stream.cursor, is_deep=stream.is_deep)
    except PlatformError as error:
        _fail(reader, claim, stream.name, error)
        return _Step(0, is_over=True)
    if _is_back_after_gap(reader, stream, channel):
        return _Step(0, is_over=True)
    return _keep(reader, claim, page)


def _is_back_after_gap(reader: Reader, stream: ChannelStream, channel: Channel) -> bool:
    """Begin an import instead of taking a page in, where nothing was read for longer than its span (RULES C6)."""
    with read_only(), reader.make_session() as session:
        if gaps.find_gap(session, channel, stream, reader.pace) is None:
            return False

    def begin(session: Session) -> bool:
        known = session.get_one(Channel, channel.id)
        states.hold(session, known)
        fresh = session.get_one(ChannelStream, stream.id, populate_existing=True)
        since = gaps.find_gap(session, known, fresh, reader.pace)
        return since is not None and gaps.after_gap(session, known, since, reader.pace)

    return commit(reader.make_session, begin)


def _fail(reader: Reader, claim: Claim, stream_name: str, error: PlatformError) -> None:
    log.info("poll_failed", stream_id=claim.stream_id, code=error.code)
    with reader.make_session() as session, session.begin():
        if isinstance(error, Malformed) and error.payload:
            channel = session.get_one(Channel, claim.channel_id)
            quarantine.keep(
                session, channel, stream_name, error.payload, reason_code="unreadable_page", detail=error.detail
            )
        states.fail_poll(session, claim, error, reader.pace)


def _keep(reader: Reader, claim: Claim, page: Page) -> _Step:
    """Write a page in one transaction, again when another worker was first with a part of it."""
    try:
        return commit(reader.make_session, lambda session: _write(session, claim, page, reader.pace, receive))
    except Exception as error:  # at the task's edge: one item must not keep the page, and all after it, out
        log.warning("page_not_received", stream_id=claim.stream_id, error=type(error).__name__, exc_info=True)
    return commit(reader.make_session, lambda session: _write(session, claim, page, reader.pace, receive_singly))


def _write(session: Session, claim: Claim, page: Page, pace: Pace, take: Take) -> _Step:
    """Write a page, its cursor and what follows from it, fenced by the lease."""
    digest = _digest(page)
    stream, channel = streams.get_claimed(session, claim)
    if not page.is_complete and streams.repeats(session, claim, digest):
        states.stop_repeating(session, claim, pace)
        return _Step(0, is_over=True)
    received = take(session, channel, stream, page, received_at=clock.now(), pace=pace)
    has_lease = streams.advance(
        session,
        claim,
        page.cursor_after,
        is_complete=page.is_complete,
        had_new=received.new > 0,
        digest=digest,
        pace=pace,
        lacks=page.lacks,
    )
    if not has_lease:
        session.rollback()
        return _Step(0, is_over=True)
    _follow_up(session, channel, stream, page, received, pace)
    return _Step(received.new, is_over=page.is_complete)


def _follow_up(
    session: Session, channel: Channel, stream: ChannelStream, page: Page, received: Received, pace: Pace
) -> None:
    _verify_after_odd_answer(channel, stream, page, pace)
    if received.new and channel.import_done_at is not None:
        hours.note(session, channel.id, clock.now(), received.new, pace)
        stream.lag_seconds = _lag_seconds(page, channel)
    if not page.is_complete:
        return
    states.good_poll(session, channel, received.new, pace)
    if channel.import_done_at is None:
        if stream.name == streams.OWN_POSTS:
            streams.after_own_posts(session, channel)
        session.flush()
        if streams.is_import_read(session, channel):
            imports.finish_import(session, channel, pace)


def _verify_after_odd_answer(channel: Channel, stream: ChannelStream, page: Page, pace: Pace) -> None:
    """A dead account may answer 200 with an empty list: where there was something, ask whose it is."""
    if page.items or stream.name != "mentions" or stream.last_item_at is None:
        return
    asked_at = channel.last_verified_at
    if asked_at is None or clock.now() - asked_at > timedelta(seconds=pace.poll_idle_seconds):
        channel.verify_due_at = clock.now()


def _lag_seconds(page: Page, channel: Channel) -> float | None:
    """Return how long the newest message of a page took from the platform's server to us; None: it has no time."""
    times = [one.arrived_at or one.authored_at for one in page.items if isinstance(one, Message)]
    newest = max((at for at in times if at is not None), default=None)
    return None if newest is None else max(0.0, (clock.now() - newest).total_seconds() + channel.skew_seconds)


def _digest(page: Page) -> str:
    ids = [_name(item) for item in page.items] or [json.dumps(page.cursor_after, sort_keys=True)]
    return hashlib.sha256("\0".join(ids).encode(errors="replace")).hexdigest()


def _name(item: object) -> str:
    if isinstance(item, Message):
        return f"{item.external_id} {item.version} {item.edited_at}"
    return repr(item)
