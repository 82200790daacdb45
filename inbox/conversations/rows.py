"""What the queue and a thread's page show, as plain data (no text of gone messages ever gets in here)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from inbox.conversations.dues import ClockState, soon_at, state_of


@dataclass(frozen=True)
class LabelView:
    """A label as shown on a row."""

    id: int
    name: str


@dataclass(frozen=True)
class QueueRow:
    """Everything that one row of the queue shows."""

    conversation_id: int
    version: int
    status: str
    priority: str
    kind: str
    is_private: bool
    queue_at: datetime
    waiting_since: datetime | None  # None: their turn
    due_at: datetime | None  # None: nothing is due
    target_seconds: int | None  # of the promise that its clock runs by
    is_paused: bool  # its clock stands still
    snoozed_until_at: datetime | None
    last_message_at: datetime
    last_answered_at: datetime | None
    channel_id: int
    platform: str
    channel_handle: str
    channel_name: str
    is_sandbox: bool
    contact_id: int
    contact_name: str  # display name, else handle
    contact_handle: str
    avatar_url: str | None
    avatar_media_id: int | None
    inbound_message_id: int | None
    inbound_text: str  # newest inbound, 300 characters at most; empty when gone
    is_inbound_gone: bool
    inbound_awaits_reason: str | None
    outbound_text: str  # our newest, 160 characters at most, for "their turn"
    picture_count: int  # of the newest inbound message
    post_text: str  # 120 characters at most
    assignee_id: int | None
    assignee_name: str | None
    last_assignee_name: str | None
    team_id: int | None
    team_name: str | None
    is_unread: bool
    is_leaving: bool
    is_no_answer_needed: bool
    has_edit_after_answer: bool
    delivery_state: str | None  # of the reply that is on its way
    last_seq: int  # the seen_seq of a row that is finished from the list
    labels: tuple[LabelView, ...] = ()  # the last: it comes from a query of its own

    @property
    def soon_at(self) -> datetime | None:
        """From when on its deadline is near."""
        return soon_at(self.due_at, self.target_seconds or 0) if self.due_at is not None else None

    def clock_at(self, now: datetime) -> ClockState:
        """Tell how its clock stands."""
        return state_of(self.due_at, self.target_seconds, now, is_paused=self.is_paused)


@dataclass(frozen=True)
class EarlierView:
    """A person's other conversation, as a line; empty text when its newest inbound message is gone."""

    conversation_id: int
    last_message_at: datetime
    kind: str
    is_private: bool
    inbound_text: str  # as in the row of a list


@dataclass(frozen=True)
class VersionView:
    """An earlier wording."""

    number: int
    text: str
    seen_at: datetime


@dataclass(frozen=True)
class PictureView:
    """An attachment; the picture itself is at /media/<id>, where the platform gives one (`has_file`)."""

    media_id: int
    kind: str
    alt: str
    width: int | None
    height: int | None
    has_preview: bool
    has_file: bool = True


@dataclass(frozen=True)
class MessageView:
    """A message in its thread. Gone: no text, marks, versions or pictures, a tombstone alone."""

    id: int
    at: datetime  # clock_at
    direction: str
    audience: str
    conversation_id: int | None
    contact_id: int | None
    author_name: str  # contact's name; ours: the member's, else the channel's
    author_handle: str
    avatar_media_id: int | None
    is_of_this_person: bool
    text: str
    marks: tuple[dict[str, Any], ...] = field(hash=False)  # compared, but a dict has no hash
    seq: int | None
    external_id: str | None
    permalink: str | None
    awaits: bool
    awaits_reason: str | None
    settled: str | None
    answered_by_message_id: int | None
    excused_by_name: str | None
    excused_why: str | None
    is_native: bool
    is_automatic: bool
    edited_at: datetime | None
    is_edited_after_answer: bool
    is_gone: bool
    gone_at: datetime | None
    gone_reason: str | None
    is_not_visible: bool
    liked_at: datetime | None
    sibling_of_id: int | None
    versions: tuple[VersionView, ...] = ()
    pictures: tuple[PictureView, ...] = ()


@dataclass(frozen=True)
class NoteView:
    """A note; deleted ones have no text."""

    id: int
    at: datetime
    member_id: int
    member_name: str
    text: str
    is_deleted: bool


@dataclass(frozen=True)
class LineView:
    """A line of the system: who did what; `before` and `after` as recorded, names resolved in `names`."""

    id: int
    at: datetime
    kind: str
    member_id: int | None
    member_name: str | None
    message_id: int | None
    before: dict[str, Any]
    after: dict[str, Any]
    names: dict[str, str]  # "member:3", "team:1", "label:2" → name
    times: int = 1  # how often in a row, where many of a kind are shown as one


Entry = MessageView | NoteView | LineView


@dataclass(frozen=True)
class ThreadPage:
    """A part of a thread, oldest first. `before`/`after`: keys of the next parts, None where there is no more."""

    entries: tuple[Entry, ...]
    before: str | None
    after: str | None
    last_seq: int  # the newest seq on this screen: the composer's seen_seq when `after` is None
    newest_wording: int  # the newest edit of the thread that this screen shows, as conversations/edits.py numbers them
    asks_about_message_id: int | None
