"""Tasks that send replies and look for those whose answer was lost (RULES D).

A reply is sent by one thread from claim to settling. A platform that hangs holds that thread and nothing else: the
task hands out what is due and ends. A child that is killed leaves leases, and the sweep makes what it held `unclear`.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from sqlalchemy.orm import Session

from inbox.channels.connections import connector_for
from inbox.database import db
from inbox.replies.look import claim_search, look_for
from inbox.replies.send import Sender, claim_one, claim_removal, remove_claimed, send_claimed
from inbox.replies.sweep import tidy
from inbox.settings import Settings
from workers.app import celery, flask_app
from workers.crew import Find, crew_of

Claimed = TypeVar("Claimed")

# Of each of two children: thirty channels that hang, each with as much as one may have out, leave some free; and all
# together read over no more connections than the client has.
SENT_AT_ONCE, LOOKED_AT_ONCE, DELETED_AT_ONCE = 64, 32, 4
SOFT_SECONDS, HARD_SECONDS = 30, 40


def sender() -> Sender:
    """Return what sending needs, for this process's database and settings; needs an application context."""
    settings: Settings = flask_app().config["RELEVO"]
    engine = db.engine
    return Sender(lambda: Session(engine), connector_for(settings, engine), settings.pace)


@celery.task(name="workers.sending.send_due", soft_time_limit=SOFT_SECONDS, time_limit=HARD_SECONDS)
def send_due() -> None:
    """Hand out what is due until nothing is; a reply is claimed only when a thread is free for it."""
    crew_of("send", SENT_AT_ONCE).work_off(_each(sender(), claim_one, send_claimed))


@celery.task(name="workers.sending.look_due", soft_time_limit=SOFT_SECONDS, time_limit=HARD_SECONDS)
def look_due() -> None:
    """Make lost sends unclear, let waiting drafts follow, hand out the looks that are due, and the deletions."""
    this = sender()
    tidy(this)
    crew_of("look", LOOKED_AT_ONCE).work_off(_each(this, claim_search, look_for))
    crew_of("delete", DELETED_AT_ONCE).work_off(_each(this, claim_removal, remove_claimed))


def _each(
    this: Sender, claim: Callable[[Sender], Claimed | None], carry_out: Callable[[Sender, Claimed], object]
) -> Find:
    """Return what claims one of a kind and says how it is carried out."""

    def find() -> Callable[[], object] | None:
        claimed = claim(this)
        return None if claimed is None else partial(carry_out, this, claimed)

    return find
