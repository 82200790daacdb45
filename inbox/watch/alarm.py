"""The alert that the engine stands still: told by steps as any other, by the pages' process where no worker is left.

The last resort is told by the watcher besides, whoever is reached (decision 0031).
"""

from functools import partial

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts import log
from inbox.alerts.models import Alert, AlertKind, AlertState
from inbox.alerts.raising import close_open, raise_
from inbox.database import read_only
from inbox.escalation.advance import advance, claim_due, has_due
from inbox.notifications import send
from inbox.notifications.models import Notification
from inbox.outbox.transactions import MakeSession, commit
from inbox.settings import Settings
from inbox.watch.judging import Finding, Part

# Each may take ten seconds, and the watcher's lease is a minute.
MOST_LETTERS = 3
_TELLERS = frozenset({"workers.alerting.advance_due", "workers.notifying.notify_due"})
_KIND = AlertKind.ENGINE.value


def find_about(session: Session) -> str | None:
    """Return of which part the open alarm is, None where there is none."""
    query = select(Alert.about).where(Alert.kind == _KIND, Alert.state != AlertState.CLOSED.value)
    return session.scalar(query.limit(1))


def raise_alarm(session: Session, found: Finding) -> None:
    """Raise the alarm, or let the one that is open be of another part; what tells and reads wakes people."""
    part = found.part or Part.SOME
    alert = raise_(
        session,
        kind=_KIND,
        channel_id=None,
        escalation_policy_id=None,
        timer_id=None,
        due_at=None,
        is_urgent=part is not Part.SOME,
        now=clock.now(),
    )
    if alert.about != part.value:
        alert.about = part.value
        log.announce(session, alert)


def end_alarm(session: Session) -> None:
    """Close the alarm, if one is open."""
    close_open(session, kind=_KIND, channel_id=None, now=clock.now(), why="mended")


def is_untold(found: Finding) -> bool:
    """Tell whether what stands still is what tells of alerts."""
    return found.part in (Part.EVERYTHING, Part.SENDING) or any(one.name in _TELLERS for one in found.stopped)


def tell(make_session: MakeSession, settings: Settings) -> int:
    """Give the alarm its turn, and send a few of its letters; returns how many. Needs an application context."""
    post = send.Post(make_session, settings, send.SENDERS)
    _take_turn(make_session, settings, Alert.kind == _KIND)
    send.tidy(post)
    count, which = 0, Notification.alert_id.in_(select(Alert.id).where(Alert.kind == _KIND))
    while count < MOST_LETTERS and (job := send.claim_one(post, which)) is not None:
        send.send_claimed(post, job)
        count += 1
    return count


def _take_turn(make_session: MakeSession, settings: Settings, which: ColumnElement[bool]) -> None:
    with read_only(), make_session() as session:
        if not has_due(session, clock.now(), which):
            return
    pace = settings.pace
    for claim in commit(make_session, lambda session: claim_due(session, clock.now(), pace, 1, which)):
        commit(make_session, partial(advance, claim=claim, now=clock.now(), pace=pace))
