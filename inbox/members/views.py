"""Signing in and out, choosing a password, and accepting an invitation."""

import structlog
from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from inbox.database import db, read_only
from inbox.errors import Invalid, NotFound, RelevoError
from inbox.members import doors, first, forms, invitations, known_browsers, passwords, profile, sessions, sign_in
from inbox.members.attempts import current_attempts
from inbox.members.devices import name_device
from inbox.sentences import sentence, sentence_of
from inbox.settings import Settings
from inbox.web_security import is_secure

blueprint = Blueprint("members", __name__)
log = structlog.get_logger()
Answer = str | Response | tuple[str, int]


@blueprint.get("/sign-in")
@doors.everyone
def sign_in_page() -> Answer:
    """Ask for address and password."""
    wanted = forms.safe_next(request.args.get("next"))
    if doors.find_member() is not None:
        return redirect(wanted, 303)
    return render_template("members/sign_in.html", next=wanted)


@blueprint.post("/sign-in")
@doors.everyone
def sign_in_now() -> Answer:
    """Check address and password; let in, or say what is wrong without saying which of the two."""
    email, password = forms.text("email"), request.form.get("password", "")
    with read_only():
        candidate = sign_in.find_candidate(db.session(), email)
        db.session.rollback()
    device = known_browsers.find_known(email, candidate.stored) if candidate else None
    attempts, tries_of = current_attempts(), (request.remote_addr or "", email, device)
    if not attempts.are_left(*tries_of):
        return _ask_again(email, sentence("sign_in_too_often"), 429)
    if not sign_in.is_right(candidate, password) or candidate is None:
        attempts.note_failure(*tries_of)
        return _ask_again(email, sentence("sign_in_wrong"), 400)
    try:
        return _let_in(candidate, email)
    except Invalid as error:
        db.session.rollback()
        return _ask_again(email, sentence(error.code, {"email": email}), 400)


@blueprint.post("/sign-out")
@doors.members
@doors.with_one_time_password
def sign_out() -> Answer:
    """End this session and forget its cookie."""
    member_id = doors.current_member().id
    sessions.end(db.session(), member_id, doors.current_session_id(), by_member_id=member_id)
    db.session.commit()
    session.clear()
    response = redirect(url_for("members.sign_in_page"), 303)
    response.delete_cookie(sessions.COOKIE, secure=is_secure(), httponly=True, samesite="Lax")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@blueprint.get("/password")
@doors.members
@doors.with_one_time_password
def password() -> Answer:
    """Ask for a new password."""
    return render_template("members/password.html")


@blueprint.post("/password")
@doors.members
@doors.with_one_time_password
def choose_password() -> Answer:
    """Store a new password and end every other session of the member."""
    member = doors.current_member()
    try:
        if not member.must_change_password:
            forms.check_current_password(member.email, member.password_hash)
        stored = passwords.hash_password(forms.chosen_password(member.email))
    except RelevoError as error:
        status = 429 if error.code == "sign_in_too_often" else 400
        return render_template("members/password.html", error=sentence_of(error)), status
    kept = doors.current_session_id()
    profile.change_password(db.session(), member.id, stored, was=member.password_hash, keep_session_id=kept)
    db.session.commit()
    if not member.must_change_password:
        return redirect(url_for("me.show"), 303)
    settings: Settings = current_app.config["RELEVO"]
    first.remove_note(settings.data_dir)
    return redirect("/", 303)


@blueprint.get("/invitations/<token>")
@doors.everyone
def invitation(token: str) -> Answer:
    """Show an invitation to whoever has its link."""
    row = invitations.find_valid(db.session(), token)
    if row is None:
        raise NotFound("invitation_not_valid")
    return render_template("members/invitation.html", token=token, email=row.email)


@blueprint.post("/invitations/<token>")
@doors.everyone
def accept_invitation(token: str) -> Answer:
    """Make the invited person a member and sign them in."""
    with read_only():
        row = invitations.find_valid(db.session(), token)
        email = row.email if row else None
        db.session.rollback()
    if email is None:
        raise NotFound("invitation_not_valid")
    try:
        name = profile.check_name(forms.text("name"))
        stored = passwords.hash_password(forms.chosen_password(email))
    except Invalid as error:
        page = render_template("members/invitation.html", token=token, email=email, error=sentence_of(error))
        return page, 400
    member = invitations.accept(db.session(), token, name, stored)
    return _let_in(sign_in.Candidate(member.id, stored, None), email)


def _let_in(candidate: sign_in.Candidate, email: str) -> Response:
    settings: Settings = current_app.config["RELEVO"]
    device = name_device(request.headers.get("User-Agent", ""))
    token = sign_in.admit(db.session(), candidate, device, pace=settings.pace)
    sessions.hand_over(db.session(), candidate.member_id, request.cookies.get(sessions.COOKIE, ""), token)
    profile.note_time_zone(db.session(), candidate.member_id, forms.text("time_zone"))
    db.session.commit()
    session.clear()  # another form token than the one from before signing in
    is_one_time = candidate.one_time_until_at is not None
    wanted = url_for("members.password") if is_one_time else forms.safe_next(request.form.get("next"))
    response = redirect(wanted, 303)
    life = int(settings.pace.session_life_seconds)
    response.set_cookie(sessions.COOKIE, token, max_age=life, secure=is_secure(), httponly=True, samesite="Lax")
    known_browsers.remember(response, email, candidate.stored)
    return response


def _ask_again(email: str, error: str, status: int) -> Answer:
    wanted = forms.safe_next(request.form.get("next"))
    return render_template("members/sign_in.html", next=wanted, email=email, error=error), status
