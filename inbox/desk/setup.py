"""The first questions: asked once, of the admin who comes first; at any time later an admin can answer them anew."""

from flask import Blueprint, current_app, redirect, render_template, url_for
from werkzeug.wrappers import Response

from inbox import clock
from inbox.calendars.queries import list_calendars
from inbox.database import db
from inbox.desk import first_answers
from inbox.desk.first_answers import Answers
from inbox.desk.shell import say
from inbox.errors import Conflict, RelevoError
from inbox.escalation.access import list_known_members
from inbox.languages import gettext as _
from inbox.members import doors, first, forms
from inbox.notifications.queries import list_reachable
from inbox.sentences import sentence_of
from inbox.settings import Settings

blueprint = Blueprint("setup", __name__)
Answer = str | Response | tuple[str, int]
_OTHERS_WERE_FIRST = ("sla_policy_changed", "escalation_changed")


@blueprint.get("/setup")
@doors.admins
def show() -> Answer:
    """Ask the three questions, answered as things stand."""
    return _page(_standing())


@blueprint.post("/setup")
@doors.admins
def answer() -> Answer:
    """Save the answers, or leave everything as it is."""
    session, member = db.session(), doors.current_member()
    if forms.text("act") == "skip":
        first.note_set_up(session, member.id, is_skipped=True)
        session.commit()
        return redirect(url_for("desk.home"), 303)
    given = first_answers.read_answers()
    try:
        first_answers.keep(session, member, given, clock.now())
        first.note_set_up(session, member.id, is_skipped=False)
        session.commit()
    except RelevoError as error:
        session.rollback()
        if error.code in _OTHERS_WERE_FIRST:
            return _page(_standing(), Conflict("answers_changed"))
        return _page(given, error)
    say(_("Saved. You can change this at any time from the page of SLA policies."))
    return redirect(url_for("desk.home"), 303)


def _standing() -> Answers:
    session = db.session()
    return first_answers.show_answers(session, doors.current_member(), first_answers.find_standing(session))


def _page(answers: Answers, error: RelevoError | None = None) -> Answer:
    session, member = db.session(), doors.current_member()
    settings: Settings = current_app.config["RELEVO"]
    people = list_known_members(session, member)
    page = render_template(
        "desk/setup.html",
        answers=answers,
        calendars=[one.calendar for one in list_calendars(session)],
        people=people,
        reachable=list_reachable(session, [one.id for one in people]),
        admins=[one.name for one in people if one.is_admin],
        is_first=not first.is_set_up(session),
        has_last_resort=bool(settings.last_resort_url),
        error=sentence_of(error) if error else None,
    )
    return (page, error.status) if error else page
