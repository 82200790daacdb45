"""What an import left to decide: from when clocks count, and the list of those who were late already (RULES C6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.contacts.models import Contact
from inbox.conversations.models import Message
from inbox.desk.words import person_word
from inbox.errors import Invalid
from inbox.intake.imports import began_at, is_importing, list_late
from inbox.members.access import sees
from inbox.members.models import Member

MOST_LATE = 200
SHOWN_TEXT = 140
# What may be chosen: hours before the channel was read (again).
HOURS = {"day": 24, "three_days": 72, "week": 168}
GAP, NOTHING = "gap", "nothing"


@dataclass(frozen=True)
class Choice:
    """A time that clocks may count from."""

    value: str
    word: str
    is_chosen: bool


@dataclass(frozen=True)
class CountsFrom:
    """The question, with what holds now. `gap_from_at`: it was away since then, and nobody has answered yet."""

    gap_from_at: datetime | None
    gap_until_at: datetime | None
    counts_from_at: datetime
    is_recounting: bool
    choices: Sequence[Choice]


@dataclass(frozen=True)
class LateShown:
    """Somebody whose message was late already."""

    conversation_id: int
    name: str
    at: datetime
    text: str


def ask_from(channel: Channel) -> CountsFrom | None:
    """Return the question from when clocks count; None while an import runs, or where there was none."""
    if is_importing(channel) or channel.import_since_at is None:
        return None
    words = {
        "day": _("a day before it was read"),
        "three_days": _("three days before"),
        "week": _("a week before"),
        NOTHING: _("nothing from before waits"),
    }
    if channel.gap_from_at is not None:
        words = {GAP: _("since it could not be read"), **words}
    choices = [
        Choice(value, str(word), times(channel, value) == channel.import_since_at) for value, word in words.items()
    ]
    gap = channel.gap_from_at, channel.gap_until_at
    return CountsFrom(*gap, channel.import_since_at, channel.recount_due_at is not None, choices)


def times(channel: Channel, chosen: str) -> datetime:
    """Return the time that a choice means; raises Invalid for one that was not offered."""
    if chosen == NOTHING:
        return began_at(channel)
    if chosen == GAP and channel.gap_from_at is not None:
        return channel.gap_from_at
    if chosen not in HOURS:
        raise Invalid("choice_unknown")
    return began_at(channel) - timedelta(hours=HOURS[chosen])


def list_late_ones(session: Session, member: Member, channel: Channel) -> list[LateShown]:
    """List who was late already, newest first, one more than are shown; private ones for who sees those."""
    query = (
        list_late(channel)
        .join(Contact, Contact.id == Message.contact_id)
        .where(sees(member.id, Message.channel_id, Message.kind == "direct"))
        .with_only_columns(
            Message.conversation_id, Contact.display_name, Contact.handle, Message.clock_at, Message.text
        )
        .order_by(Message.clock_at.desc(), Message.id.desc())
        .limit(MOST_LATE + 1)
    )
    return [
        LateShown(conversation_id or 0, person_word(name, handle), at, text[:SHOWN_TEXT])
        for conversation_id, name, handle, at, text in session.execute(query)
    ]
