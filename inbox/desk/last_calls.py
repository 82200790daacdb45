"""The line above every page that tells, before a desk closes, what falls due until its next shift."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Blueprint, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from inbox import clock
from inbox.conversations import last_calls
from inbox.conversations.last_call_words import Call, sentence, until_at
from inbox.conversations.queries import View
from inbox.database import db
from inbox.errors import Invalid
from inbox.languages import language
from inbox.members import doors
from inbox.members.forms import safe_next
from inbox.members.models import Member
from inbox.numbers import read_number
from inbox.oncall.shifts import Closing

blueprint = Blueprint("last_calls", __name__)


@dataclass(frozen=True)
class LastCallShown:
    """What falls due before somebody is at the desk again, and the list of it."""

    id: int
    sentence: str
    url: str


def show_last_call(session: Session, member: Member) -> LastCallShown | None:
    """Return the line above a member's pages; None where there is nothing to say."""
    found = last_calls.find_call(session, member.id)
    if found is None:
        return None
    row, count = found
    closing = Closing(row.ends_at, row.next_begins_at)
    said = sentence(Call("", count, closing, member.time_zone, clock.now()), language())
    url = url_for("desk.queue", view=View.DUE_TODAY.value, until=until_at(closing).isoformat())
    return LastCallShown(row.id, said, url)


@blueprint.post("/last-call/dismiss")
@doors.members
def dismiss() -> Response:
    """Put the line away; where it came from is shown again."""
    last_call_id = read_number(request.form.get("last_call_id"))
    if last_call_id is None:
        raise Invalid("last_call_missing")
    last_calls.dismiss(db.session(), doors.current_member().id, last_call_id)
    db.session.commit()
    came_from = urlsplit(request.referrer or "")
    return redirect(safe_next(f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path), 303)
