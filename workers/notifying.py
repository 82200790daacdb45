"""Tasks that tell members something, and ask providers what became of it (RULES D8, F).

As with replies a letter has one thread from claim to settling; a provider that hangs holds that thread alone.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from sqlalchemy.orm import Session

from inbox.database import db
from inbox.notifications import send
from inbox.notifications.send import SENDERS, Post
from inbox.settings import Settings
from workers.app import celery, flask_app
from workers.crew import Find, crew_of

Claimed = TypeVar("Claimed")

SENT_AT_ONCE, LOOKED_AT_ONCE = 16, 4
SOFT_SECONDS, HARD_SECONDS = 30, 40


def post() -> Post:
    """Return what sending needs, for this process's database and settings; needs an application context."""
    settings: Settings = flask_app().config["RELEVO"]
    engine = db.engine
    return Post(lambda: Session(engine), settings, SENDERS)


@celery.task(name="workers.notifying.notify_due", soft_time_limit=SOFT_SECONDS, time_limit=HARD_SECONDS)
def notify_due() -> None:
    """Hand out what is due until nothing is; a letter is claimed only when a thread is free for it."""
    crew_of("notify", SENT_AT_ONCE).work_off(_each(post(), send.claim_one, send.send_claimed))


@celery.task(name="workers.notifying.trace_due", soft_time_limit=SOFT_SECONDS, time_limit=HARD_SECONDS)
def trace_due() -> None:
    """Queue lost letters again, and ask what became of those whose provider says so later."""
    this = post()
    send.tidy(this)
    crew_of("fate", LOOKED_AT_ONCE).work_off(_each(this, send.claim_look, send.look_claimed))


def _each(this: Post, claim: Callable[[Post], Claimed | None], carry_out: Callable[[Post, Claimed], object]) -> Find:
    """Return what claims one of a kind and says how it is carried out.

    Both need an application context: for words, and for the keys of what a result has us tell the member.
    """

    def find() -> Callable[[], object] | None:
        with flask_app().app_context():
            claimed = claim(this)
        return None if claimed is None else partial(_in_context, carry_out, this, claimed)

    return find


def _in_context(carry_out: Callable[[Post, Claimed], object], this: Post, claimed: Claimed) -> None:
    with flask_app().app_context():
        carry_out(this, claimed)
