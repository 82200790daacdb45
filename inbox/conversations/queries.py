"""The queue, its counts and a person's earlier conversations, each with the grants inside the SQL."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from inbox.conversations.rows import QueueRow

COUNT_LIMIT = 100


class View(StrEnum):
    """The lists of the rail."""

    MINE = "mine"
    UNASSIGNED = "unassigned"
    SNOOZED = "snoozed"
    NO_ANSWER = "no_answer"
    EVERYTHING = "everything"


@dataclass(frozen=True)
class Filters:
    """What narrows a view; `status` (open, snoozed, done, spam) replaces the view's own."""

    status: str | None = None
    channel_id: int | None = None
    label_id: int | None = None
    team_id: int | None = None
    assignee_id: int | None = None
    kind: str | None = None


@dataclass(frozen=True)
class QueuePage:
    """A part of the queue. `after`/`before`: keys of the next and the previous part, None where there is none."""

    rows: tuple[QueueRow, ...]
    after: str | None
    before: str | None


@dataclass(frozen=True)
class Counts:
    """How many rows each list has, at most `COUNT_LIMIT` (shown as 99+).

    mine, unassigned, everything: people who wait; snoozed, no_answer: rows.
    """

    mine: int
    unassigned: int
    snoozed: int
    no_answer: int
    everything: int


def list_queue(
    session: Session,
    member_id: int,
    view: View,
    filters: Filters | None = None,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> QueuePage:
    """Return a part of the queue, longest waiting first; raises Invalid('key_wrong') for a key we did not make."""
    raise NotImplementedError


def find_row(session: Session, member_id: int, conversation_id: int) -> QueueRow | None:
    """Return one conversation's row as this member sees it (live updates); None when unseen."""
    raise NotImplementedError


def list_rows(session: Session, member_id: int | None, conversation_ids: list[int]) -> list[QueueRow]:
    """Return rows by id, in that order. With member_id None: for the live tail, which checks grants itself."""
    raise NotImplementedError


def count_views(session: Session, member_id: int) -> Counts:
    """Count each list of the rail, bounded."""
    raise NotImplementedError


def list_earlier(
    session: Session, member_id: int, contact_id: int, *, except_id: int | None = None, limit: int = 20
) -> list[QueueRow]:
    """Return a person's other conversations, newest first, as far as the member sees them."""
    raise NotImplementedError
