"""A ping to RELEVO_HEARTBEAT_URL while all is well, so that somebody outside notices when it stays away."""

import structlog
from sqlalchemy.orm import Session

from inbox import clock, disk
from inbox.database import read_only
from inbox.fetch import FetchError, shared
from inbox.outbox.transactions import MakeSession, commit
from inbox.settings import Settings
from inbox.watch import leases
from inbox.watch.models import WatchLease
from inbox.watch.queries import find_stopped

log = structlog.get_logger()
HEARTBEAT = "heartbeat"
CALL_SECONDS = 10.0
_MOST_BYTES = 64 * 1024


def claim_ping(make_session: MakeSession, settings: Settings, holder: str) -> bool:
    """Tell whether a ping is due and all is well, and claim the minute; takes no write lock otherwise."""
    if not settings.heartbeat_url or disk.is_noted(settings):
        return False
    now, seconds = clock.now(), settings.pace.heartbeat_seconds
    with read_only(), make_session() as session:
        row = session.get(WatchLease, HEARTBEAT)
        if row is not None and not leases.is_over(row, now, seconds):
            return False
        if not find_stopped(session, now).is_well:
            return False

    def claim(session: Session) -> bool:
        return leases.take(session, HEARTBEAT, holder, now, seconds)

    return commit(make_session, claim)


def ping(settings: Settings) -> bool:
    """Ping once; False where the other side did not say that it took it. Its path may be a secret."""
    fetcher = shared(settings.local_services)
    try:
        answer = fetcher.write(
            settings.heartbeat_url or "",
            method="GET",
            timeout_seconds=CALL_SECONDS,
            most_bytes=_MOST_BYTES,
            is_path_secret=True,
        )
    except FetchError as error:
        log.warning("heartbeat_not_taken", code=error.code)
        return False
    if not 200 <= answer.status < 300:
        log.warning("heartbeat_not_taken", code=f"http_{answer.status}")
        return False
    return True
