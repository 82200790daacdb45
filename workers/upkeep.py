"""Tasks that keep things in order: second looks, snoozed ones woken, what must be erased, silence noticed."""

import time
from collections.abc import Callable, Iterable

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.calendars import feeds, renewal
from inbox.calendars.models import Calendar
from inbox.channels import hours, states
from inbox.channels.alarms import IN_USE
from inbox.channels.models import Channel
from inbox.conversations import gone, snooze
from inbox.conversations.models import Conversation, Message, RawPayload, Status, Thread
from inbox.database import db, read_only
from inbox.fetch import shared
from inbox.intake import counting, join, own, quarantine, raw, recheck
from inbox.intake.models import Quarantined
from inbox.media.erase import list_stray_files, remove_files
from inbox.reports import days, months
from inbox.security import Vault
from inbox.settings import Settings
from workers.app import celery, flask_app
from workers.polling import SECONDS_AT_ONCE, reader

ROWS_AT_ONCE = 200


def _settings() -> Settings:
    settings: Settings = flask_app().config["RELEVO"]
    return settings


def _exists(query: Select[int]) -> bool:
    """Look without taking the write lock: most ticks find nothing due."""
    with read_only():
        found = db.session.scalar(query.limit(1)) is not None
        db.session.rollback()
    return found


@celery.task(name="workers.upkeep.recheck_due")
def recheck_due() -> None:
    """Look again at messages whose time has come, a channel at a time, until others have waited long enough."""
    this = reader()
    ends = time.monotonic() + SECONDS_AT_ONCE
    while time.monotonic() < ends and recheck.run(this.make_session, this.open_connection, this.pace):
        pass


@celery.task(name="workers.upkeep.wake_due")
def wake_due() -> None:
    """Open what was snoozed until now."""
    is_snoozed = Conversation.status == Status.SNOOZED
    if _exists(select(Conversation.id).where(Conversation.snoozed_until_at <= clock.now(), is_snoozed)):
        snooze.wake_due(db.session(), ROWS_AT_ONCE)
        db.session.commit()


@celery.task(name="workers.upkeep.turn_held_back")
def turn_held_back() -> None:
    """Show messages of ours as native answers that no delivery claimed in ten minutes."""
    if _exists(select(Message.id).where(Message.is_held_back, Message.look_at <= clock.now())):
        own.held_back_due(db.session(), pace=_settings().pace, limit=ROWS_AT_ONCE)
        db.session.commit()


@celery.task(name="workers.upkeep.join_missed")
def join_missed() -> None:
    """Join threads whose missing parent became known otherwise than by a page."""
    if not _exists(join.list_missed(ROWS_AT_ONCE).with_only_columns(Thread.id)):
        return
    join.join_missed(db.session(), ROWS_AT_ONCE)
    db.session.commit()


@celery.task(name="workers.upkeep.look_for_silence")
def look_for_silence() -> None:
    """Tell of channels that are silent beyond their habit, that fail for long, or whose token ends soon."""
    session, pace = db.session(), _settings().pace
    with read_only():
        used = session.scalars(select(Channel).where(Channel.state.in_(IN_USE)))
        ids = sorted(channel.id for channel in used if states.has_news(session, channel, pace))
        session.rollback()
    for channel_id in ids:
        states.watch(session, session.get_one(Channel, channel_id), pace)
        session.commit()


@celery.task(name="workers.upkeep.recount_due")
def recount_due() -> None:
    """Let what was history wait from when a lead said, a hundred conversations a transaction."""
    session, pace = db.session(), _settings().pace
    with read_only():
        ids = counting.list_due(session)
        session.rollback()
    ends = time.monotonic() + SECONDS_AT_ONCE
    for channel_id in ids:
        goes_on = True
        while goes_on and time.monotonic() < ends:
            goes_on = counting.recount(session, channel_id, pace)
            session.commit()


@celery.task(name="workers.upkeep.count_days")
def count_days() -> None:
    """Count the days of timers that are over, and those that changed since, then the months of these."""
    ends = time.monotonic() + SECONDS_AT_ONCE
    _count_each(lambda session: days.list_uncounted(session, clock.now()), days.count_day, ends)
    _count_each(months.list_unsummed, months.sum_month, ends)


def _count_each(
    list_all: Callable[[Session], Iterable[int]], count_one: Callable[[Session, int], None], ends: float
) -> None:
    """Count each in a transaction of its own, as long as there is time; nothing to count takes no write lock."""
    with read_only():
        numbers = list_all(db.session())
        db.session.rollback()
    for number in numbers:
        count_one(db.session(), number)
        db.session.commit()
        if time.monotonic() > ends:
            return


@celery.task(name="workers.upkeep.erase_due")
def erase_due() -> None:
    """Erase what was deleted a day ago, raw payloads past their time, and pictures that nothing shows."""
    session, settings = db.session(), _settings()
    if _exists(select(Message.id).where(Message.erase_due_at <= clock.now(), Message.erased_at.is_(None))):
        gone.erase_due(session, limit=ROWS_AT_ONCE)
        session.commit()
    if _exists(select(RawPayload.id).where(RawPayload.expires_at <= clock.now())):
        raw.drop_expired(session, ROWS_AT_ONCE)
        session.commit()
    if _exists(select(Quarantined.id).where(Quarantined.resolved_at.is_not(None))):
        quarantine.empty_resolved(session, pace=settings.pace, limit=ROWS_AT_ONCE)
        session.commit()
    if _exists(hours.list_old(clock.now(), settings.pace)):
        hours.drop_old(session, clock.now(), settings.pace)
        session.commit()
    with read_only():
        strays = list_stray_files(session, settings.media_dir)
        session.rollback()
    remove_files(settings.media_dir, strays)


@celery.task(name="workers.upkeep.read_feeds")
def read_feeds() -> None:
    """Read the calendars' feeds whose time has come, one after the other; what they change is proposed."""
    session, settings = db.session(), _settings()
    vault = Vault(settings.secret_keys, settings.read_secret_keys)
    ends = time.monotonic() + SECONDS_AT_ONCE
    while time.monotonic() < ends and _exists(feeds.list_due()):
        claim = feeds.claim_due(session, settings.pace)
        session.commit()
        if claim is None:
            return
        outcome = feeds.ask(shared(settings.local_services), vault, claim)
        feeds.settle(session, claim, outcome, settings.pace)
        session.commit()


@celery.task(name="workers.upkeep.propose_holidays")
def propose_holidays() -> None:
    """Propose the public holidays of the coming years where those known run out."""
    if _exists(select(Calendar.id).where(renewal.are_running_out())):
        renewal.propose_holidays(db.session())
        db.session.commit()
