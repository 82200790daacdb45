"""Looks whether the engine stands still, and tells the last resort by itself: no worker may be there to do it.

What it told stands in its row of `watch_lease`, so that whoever watches next goes on with it. Without a database it
goes on with what it remembers, and every process that serves pages then tells for itself: better twice than not.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.database import read_only
from inbox.fetch import shared
from inbox.languages import LOCALES
from inbox.notifications.contract import Letter, NotDelivered, Wire
from inbox.notifications.last_resort import languages_of
from inbox.notifications.send import send_to_last_resort
from inbox.outbox.transactions import MakeSession, commit
from inbox.settings import Settings
from inbox.watch import alarm, leases, letters
from inbox.watch.judging import Finding
from inbox.watch.models import WatchLease
from inbox.watch.queries import WATCHER, find_watch
from inbox.watch.told import Told
from inbox.watch.watch import Watch

log = structlog.get_logger()

LEASE_SECONDS = 60.0
DATABASE_AWAY_SECONDS = 45.0
# What comes and goes is not called well: the last resort would hear of each turn.
WELL_SECONDS = 30.0
TRY_AGAIN_SECONDS = 60.0


class Watcher:
    """One process's; `look` is called every few seconds by one thread."""

    def __init__(self, watch: Watch, make_session: MakeSession, settings: Settings) -> None:
        self._watch, self._make_session, self._settings = watch, make_session, settings
        self._told = Told()
        self._is_unwritten = False
        self._well_since: datetime | None = None
        self._away_since: datetime | None = None  # the database
        self._tried_at: datetime | None = None
        self._languages: Sequence[str] = LOCALES  # of the last resort, as the database said last
        self._alarm: str | None = None  # of which part the open alert is

    def look(self) -> None:
        """Look once, and tell what has to be told."""
        now = clock.now()
        try:
            found, row = self._read()
        except SQLAlchemyError as error:
            log.warning("watch_without_database", error=type(error).__name__)
            self._look_without_database(now)
            return
        self._away_since = None
        if not self._is_ours(row, now):
            self._told, self._is_unwritten = Told(), False  # the other one knows
            return
        if row is not None and not self._is_unwritten:
            self._told = Told(row.noticed_at, row.told_at, row.failure)
        self._act(found, now)

    def _read(self) -> tuple[Finding, WatchLease | None]:
        with read_only(), self._make_session() as session:
            found, row = self._watch.look(session), find_watch(session)
            if self._settings.last_resort_url:
                self._languages = languages_of(session, self._settings.last_resort_url)
            self._alarm = alarm.find_about(session)
            session.expunge_all()
        return found, row

    def _is_ours(self, row: WatchLease | None, now: datetime) -> bool:
        """Tell whether this process watches, and take or renew the lease where that is due."""
        holder = self._watch.holder
        if not leases.is_free(row, holder, now, LEASE_SECONDS):
            return row is not None and row.holder == holder
        try:
            return commit(self._make_session, lambda session: leases.take(session, WATCHER, holder, now, LEASE_SECONDS))
        except SQLAlchemyError as error:  # nobody can write now: who sees it says so
            log.warning("watch_unwritten", error=type(error).__name__)
            return True

    def _act(self, found: Finding, now: datetime) -> None:
        if not found.is_judged:
            return
        if not found.is_well:
            self._well_since = None
            self._notice(now)
            try:  # first of all; and whichever of the two breaks, the other one is told
                self._tell(lambda: letters.stopped(self._settings, found, self._told, now, self._languages), now)
            finally:
                self._alert(found)
        elif self._told.noticed_at is not None or self._alarm is not None:
            self._well_since = self._well_since or now
            if now - self._well_since >= timedelta(seconds=WELL_SECONDS):
                self._end_alert()
                self._say_well(self._well_since, now)
        elif self._is_unwritten:
            self._write(self._told)

    def _alert(self, found: Finding) -> None:
        """Have an alert of it told by its steps; where those stand still themselves, take and tell them here."""
        try:
            if self._alarm != found.part:
                commit(self._make_session, lambda session: alarm.raise_alarm(session, found))
                self._alarm = found.part
            if alarm.is_untold(found):
                alarm.tell(self._make_session, self._settings)
        except Exception as error:  # a full disk, a row that can't be read: the watch goes on; its text may be secret
            log.error("alarm_broke", error=type(error).__name__)

    def _end_alert(self) -> None:
        if self._alarm is None:
            return
        try:
            commit(self._make_session, alarm.end_alarm)
            self._alarm = None
        except Exception as error:  # all is well again, and the last resort is told so
            log.error("alarm_broke", error=type(error).__name__)

    def _look_without_database(self, now: datetime) -> None:
        self._well_since = None
        self._away_since = self._away_since or now
        if now - self._away_since < timedelta(seconds=DATABASE_AWAY_SECONDS):
            return
        away_since = self._away_since
        if self._told.noticed_at is None:
            self._told, self._is_unwritten = Told(away_since), True
        self._tell(lambda: letters.no_database(self._settings, away_since, self._told, now, self._languages), now)

    def _notice(self, now: datetime) -> None:
        """Write down that something stands still, and let open pages know at once."""
        if self._told.noticed_at is None or self._is_unwritten:
            is_new = self._told.noticed_at is None
            self._write(replace(self._told, noticed_at=self._told.noticed_at or now), is_turn=is_new)

    def _tell(self, make: Callable[[], Letter], now: datetime) -> None:
        """Tell the last resort, once for each stop and again every hour; what failed is tried again every minute."""
        told_at = self._told.told_at
        if told_at is not None and now - told_at < timedelta(seconds=self._settings.pace.watch_again_seconds):
            return
        if self._send(make(), now):
            self._write(replace(self._told, told_at=now, failure=None))

    def _say_well(self, well_since: datetime, now: datetime) -> None:
        """Say that it is over to whom was told of it; after an hour without success nobody is told any more."""
        if self._told.noticed_at is None:
            return
        is_nobodys = self._told.told_at is None or now - well_since > timedelta(hours=1)
        if is_nobodys or self._send(letters.well(self._settings, self._told, now, self._languages), now):
            self._write(Told(), is_turn=True)

    def _send(self, letter: Letter, now: datetime) -> bool:
        """Send a letter; False where it may not have arrived, or none was due to be tried."""
        url = self._settings.last_resort_url
        if not url:
            return False
        if self._tried_at is not None and now - self._tried_at < timedelta(seconds=TRY_AGAIN_SECONDS):
            return False
        wire = Wire(shared(self._settings.local_services), self._settings)
        try:
            send_to_last_resort(wire, url, letter)
        except NotDelivered as error:
            self._tried_at = now
            log.error("last_resort_not_told", code=error.code, subject=letter.subject)
            self._write(replace(self._told, failure=error.code))
            return False
        self._tried_at = None
        log.warning("last_resort_told", subject=letter.subject)
        return True

    def _write(self, told: Told, *, is_turn: bool = False) -> None:
        """Keep what was told, in the row too where the database can; `is_turn`: open pages hear of it."""
        self._told = told

        def keep(session: Session) -> None:
            row = session.get(WatchLease, WATCHER, with_for_update=True)
            if row is not None:
                row.noticed_at, row.told_at, row.failure = told.noticed_at, told.told_at, told.failure
            if is_turn:
                record(session, kinds.SWEEPS_CHANGED)

        try:
            commit(self._make_session, keep)
            self._is_unwritten = False
        except SQLAlchemyError as error:
            self._is_unwritten = True
            log.warning("watch_unwritten", error=type(error).__name__)
