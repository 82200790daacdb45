"""The way of one notification: claimed, sent once by its kind's sender, written down (RULES D8).

No transaction is open while the network is used. A lost answer is never the end: it is sent again and says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from inbox import clock
from inbox.database import read_only
from inbox.fetch import shared
from inbox.notifications import calls, gone, settle
from inbox.notifications.claim import LAST_RESORT, Job, claim_job
from inbox.notifications.contract import Fate, Letter, Looker, NotDelivered, Receipt, Sender, Wire
from inbox.notifications.models import Notification, NotificationMethod
from inbox.notifications.senders import browser, mail, ntfy, others, pagerduty, phone, slack, telegram, webhook
from inbox.outbox import claim
from inbox.outbox.transactions import MakeSession, commit
from inbox.settings import Settings

log = structlog.get_logger()

SENDERS: Mapping[str, Sender] = {
    sender.kind: sender
    for sender in (
        browser.Browser(),
        mail.Mail(),
        telegram.Telegram(),
        slack.Slack(),
        ntfy.Ntfy(),
        phone.Sms(),
        phone.Voice(),
        pagerduty.PagerDuty(),
        webhook.Webhook(),
        others.Others(),
    )
}


@dataclass(frozen=True)
class Post:
    """What sending needs: sessions of its own, the senders, and what the installation is told."""

    make_session: MakeSession
    settings: Settings
    senders: Mapping[str, Sender]

    @property
    def wire(self) -> Wire:
        """What senders use."""
        return Wire(shared(self.settings.local_services), self.settings)


@dataclass(frozen=True)
class Look:
    """A letter whose fate is asked for."""

    notification_id: int
    kind: str
    external_id: str


def claim_one(post: Post, which: ColumnElement[bool] | None = None) -> Job | None:
    """Claim the next letter and commit; takes no write lock when nothing is due. Needs an application context.

    `which`, a condition on Notification, narrows what is meant.
    """
    with read_only(), post.make_session() as session:
        if not claim.has_due(session, claim.NOTIFICATION):
            return None
    return commit(post.make_session, lambda session: claim_job(session, post.settings, which))


def send_claimed(post: Post, job: Job) -> None:
    """Send a claimed letter and write down what came of it. Needs an application context: a method may end by it."""
    pace = post.settings.pace
    try:
        receipt = _send(post, job)
    except NotDelivered as error:
        failed = error
    except Exception as error:  # an error of ours: nobody knows how far it came, and its text may hold an address
        log.error("notification_broke", delivery_id=job.claim.delivery_id, kind=job.kind, error=type(error).__name__)
        failed = NotDelivered("broken", is_sure=False)
    else:
        commit(
            post.make_session,
            lambda session: settle.write_sent(session, job.notification_id, job.claim.token, receipt, pace),
        )
        log.info("notification_sent", delivery_id=job.claim.delivery_id, kind=job.kind)
        return
    log.info("notification_not_sent", delivery_id=job.claim.delivery_id, kind=job.kind, code=failed.code)
    commit(
        post.make_session,
        lambda session: settle.write_failure(session, job.notification_id, job.claim, failed, pace),
    )


def send_to_last_resort(wire: Wire, url: str, letter: Letter) -> Receipt:
    """Send a letter to RELEVO_LAST_RESORT_URL: `mailto:` through the installation's server, else a POST of JSON.

    Needs no database: who finds the workers or the database gone calls it directly. Raises NotDelivered.
    """
    if url.startswith("mailto:"):
        return mail.Mail().send(wire, {"email": url.removeprefix("mailto:").partition("?")[0]}, letter)
    answer = calls.post_json(wire, url, webhook.as_json(letter))
    return Receipt(letter.key, str(answer.status))


def claim_look(post: Post) -> Look | None:
    """Claim a letter of which the provider says only later what became of it, and commit."""
    with read_only(), post.make_session() as session:
        if not settle.has_look_due(session):
            return None
    return commit(post.make_session, lambda session: _claim_look(session, post))


def look_claimed(post: Post, look: Look) -> None:
    """Ask for a letter's fate and write it down; what can't be asked now is asked again at its next look."""
    sender = post.senders.get(look.kind)
    try:
        fate, word = sender.look(post.wire, look.external_id) if isinstance(sender, Looker) else (Fate.ARRIVED, "")
    except NotDelivered as error:
        log.info("notification_not_found", notification_id=look.notification_id, code=error.code)
        fate, word = Fate.WAITING, error.code
    commit(post.make_session, lambda session: _write_fate(session, post, look, fate, word))


def tidy(post: Post) -> None:
    """Queue again what lost workers held and whose answers were lost; end what members signed out of."""
    with read_only(), post.make_session() as session:
        has_signed_out = gone.has_signed_out(session, post.settings.pace)
    if has_signed_out:
        commit(post.make_session, lambda session: gone.end_signed_out(session, post.settings.pace))
    with read_only(), post.make_session() as session:
        if not (claim.has_lost(session, claim.NOTIFICATION) or claim.has_unclear_notification(session)):
            return
    commit(post.make_session, lambda session: settle.tidy(session, post.settings.pace))


def _send(post: Post, job: Job) -> Receipt:
    if job.claim.lease_until_at - clock.now() < timedelta(seconds=post.settings.pace.send_lease_left_seconds):
        raise NotDelivered("lease_too_short", is_sure=True)
    if job.kind == LAST_RESORT:
        return send_to_last_resort(post.wire, job.address["url"], job.letter)
    sender = post.senders.get(job.kind)
    if sender is None:
        raise NotDelivered("kind_unknown", is_sure=True, is_final=True)
    return sender.send(post.wire, job.address, job.letter)


def _claim_look(session: Session, post: Post) -> Look | None:
    row = settle.claim_look(session, post.settings.pace)
    if row is None or row.method_id is None or row.external_id is None:
        return None
    method = session.get_one(NotificationMethod, row.method_id)
    return Look(row.id, method.kind, row.external_id)


def _write_fate(session: Session, post: Post, look: Look, fate: Fate, word: str) -> None:
    row = session.get_one(Notification, look.notification_id, with_for_update=True)
    settle.write_fate(session, row, fate, word, post.settings.pace)
