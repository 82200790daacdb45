"""Calendars: the list, the form with its preview, feeds, and what is proposed; for admins and leads."""

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from inbox.calendars import feeds, proposals, queries, renewal, versions
from inbox.calendars.archive import restore_calendar
from inbox.calendars.hours import CLOSED, Period
from inbox.calendars.icalendar import MOST_BYTES
from inbox.calendars.models import Source
from inbox.calendars.plan import Plan, read_plan
from inbox.database import db
from inbox.desk import calendar_forms, calendar_words
from inbox.desk.calendar_page import render
from inbox.desk.shell import say
from inbox.errors import Conflict, Invalid, NotFound, RelevoError
from inbox.fetch import shared
from inbox.languages import gettext as _
from inbox.members import doors, forms
from inbox.members.access import sets_policies
from inbox.members.models import Member
from inbox.security import Vault
from inbox.settings import Settings
from inbox.sla.calendars import put_away

blueprint = Blueprint("calendars", __name__)
Answer = str | Response | tuple[str, int]
OFFICE = (Period(540, 1080),)


@blueprint.get("/calendars")
@doors.members
def index() -> Answer:
    """List the calendars, each with its week and what comes next."""
    _enter()
    waiting = proposals.list_waiting(db.session())
    every = queries.list_calendars(db.session(), with_archived=True)
    shown = [
        (one.calendar, read_plan(one.version.plan), one.calendar.id in waiting)
        for one in every
        if one.calendar.archived_at is None
    ]
    archived = [one.calendar for one in every if one.calendar.archived_at is not None]
    return render_template("calendars/index.html", calendars=shown, archived=archived, words=calendar_words)


@blueprint.get("/calendars/new")
@doors.members
def new() -> Answer:
    """Show the form of a calendar that is to be made: an office's week in the member's zone."""
    member = _enter()
    plan = Plan(member.time_zone, (*(OFFICE,) * 5, CLOSED, CLOSED))
    return render(None, plan, calendar_forms.of_plan("", plan))


@blueprint.post("/calendars/new")
@doors.members
def make() -> Answer:
    """Make a calendar, or show what the form would do."""
    member, typed = _enter(), calendar_forms.of_request()
    try:
        plan = calendar_forms.read_plan(typed, None)
        if _is_preview():
            return render(None, plan, typed)
        version = versions.make_calendar(db.session(), typed.name, plan, by_member_id=member.id)
    except RelevoError as error:
        db.session.rollback()
        return render(None, None, typed, error=error), error.status
    return _done(version.calendar_id, _("Saved. SLA policies can count by it now."))


@blueprint.get("/calendars/<int:calendar_id>")
@doors.members
def show(calendar_id: int) -> Answer:
    """Show a calendar's form, its preview, its feed and its history."""
    _enter()
    current = queries.get_calendar(db.session(), calendar_id)
    plan = read_plan(current.version.plan)
    return render(current, plan, calendar_forms.of_plan(current.calendar.name, plan))


@blueprint.post("/calendars/<int:calendar_id>")
@doors.members
def save(calendar_id: int) -> Answer:
    """Save a calendar's next version, or show what the form would do."""
    member, typed = _enter(), calendar_forms.of_request()
    old = queries.get_calendar(db.session(), calendar_id)
    try:
        plan = calendar_forms.read_plan(typed, read_plan(old.version.plan))
        if _is_preview():
            return render(old, plan, typed, seen=_seen_version())
        version = versions.save_calendar(
            db.session(), calendar_id, typed.name, plan, seen_version=_seen_version(), by_member_id=member.id
        )
    except RelevoError as error:
        db.session.rollback()
        return render(queries.get_calendar(db.session(), calendar_id), None, typed, error=error), error.status
    return _done(calendar_id, _("Saved as version %(number)s.", number=version.version))


@blueprint.post("/calendars/<int:calendar_id>/archive")
@doors.members
def archive(calendar_id: int) -> Answer:
    """Put a calendar away, unless a policy counts by it."""
    member = _enter()
    try:
        put_away(db.session(), calendar_id, by_member_id=member.id)
    except Conflict as error:
        db.session.rollback()
        return _show_error(calendar_id, error)
    db.session.commit()
    say(_("The calendar is archived."))
    return redirect(url_for("calendars.index"), 303)


