"""Tasks that send replies and look for those whose answer was lost (RULES D).

A reply is sent by one thread from claim to settling. A platform that hangs holds one thread for 20 s; the
others go on. A task that is killed leaves a lease, and the sweep makes what it held `unclear`.
"""

from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from sqlalchemy.orm import Session

from inbox.channels.connections import connector_for
from inbox.database import db
from inbox.replies.look import look_next
from inbox.replies.send import Sender, claim_one, delete_due_misplaced, send_claimed
from inbox.replies.sweep import sweep
from inbox.replies.waiting import queue_next_waiting
from inbox.settings import Settings
from workers.app import celery, flask_app

SENT_AT_ONCE = 8
SOFT_SECONDS, HARD_SECONDS = 30, 40


def sender() -> Sender:
    """Return what sending needs, for this process's database and settings; needs an application context."""
    settings: Settings = flask_app().config["RELEVO"]
    engine = db.engine
    return Sender(lambda: Session(engine), connector_for(settings, engine), settings.pace)


@celery.task(name="workers.sending.send_due", soft_time_limit=SOFT_SECONDS, time_limit=HARD_SECONDS)
def send_due() -> None:
    """Send what is due until nothing is; a reply is claimed only when a thread is free for it."""
    this = sender()
    running: set[Future[None]] = set()
    with ThreadPoolExecutor(max_workers=SENT_AT_ONCE) as pool:
        while claimed := claim_one(this):
            running.add(pool.submit(send_claimed, this, claimed))
            if len(running) >= SENT_AT_ONCE:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                _raise_first(done)
    _raise_first(running)


@celery.task(name="workers.sending.look_due", soft_time_limit=SOFT_SECONDS, time_limit=HARD_SECONDS)
def look_due() -> None:
    """Make lost sends unclear, look for unclear ones, delete misplaced ones, and let waiting drafts follow."""
    this = sender()
    sweep(this)
    while delete_due_misplaced(this):
        pass
    while look_next(this):
        pass
    while queue_next_waiting(this):
        pass


def _raise_first(done: Iterable[Future[None]]) -> None:
    """Let an error that no rule foresaw end the task, so that its log has it."""
    for future in done:
        future.result()
