"""What platforms show, as connectors hand it on: messages, posts and pages of invented people."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel, ChannelStream
from inbox.intake.receive import Received, receive
from inbox.platforms.items import Author, GoneItem, Item, Message, Page, PostSeen
from inbox.settings import Pace

_numbers = itertools.count(1)


def author(name: str = "lucia", **given: Any) -> Author:
    """Return a fan by name: the same name is the same person."""
    values: dict[str, Any] = {"external_id": f"id-{name}", "handle": f"{name}.test", "display_name": name.title()}
    return Author(**values | given)


def us(channel: Channel) -> Author:
    """Return the channel's own account as an author."""
    return Author(channel.external_id, channel.scope, channel.handle, channel.display_name)


def message(external_id: str = "", *, by: Author | str = "lucia", **given: Any) -> Message:
    """Return a public comment that asks something, written ten seconds ago."""
    now = clock.now()
    values: dict[str, Any] = {
        "external_id": external_id or f"m{next(_numbers)}",
        "author": author(by) if isinstance(by, str) else by,
        "kind": "comment",
        "audience": "public",
        "text": "¿Cuándo abren la tienda?",
        "authored_at": now - timedelta(seconds=10),
    }
    return Message(**values | given)


def direct(external_id: str = "", *, by: Author | str = "lucia", **given: Any) -> Message:
    """Return a message of a private exchange."""
    values: dict[str, Any] = {"kind": "direct", "audience": "private", "thread_key": "exchange-1"}
    return message(external_id, by=by, **values | given)


def post(external_id: str = "", **given: Any) -> PostSeen:
    """Return a post of ours."""
    values: dict[str, Any] = {"text": "New in the shop", "authored_at": clock.now()}
    return PostSeen(external_id=external_id or f"p{next(_numbers)}", **values | given)


def gone(external_id: str, **given: Any) -> GoneItem:
    """Return an explicit deletion."""
    return GoneItem(external_id, **given)


def page(*items: Item, **given: Any) -> Page:
    """Return a complete page of these items."""
    values: dict[str, Any] = {"cursor_after": {"mark": next(_numbers)}}
    return Page(items=items, **values | given)


def make_stream(session: Session, channel: Channel, name: str = "mentions", **given: Any) -> ChannelStream:
    """Add a stream of a channel."""
    stream = ChannelStream(channel_id=channel.id, name=name, **given)
    session.add(stream)
    session.flush()
    return stream


def take_in(
    session: Session,
    channel: Channel,
    *items: Item,
    stream: ChannelStream | None = None,
    received_at: datetime | None = None,
    pace: Pace | None = None,
    **given: Any,
) -> Received:
    """Receive a page of these items now, on a stream that is made unless one is given."""
    stream = stream or _some_stream(session, channel)
    return receive(
        session, channel, stream, page(*items, **given), received_at=received_at or clock.now(), pace=pace or Pace()
    )


def _some_stream(session: Session, channel: Channel) -> ChannelStream:
    for known in channel.streams:
        if known.name == "mentions":
            return known
    stream = make_stream(session, channel)
    session.refresh(channel, ["streams"])
    return stream
