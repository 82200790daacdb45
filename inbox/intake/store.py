"""Writes a page's new messages, with what the platform sent and what is attached, in a few statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from inbox import bulk
from inbox.channels.models import Channel
from inbox.conversations.awaits import Verdict
from inbox.conversations.models import RawPayload
from inbox.conversations.ordering import queue_at
from inbox.intake import borders
from inbox.intake.pictures import picture_rows, pictures_of
from inbox.intake.placing import is_private
from inbox.intake.seats import Seat
from inbox.media.models import Media
from inbox.platforms.items import Message
from inbox.settings import Pace


@dataclass(frozen=True)
class Fresh:
    """A message that is not in the database yet, with everything that its row needs."""

    message: Message
    clock_at: datetime
    is_ours: bool
    is_history: bool = False
    held_until: datetime | None = None

    @property
    def is_held(self) -> bool:
        """Whether a delivery of ours may still claim it."""
        return self.held_until is not None


def conversation_row(
    id_: int, channel: Channel, fresh: Fresh, seat: Seat, contact_id: int, received_at: datetime
) -> dict[str, Any]:
    """Return the row of a conversation that a message brings about."""
    return {
        "id": id_,
        "thread_id": seat.thread.id,
        "contact_id": contact_id,
        "channel_id": channel.id,
        "is_private": seat.thread.is_private,
        "kind": seat.thread.kind,
        "waiting_since": None,
        "queue_at": queue_at(None, fresh.clock_at),
        "due_at": None,
        "last_message_at": fresh.clock_at,
        "last_inbound_message_id": None,
        "last_inbound_seq": 0,
        "last_seq": 0,
        "is_no_answer_needed": False,
        "created_at": received_at,
    }


def message_row(
    id_: int,
    channel: Channel,
    fresh: Fresh,
    seat: Seat,
    *,
    contact_id: int | None,
    conversation_id: int | None,
    verdict: Verdict | None,
    received_at: datetime,
    pace: Pace,
) -> dict[str, Any]:
    """Return a message's row; without a `verdict`, whether it awaits is judged once it is there."""
    awaits = verdict is not None and verdict.awaits
    return _as_shown(fresh.message, received_at) | {
        "id": id_,
        "thread_id": seat.thread.id,
        "channel_id": channel.id,
        "conversation_id": conversation_id,
        "contact_id": contact_id,
        "direction": "outbound" if fresh.is_ours else "inbound",
        "seq": seat.seq,
        "received_at": received_at,
        "clock_at": fresh.clock_at,
        "awaits": awaits,
        "awaits_reason": verdict.reason.value if verdict is not None else None,
        "recheck_due_at": received_at + timedelta(seconds=pace.recheck_awaiting_seconds) if awaits else None,
        "is_history": fresh.is_history,
        "is_native": fresh.is_ours and not fresh.is_held,
        "is_held_back": fresh.is_held,
        "look_at": fresh.held_until,
    }


def _as_shown(message: Message, received_at: datetime) -> dict[str, Any]:
    """Return what a message's row takes from the platform as it is."""
    return {
        "kind": message.kind,
        "audience": message.audience,
        "external_id": message.external_id,
        # a private continuation answers the public message that it goes on from
        "parent_external_id": message.parent_id or message.continues_id,
        "parent_author_external_id": message.parent_author_id,
        "platform_ref": dict(message.ref),
        "platform_version": message.version,
        "permalink": message.permalink,
        "text": message.text,
        "marks": marks_of(message),
        "mentions": list(dict.fromkeys(message.mentions)),
        "mentions_us": message.mentions_us,
        "is_sticker": message.is_sticker,
        "authored_at": message.authored_at,
        "arrived_at": message.arrived_at,
        "is_automatic": message.is_automatic,
        "edited_at": message.edited_at,
        "liked_at": received_at if message.is_liked else None,
        "hidden_at": received_at if message.is_hidden else None,
    }


def marks_of(message: Message) -> list[dict[str, Any]]:
    """Return the marks of a message's text as they are stored."""
    return [{name: value for name, value in vars(mark).items() if value is not None} for mark in message.marks]


def write_raw(
    session: Session, ids: Mapping[str, int], messages: Sequence[Message], received_at: datetime, pace: Pace
) -> None:
    """Keep what the platform sent, compressed and scrubbed, until it expires."""
    expires_at = received_at + timedelta(seconds=pace.raw_keep_seconds)
    rows = [
        {
            "message_id": ids[message.external_id],
            "compressed": borders.pack(borders.raw_bytes(message)),
            "received_at": received_at,
            "expires_at": expires_at,
        }
        for message in messages
    ]
    bulk.insert_all(session, RawPayload, rows)


def write_pictures(session: Session, channel: Channel, ids: Mapping[str, int], messages: Sequence[Message]) -> None:
    """Add the rows of what is attached."""
    rows = []
    for message in messages:
        rows += picture_rows(
            pictures_of(message),
            channel_id=channel.id,
            message_id=ids[message.external_id],
            is_private=is_private(message),
        )
    bulk.insert_all(session, Media, rows)
