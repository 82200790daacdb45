"""The careful way in: a page whose items are received one by one, because together they could not be."""

from datetime import datetime

import structlog
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.orm import Session

from inbox.channels.models import Channel, ChannelStream
from inbox.intake import quarantine
from inbox.intake.receive import Received, receive
from inbox.intake.sorting import rejected
from inbox.platforms.items import Item, Page
from inbox.settings import Pace

log = structlog.get_logger()

NOT_RECEIVED = "item_not_received"


def receive_singly(
    session: Session,
    channel: Channel,
    stream: ChannelStream,
    page: Page,
    *,
    received_at: datetime,
    pace: Pace,
) -> Received:
    """As `receive`, but an item that the database or our own code chokes on goes into quarantine, alone (E3)."""
    total = Received()
    for item in page.items:
        alone = Page([item], page.cursor_after, page.is_complete, page.skew)
        try:
            with session.begin_nested():
                total += receive(session, channel, stream, alone, received_at=received_at, pace=pace)
        except DBAPIError as error:
            if not _is_the_items_fault(error):
                raise
            total += _set_aside(session, channel, stream, item, error, received_at)
        except Exception as error:  # whatever it is, it must not keep the others out
            total += _set_aside(session, channel, stream, item, error, received_at)
    return total


def _is_the_items_fault(error: DBAPIError) -> bool:
    """Tell a value that the database refuses from a database that is away, busy or in a deadlock."""
    return not error.connection_invalidated and type(error).__name__ in (
        "DataError",
        "IntegrityError",
        "StatementError",
    )


def _set_aside(
    session: Session, channel: Channel, stream: ChannelStream, item: Item, error: Exception, seen_at: datetime
) -> Received:
    cause = error.orig if isinstance(error, StatementError) and error.orig is not None else error
    log.warning("item_not_received", channel_id=channel.id, error=type(cause).__name__)
    reject = rejected(item, NOT_RECEIVED, type(cause).__name__)
    quarantine.keep(
        session,
        channel,
        stream.name,
        reject.raw,
        reject.code,
        reject.detail,
        is_private=reject.is_private,
        seen_at=seen_at,
    )
    return Received(quarantined=1)