@blueprint.post("/calendars/<int:calendar_id>/restore")
@doors.members
def restore(calendar_id: int) -> Answer:
    """Take a calendar up again."""
    restore_calendar(db.session(), calendar_id, by_member_id=_enter().id)
    return _done(calendar_id, _("The calendar can be chosen again."))


@blueprint.post("/calendars/<int:calendar_id>/feed")
@doors.members
def set_feed(calendar_id: int) -> Answer:
    """Read a feed and keep its address; what it says waits for a yes."""
    member = _enter()
    queries.get_calendar(db.session(), calendar_id)
    settings = _settings()
    db.session.rollback()  # nothing is held while the feed's server is asked
    try:
        address = feeds.check_address(request.form.get("address", ""))
        days = feeds.read_address(shared(settings.local_services), address)
        vault = Vault(settings.secret_keys, settings.read_secret_keys)
        found = feeds.set_feed(
            db.session(), vault, calendar_id, address, days, by_member_id=member.id, pace=settings.pace
        )
    except RelevoError as error:
        db.session.rollback()
        return _refused(calendar_id, error)
    return _done(calendar_id, _proposed(found is not None))


@blueprint.post("/calendars/<int:calendar_id>/feed/remove")
@doors.members
def remove_feed(calendar_id: int) -> Answer:
    """Forget a feed's address."""
    feeds.remove_feed(db.session(), calendar_id, by_member_id=_enter().id)
    return _done(calendar_id, _("The feed is forgotten. Whether its dates go too is yours to decide."))


@blueprint.post("/calendars/<int:calendar_id>/file")
@doors.members
def upload(calendar_id: int) -> Answer:
    """Read an iCalendar file; what it says waits for a yes."""
    _enter()
    queries.get_calendar(db.session(), calendar_id)
    try:
        given = request.files.get("file")
        if given is None or not given.filename:
            raise Invalid("feed_file_missing")
        days = feeds.read_file(given.stream.read(MOST_BYTES + 1))
        found = proposals.propose(db.session(), calendar_id, Source.FEED, days)
    except RelevoError as error:
        db.session.rollback()
        return _refused(calendar_id, error)
    return _done(calendar_id, _proposed(found is not None))


@blueprint.post("/calendars/<int:calendar_id>/proposals/<int:proposal_id>")
@doors.members
def decide(calendar_id: int, proposal_id: int) -> Answer:
    """Accept what is proposed as the next version, or decline it."""
    member = _enter()
    try:
        if request.form.get("decision") != "accept":
            proposals.decline(db.session(), calendar_id, proposal_id, by_member_id=member.id)
            return _done(calendar_id, _("Declined: the calendar stays as it is."))
        version = renewal.accept(
            db.session(), calendar_id, proposal_id, seen_version=_seen_version(), by_member_id=member.id
        )
    except NotFound:
        raise
    except RelevoError as error:
        db.session.rollback()
        return _refused(calendar_id, error)
    return _done(calendar_id, _("Accepted as version %(number)s.", number=version.version))


def _enter() -> Member:
    """Return who asks, if calendars are theirs to set; for others the page does not exist."""
    member = doors.current_member()
    if not sets_policies(db.session(), member):
        raise NotFound("not_found")
    return member


def _settings() -> Settings:
    settings: Settings = current_app.config["RELEVO"]
    return settings


def _is_preview() -> bool:
    return request.form.get("act") == "preview"


def _seen_version() -> int:
    return forms.whole_number("version")


def _proposed(is_new: bool) -> str:
    if is_new:
        return _("Read. Look at what would change, then accept or decline it.")
    return _("Read. It changes nothing that is still to come.")


def _done(calendar_id: int, said: str) -> Response:
    db.session.commit()
    say(said)
    return redirect(url_for("calendars.show", calendar_id=calendar_id), 303)


def _show_error(calendar_id: int, error: RelevoError) -> Answer:
    current = queries.get_calendar(db.session(), calendar_id)
    plan = read_plan(current.version.plan)
    return render(current, plan, calendar_forms.of_plan(current.calendar.name, plan), error=error), error.status


def _refused(calendar_id: int, error: RelevoError) -> Answer:
    current = queries.get_calendar(db.session(), calendar_id)
    plan = read_plan(current.version.plan)
    page = render(current, plan, calendar_forms.of_plan(current.calendar.name, plan), feed_error=error)
    return page, error.status if error.status < 500 else 400
