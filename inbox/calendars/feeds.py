"""A calendar's feed: its address, reading it through the guarded client, and what it says as a proposal."""

from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlsplit

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.calendars.icalendar import MOST_BYTES, read_closed_days
from inbox.calendars.models import Calendar, CalendarProposal, Source
from inbox.calendars.plan import Day
from inbox.calendars.proposals import propose
from inbox.calendars.public_holidays import YEARS_AHEAD
from inbox.calendars.queries import get_calendar
from inbox.errors import Invalid, RelevoError
from inbox.fetch import Fetcher
from inbox.security import Vault
from inbox.settings import Pace

LONGEST_ADDRESS = 2_000


@dataclass(frozen=True)
class Claim:
    """A feed whose turn it is, leased to whoever claimed it."""

    calendar_id: int
    sealed: bytes


@dataclass(frozen=True)
class Outcome:
    """What a feed said: its dates, or the code of what went wrong."""

    days: tuple[Day, ...] = ()
    trouble: str | None = None


def check_address(given: str) -> str:
    """Return a feed's address as it is asked for: webcal is https. Raises Invalid."""
    text = given.strip()
    if text.lower().startswith("webcal://"):
        text = f"https://{text[9:]}"
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or len(text) > LONGEST_ADDRESS or parts.scheme not in ("https", "http") or not text.isprintable():
        raise Invalid("feed_address")
    return text


def read_address(fetcher: Fetcher, address: str) -> tuple[Day, ...]:
    """Ask for a feed and return its closed days; no transaction may be open. Raises Invalid, FetchError."""
    answer = fetcher.read(address, headers={"accept": "text/calendar"}, timeout_seconds=10, most_bytes=MOST_BYTES)
    if answer.status != 200:
        raise Invalid("feed_answered", status=answer.status)
    return read_file(answer.body)


def read_file(body: bytes) -> tuple[Day, ...]:
    """Return the closed days of this year and the next two in an iCalendar file; raises Invalid."""
    year = clock.now().year
    return read_closed_days(body, date(year, 1, 1), date(year + YEARS_AHEAD, 12, 31))


def set_feed(
    session: Session,
    vault: Vault,
    calendar_id: int,
    address: str,
    days: tuple[Day, ...],
    *,
    by_member_id: int,
    pace: Pace,
) -> CalendarProposal | None:
    """Keep the address of a feed that has been read, and propose what it said."""
    calendar = get_calendar(session, calendar_id).calendar
    before = {"calendar_id": calendar_id, "feed": calendar.feed_host}
    calendar.feed_url = vault.seal(address.encode())
    calendar.feed_host = urlsplit(address).hostname
    _note(calendar, None, pace)
    after = {"calendar_id": calendar_id, "feed": calendar.feed_host}
    record(session, kinds.CALENDAR_CHANGED, member_id=by_member_id, before=before, after=after)
    return propose(session, calendar_id, Source.FEED, days)


def remove_feed(session: Session, calendar_id: int, *, by_member_id: int) -> None:
    """Forget a feed's address, and propose to drop its dates."""
    calendar = get_calendar(session, calendar_id).calendar
    before = {"calendar_id": calendar_id, "feed": calendar.feed_host}
    calendar.feed_url = calendar.feed_host = calendar.feed_due_at = calendar.feed_trouble = calendar.feed_read_at = None
    after = {"calendar_id": calendar_id, "feed": None}
    record(session, kinds.CALENDAR_CHANGED, member_id=by_member_id, before=before, after=after)
    propose(session, calendar_id, Source.FEED, ())


def list_due() -> Select[int]:
    """SQL: the calendars whose feed is to be read, the one that waits longest first."""
    due = Calendar.feed_due_at <= clock.now()
    return select(Calendar.id).where(due).order_by(Calendar.feed_due_at, Calendar.id)


def claim_due(session: Session, pace: Pace) -> Claim | None:
    """Lease the feed that is due longest; None if none is. The caller commits before it asks."""
    first = list_due().limit(1).with_for_update(skip_locked=True)
    due = first.cte("due").prefix_with("MATERIALIZED", dialect="postgresql")
    claimed = session.execute(
        update(Calendar)
        .where(Calendar.id.in_(select(due.c.id)))
        .values(feed_due_at=clock.now() + timedelta(seconds=pace.feed_lease_seconds))
        .returning(Calendar.id, Calendar.feed_url)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return None if claimed is None or claimed[1] is None else Claim(claimed[0], claimed[1])


def ask(fetcher: Fetcher, vault: Vault, claim: Claim) -> Outcome:
    """Read a claimed feed, whatever comes of it; no transaction may be open."""
    try:
        return Outcome(days=read_address(fetcher, vault.open(claim.sealed).decode()))
    except RelevoError as error:
        return Outcome(trouble=error.code)


def settle(session: Session, claim: Claim, outcome: Outcome, pace: Pace) -> None:
    """Note what a feed said, unless it has another address by now."""
    calendar = session.get(Calendar, claim.calendar_id, with_for_update=True)
    if calendar is None or calendar.feed_url != claim.sealed:
        return
    _note(calendar, outcome.trouble, pace)
    if outcome.trouble is None:
        propose(session, calendar.id, Source.FEED, outcome.days)


def rotate_addresses(session: Session, vault: Vault) -> int:
    """Seal every address with the first key; returns how many."""
    rows = session.scalars(select(Calendar).where(Calendar.feed_url.is_not(None)).with_for_update()).all()
    for row in rows:
        assert row.feed_url is not None
        row.feed_url = vault.rotate(row.feed_url)
    return len(rows)


def _note(calendar: Calendar, trouble: str | None, pace: Pace) -> None:
    now = clock.now()
    calendar.feed_trouble = trouble
    if trouble is None:
        calendar.feed_read_at = now
    wait = pace.feed_seconds if trouble is None else pace.feed_again_seconds
    calendar.feed_due_at = now + timedelta(seconds=wait)
