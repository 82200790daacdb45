"""One thread looks at the tail and hands each open page what it may hear."""

import json
import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.database import read_only
from inbox.live.audience import Audience, read_admins, read_audience
from inbox.live.renderers import RenderedRow, find_places, render_rows
from inbox.live.tail import Change, Tail
from inbox.settings import Pace

log = structlog.get_logger()
LONGEST_BACKLOG = 200
LOOK_SECONDS = 1.0
# Of an alert, or of the engine, a page hears that it should look at its banners, nothing else.
_FOR_ALL = (kinds.ALERT_FOR_ALL, kinds.SWEEPS_CHANGED)
_OF_ALERTS = (kinds.ALERT_CHANGED, *_FOR_ALL)


@dataclass(eq=False)
class Subscriber:
    """An open page: whose it is, in which language, and what waits to be written to it."""

    member_id: int
    locale: str
    events: "queue.Queue[str]" = field(default_factory=lambda: queue.Queue(LONGEST_BACKLOG))
    has_overflowed: bool = False

    def put(self, text: str) -> None:
        """Add an event; a page that does not read is told to reload when it does."""
        try:
            self.events.put_nowait(text)
        except queue.Full:
            self.has_overflowed = True


@dataclass(frozen=True)
class Batch:
    """What changed at one look: the changes, each conversation's channel and side, and who may hear."""

    changes: Sequence[Change]
    places: Mapping[int, tuple[int, bool]]
    audience: Audience
    admins: frozenset[int] = frozenset()

    def heard_by(self, member_id: int) -> list[Change]:
        """Return the changes that the member may hear of."""
        return [change for change in self.changes if self._hears(member_id, change)]

    def _hears(self, member_id: int, change: Change) -> bool:
        if change.kind in _FOR_ALL or (change.kind == kinds.ALERT_CHANGED and member_id in self.admins):
            return True
        if change.conversation_id is not None:
            place = self.places.get(change.conversation_id)
            return place is not None and self.audience.hears(member_id, *place)
        return change.channel_id is not None and self.audience.hears(member_id, change.channel_id, False)


def read_batch(session: Session, changes: Sequence[Change]) -> Batch:
    """Find out where the changed conversations are, and who may hear of them."""
    wanted = {change.conversation_id for change in changes if change.conversation_id is not None}
    places = find_places(session, wanted)
    channel_ids = {channel_id for channel_id, _ in places.values()}
    channel_ids |= {change.channel_id for change in changes if change.channel_id is not None}
    has_alerts = any(change.kind == kinds.ALERT_CHANGED for change in changes)
    return Batch(
        changes, places, read_audience(session, channel_ids), read_admins(session) if has_alerts else frozenset()
    )


def as_data(heard: Sequence[Change], rows: Iterable[RenderedRow]) -> dict[str, Any]:
    """Return what a page is told: changed rows, conversations that are gone, channels that changed, if alerts did."""
    said: dict[int, list[str]] = {}
    for change in heard:
        if change.conversation_id is not None:
            said.setdefault(change.conversation_id, []).append(change.kind)
    shown = {row.conversation_id: row for row in rows}
    return {
        "rows": [
            {"id": number, "version": row.version, "html": row.html, "facts": dict(row.facts), "kinds": said[number]}
            for number, row in shown.items()
            if number in said
        ],
        "gone": sorted(number for number in said if number not in shown),
        "channels": sorted({c.channel_id for c in heard if _is_of_channel(c) and c.channel_id is not None}),
        "alerts": any(change.kind in _OF_ALERTS for change in heard),
    }


def _is_of_channel(change: Change) -> bool:
    return change.conversation_id is None and change.kind not in _OF_ALERTS


def as_event(heard: Sequence[Change], rows: Iterable[RenderedRow]) -> str:
    """Return one server-sent event `changes` whose id is the newest activity in it."""
    data = as_data(heard, rows)
    newest = max(change.id for change in heard)
    return f"id: {newest}\nevent: changes\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


class Hub:
    """Holds the open pages and the one thread that looks."""

    def __init__(self, make_session: Callable[[], Session], pace: Pace, in_locale: "InLocale") -> None:
        self._make_session = make_session
        self._in_locale = in_locale
        self._pace = pace
        self._lock = threading.Lock()
        self._subscribers: set[Subscriber] = set()
        self._look_now = threading.Event()
        self._is_over = threading.Event()
        self._tail = Tail(pace.stream_reread_seconds)
        self._thread = threading.Thread(target=self._run, name="tail", daemon=True)

    def start(self) -> None:
        """Begin to look at what happens from now on."""
        with read_only(), self._make_session() as session:
            self._tail.start(session)
        self._thread.start()

    def stop(self) -> None:
        """Stop looking, and wait for the thread."""
        self._is_over.set()
        self._look_now.set()
        self._thread.join(timeout=5)

    def look_now(self) -> None:
        """Look at once instead of at the next second."""
        self._look_now.set()

    def add(self, subscriber: Subscriber, cap: int) -> bool:
        """Let a page in; False above the cap."""
        with self._lock:
            if len(self._subscribers) >= cap:
                return False
            self._subscribers.add(subscriber)
            return True

    def remove(self, subscriber: Subscriber) -> None:
        """Let a page go."""
        with self._lock:
            self._subscribers.discard(subscriber)

    @property
    def count(self) -> int:
        """How many pages are open."""
        return len(self._subscribers)

    def _run(self) -> None:
        while not self._is_over.is_set():
            if self._look_now.wait(LOOK_SECONDS):
                self._look_now.clear()
                self._is_over.wait(self._pace.stream_gather_seconds)
            try:
                with read_only(), self._make_session() as session:
                    self._hand_out(session, self._tail.look(session))
            except SQLAlchemyError as error:  # the database is away: the next look finds what was missed
                log.warning("tail_failed", error=type(error).__name__)

    def _hand_out(self, session: Session, changes: Sequence[Change]) -> None:
        with self._lock:
            subscribers = list(self._subscribers)
        if not changes or not subscribers:
            return
        batch = read_batch(session, changes)
        rows: dict[str, Sequence[RenderedRow]] = {}
        for subscriber in subscribers:
            heard = batch.heard_by(subscriber.member_id)
            if not heard:
                continue
            if subscriber.locale not in rows:
                rows[subscriber.locale] = self._render(session, batch, subscriber.locale)
            subscriber.put(as_event(heard, rows[subscriber.locale]))

    def _render(self, session: Session, batch: Batch, locale: str) -> Sequence[RenderedRow]:
        with self._in_locale(locale):
            return render_rows(session, sorted(batch.places), locale)


InLocale = Callable[[str], Any]
