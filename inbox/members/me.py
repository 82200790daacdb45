"""A member's own page: settings, address, and the devices where they are signed in."""

from zoneinfo import available_timezones

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from inbox.database import db
from inbox.errors import Invalid, RelevoError
from inbox.members import doors, forms, profile, sessions
from inbox.members.sign_in import fold_email
from inbox.sentences import sentence_of
from inbox.settings import Settings

blueprint = Blueprint("me", __name__)
Answer = str | Response | tuple[str, int]


@blueprint.get("/me")
@doors.members
def show() -> Answer:
    """Show the member's own settings and devices."""
    return _page()


@blueprint.post("/me")
@doors.members
def change() -> Answer:
    """Store the member's own settings."""
    try:
        profile.change_profile(db.session(), doors.current_member().id, forms.profile())
    except Invalid as error:
        db.session.rollback()
        return _page(error=sentence_of(error)), 400
    db.session.commit()
    return redirect(url_for("me.show", saved=1), 303)


@blueprint.post("/me/email")
@doors.members
def change_email() -> Answer:
    """Let the member sign in by another address, after their password."""
    member = doors.current_member()
    try:
        forms.check_current_password(member.email, member.password_hash)
        profile.change_email(db.session(), member.id, fold_email(forms.text("email")))
    except RelevoError as error:
        db.session.rollback()
        return _page(email_error=sentence_of(error)), 429 if error.code == "sign_in_too_often" else error.status
    db.session.commit()
    return redirect(url_for("me.show", saved=1), 303)


@blueprint.post("/me/sessions/<int:session_id>/end")
@doors.members
def end_session(session_id: int) -> Answer:
    """Sign the member out on one device."""
    member_id = doors.current_member().id
    sessions.end(db.session(), member_id, session_id, by_member_id=member_id)
    db.session.commit()
    return redirect(url_for("me.show") + "#devices", 303)


@blueprint.post("/me/sessions/end-others")
@doors.members
def end_other_sessions() -> Answer:
    """Sign the member out everywhere but here."""
    member_id = doors.current_member().id
    sessions.end_all(db.session(), member_id, by_member_id=member_id, but=doors.current_session_id())
    db.session.commit()
    return redirect(url_for("me.show") + "#devices", 303)


def _page(error: str | None = None, email_error: str | None = None) -> str:
    settings: Settings = current_app.config["RELEVO"]
    member = doors.current_member()
    return render_template(
        "members/me.html",
        member=member,
        devices=sessions.list_live(db.session(), member.id, pace=settings.pace),
        this_device=doors.current_session_id(),
        zones=sorted(available_timezones()),
        error=error,
        email_error=email_error,
        is_saved="saved" in request.args,
    )
