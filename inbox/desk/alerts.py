"""The pages of alerts: what is open, what was, each one's log; taking one, in the browser or by a link."""

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from inbox import clock
from inbox.alerts import links
from inbox.alerts.access import MOST_SHOWN, access_alert, list_closed, list_open
from inbox.alerts.acknowledge import BY_PAGE, acknowledge
from inbox.alerts.models import OF_CHANNELS, TOLD_ONCE, Alert, AlertKind
from inbox.database import db
from inbox.desk.alert_pages import list_waiters, show_alerts, show_log
from inbox.desk.shell import say
from inbox.errors import Conflict
from inbox.escalation import trial
from inbox.escalation.access import may_read
from inbox.languages import speak_to, zone
from inbox.members import doors
from inbox.members.forms import safe_next
from inbox.numbers import read_number
from inbox.sentences import sentence_of
from inbox.settings import Settings

blueprint = Blueprint("alerts", __name__)
Answer = str | Response | tuple[str, int]


@blueprint.get("/alerts")
@doors.members
def index() -> Answer:
    """Show the alerts that are open and those that are over, as far as the member may know of them."""
    member, session = doors.current_member(), db.session()
    before = read_number(request.args.get("before"))
    known = [one.alert for one in list_open(session, member) if one.is_known] if before is None else []
    closed = list_closed(session, member, before)
    return render_template(
        "alerts/index.html",
        open_alerts=show_alerts(session, known),
        closed=show_alerts(session, closed),
        earlier=closed[-1].id if len(closed) == MOST_SHOWN else None,
        is_first=before is None,
        sees_escalation=may_read(session, member),
    )


@blueprint.get("/alerts/<int:alert_id>")
@doors.members
def show(alert_id: int) -> Answer:
    """Show one alert: who waits, who was told, when, by what, and what they answered."""
    member, session = doors.current_member(), db.session()
    alert = access_alert(session, member, alert_id)
    (shown,) = show_alerts(session, [alert])
    return render_template(
        "alerts/show.html",
        alert=shown,
        waiters=list_waiters(session, alert, member),
        channel_url=_channel_url(alert),
        events=show_log(session, alert),
        is_played=trial.is_played(session, alert),
        is_engine=alert.kind == AlertKind.ENGINE,
    )


@blueprint.post("/alerts/<int:alert_id>/try")
@doors.members
def try_it(alert_id: int) -> Answer:
    """Tell the member alone of an alert of the sandbox, by all that reaches them, as if it were real."""
    member, session = doors.current_member(), db.session()
    alert = access_alert(session, member, alert_id)
    try:
        trial.try_on(session, alert, member, now=clock.now(), pace=_settings().pace)
        session.commit()
        say(_("It is on its way to you alone. Its link takes the alert."))
    except Conflict as error:
        session.rollback()
        say(sentence_of(error), is_bad=True)
    return redirect(url_for("alerts.show", alert_id=alert_id), 303)


@blueprint.post("/alerts/<int:alert_id>/acknowledge")
@doors.members
def take(alert_id: int) -> Answer:
    """Take an alert: its steps stop for half an hour."""
    member, session = doors.current_member(), db.session()
    is_warning = access_alert(session, member, alert_id).kind in TOLD_ONCE
    try:
        acknowledge(session, alert_id, member.id, by=BY_PAGE, now=clock.now(), pace=_settings().pace)
        session.commit()
        goes_on = _("You have it. If people still wait in half an hour, the steps go on.")
        say(_("You have it.") if is_warning else goes_on)
    except Conflict as error:
        session.rollback()
        say(sentence_of(error), is_bad=True)
    back = request.form.get("back")
    return redirect(safe_next(back) if back else url_for("alerts.show", alert_id=alert_id), 303)


@blueprint.get("/a/<token>")
@doors.everyone
def link(token: str) -> Answer:
    """Show what a link would take; looking takes nothing, whoever or whatever looks."""
    opened = links.open_link(db.session(), token, clock.now())
    speak_to(opened.member)
    (shown,) = show_alerts(db.session(), [opened.alert])
    return render_template(
        "alerts/link.html",
        alert=shown,
        name=opened.member.name,
        zone=zone(),
        is_once=opened.alert.kind in TOLD_ONCE,
        token=token,
    )


@blueprint.post("/a/<token>")
@doors.everyone
def take_by_link(token: str) -> Answer:
    """Take the alert as the link's member; nobody is signed in by it."""
    session = db.session()
    speak_to(links.open_link(session, token, clock.now()).member)
    try:
        alert = links.take_by_link(session, token, now=clock.now(), pace=_settings().pace)
        session.commit()
    except Conflict as error:
        session.rollback()
        return render_template("alerts/taken.html", error=sentence_of(error)), error.status
    (shown,) = show_alerts(session, [alert])
    return render_template("alerts/taken.html", alert=shown, is_once=alert.kind in TOLD_ONCE)


def _channel_url(alert: Alert) -> str | None:
    """Return where what an alert of a channel is about can be mended."""
    is_of_channel = alert.kind in OF_CHANNELS and alert.channel_id is not None
    return url_for("channels.show", channel_id=alert.channel_id) if is_of_channel else None


def _settings() -> Settings:
    settings: Settings = current_app.config["RELEVO"]
    return settings
