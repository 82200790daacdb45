"""What we have already of a page, in one SELECT, and what differs from it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from inbox.bulk import among, table_of
from inbox.conversations.models import Message
from inbox.intake.placing import PRIVATE_AUDIENCES, Spot
from inbox.platforms import items

_MESSAGE = table_of(Message).c
_KNOWN = select(
    _MESSAGE.id,
    _MESSAGE.external_id,
    _MESSAGE.thread_id,
    _MESSAGE.audience,
    _MESSAGE.kind,
    _MESSAGE.direction,
    _MESSAGE.contact_id,
    _MESSAGE.text,
    _MESSAGE.platform_version,
    _MESSAGE.first_gone_look_at,
    _MESSAGE.gone_at,
    _MESSAGE.is_not_visible,
    _MESSAGE.hidden_at,
).where(_MESSAGE.channel_id == bindparam("channel_id"), among(_MESSAGE.external_id, "names"))


@dataclass(frozen=True, slots=True)
class Known:
    """A message that we have, as far as a page may differ from it."""

    id: int
    external_id: str
    thread_id: int
    audience: str
    kind: str
    direction: str
    contact_id: int | None
    text: str
    version: str | None
    first_gone_look_at: datetime | None
    gone_at: datetime | None
    is_not_visible: bool
    hidden_at: datetime | None

    @property
    def spot(self) -> Spot:
        """Where it lies."""
        return Spot(self.thread_id, self.audience in PRIVATE_AUDIENCES or self.kind == "direct")

    def differs(self, message: items.Message) -> bool:
        """Tell whether the platform shows something that we don't: other words, or that it is there after all."""
        return self.reads_differently(message) or self.is_back or (message.is_hidden and self.hidden_at is None)

    def reads_differently(self, message: items.Message) -> bool:
        """Compare versions where the platform has them, else the text."""
        if message.version is not None and self.version is not None:
            return message.version != self.version
        return message.text != self.text

    @property
    def is_back(self) -> bool:
        """Whether being shown contradicts what a look said; ours that went stay gone (deleted or misplaced)."""
        is_gone = self.gone_at is not None and self.direction == "inbound"
        return is_gone or self.first_gone_look_at is not None or self.is_not_visible


def load_known(session: Session, channel_id: int, external_ids: Iterable[str]) -> dict[str, Known]:
    """Return by external id what the channel has of these messages."""
    session.flush()
    rows: Sequence[Any] = session.execute(_KNOWN, {"channel_id": channel_id, "names": sorted(set(external_ids))}).all()
    return {row.external_id: Known(*row) for row in rows}


def ids_of(messages: Iterable[items.Message]) -> set[str]:
    """Return every message id that these messages name: their own, their parents', roots' and so on."""
    named: set[str | None] = set()
    for message in messages:
        named |= {message.external_id, message.parent_id, message.root_id, message.continues_id}
    return {external_id for external_id in named if external_id}


def changed(known: dict[str, Known], messages: Sequence[items.Message]) -> list[items.Message]:
    """Return the messages that we have in another wording or state."""
    return [m for m in messages if (row := known.get(m.external_id)) is not None and row.differs(m)]
