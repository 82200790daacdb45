"""`/me/reach`: how a member is reached; each sees and changes their own methods alone."""

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from inbox.database import db
from inbox.errors import Invalid, NotFound, RelevoError
from inbox.members import doors, forms
from inbox.members.devices import name_device
from inbox.notifications import methods, sealing, words
from inbox.notifications.models import NotificationMethod, QuietHours
from inbox.notifications.queries import list_told
from inbox.notifications.send import SENDERS
from inbox.notifications.senders.browser import Browser, new_key
from inbox.security import token_hash
from inbox.sentences import sentence_of
from inbox.settings import Settings

blueprint = Blueprint("reach", __name__)
Answer = str | Response | tuple[str, int]


@blueprint.get("/me/reach")
@doors.members
def show() -> Answer:
    """Show the member's methods, quiet hours, and what was sent to them last."""
    return _page()


@blueprint.get("/me/reach/new")
@doors.members
def new() -> Answer:
    """Show the form of a kind of method."""
    return _form(request.args.get("kind", ""))


@blueprint.post("/me/reach/new")
@doors.members
def add() -> Answer:
    """Add a method and send its code."""
    kind = forms.text("kind", 40)
    member, session = doors.current_member(), db.session()
    sender = SENDERS.get(kind)
    given = {field.name: request.form.get(field.name, "") for field in sender.fields} if sender else {}
    try:
        method = methods.add_method(
            session,
            member,
            kind,
            given,
            label=forms.text("label", 60),
            settings=_settings(),
            session_id=doors.current_session_id() if kind == Browser.kind else None,
        )
        method.is_urgent_only = forms.is_ticked("urgent_only")
        _send_code(method)
    except RelevoError as error:
        session.rollback()
        return _form(kind, error), error.status
    session.commit()
    return _back(method)


@blueprint.post("/me/reach/<int:notification_method_id>/code")
@doors.members
def resend(notification_method_id: int) -> Answer:
    """Send another code; the one before it is good no more."""
    method = _own(notification_method_id)
    try:
        _send_code(method)
    except RelevoError as error:
        db.session.rollback()
        return _page(notification_method_id, error), error.status
    db.session.commit()
    return _back(method)


@blueprint.post("/me/reach/<int:notification_method_id>/verify")
@doors.members
def verify(notification_method_id: int) -> Answer:
    """Take the code that was typed; a wrong one is counted."""
    method = _own(notification_method_id)
    try:
        methods.verify(db.session(), method, forms.text("code", 20))
    except Invalid as error:
        db.session.commit()  # the try counts
        return _page(notification_method_id, error), error.status
    db.session.commit()
    return _back(method, said="verified")


@blueprint.post("/me/reach/<int:notification_method_id>/test")
@doors.members
def test(notification_method_id: int) -> Answer:
    """Send a test."""
    method = _own(notification_method_id)
    try:
        methods.send_test(db.session(), doors.current_member(), method, words.trial_notice(), _settings().pace)
    except RelevoError as error:
        db.session.rollback()
        return _page(notification_method_id, error), error.status
    db.session.commit()
    return _back(method, said="test")


@blueprint.post("/me/reach/<int:notification_method_id>/change")
@doors.members
def change(notification_method_id: int) -> Answer:
    """Let a method wait for alerts alone, or for everything."""
    method = _own(notification_method_id)
    method.is_urgent_only = forms.is_ticked("urgent_only")
    db.session.commit()
    return _back(method)


@blueprint.post("/me/reach/<int:notification_method_id>/move")
@doors.members
def move(notification_method_id: int) -> Answer:
    """Put a method earlier or later in the order."""
    method = _own(notification_method_id)
    methods.move_method(db.session(), method, is_up=forms.text("to") == "up")
    db.session.commit()
    return _back(method)


@blueprint.post("/me/reach/<int:notification_method_id>/remove")
@doors.members
def remove(notification_method_id: int) -> Answer:
    """Forget a method."""
    methods.remove_method(db.session(), _own(notification_method_id))
    db.session.commit()
    return redirect(url_for("reach.show", said="removed"), 303)


@blueprint.post("/me/reach/quiet")
@doors.members
def quiet() -> Answer:
    """Store the hours in which warnings wait."""
    try:
        is_on = forms.is_ticked("is_on")
        minutes = [_minute(forms.text(name)) if is_on else None for name in ("from", "until")]
        methods.set_quiet_hours(db.session(), doors.current_member().id, minutes[0], minutes[1])
    except Invalid as error:
        db.session.rollback()
        return _page(quiet_error=error), error.status
    db.session.commit()
    return redirect(url_for("reach.show", said="saved") + "#quiet", 303)


def _own(method_id: int) -> NotificationMethod:
    return methods.access_method(db.session(), doors.current_member().id, method_id)


def _send_code(method: NotificationMethod) -> None:
    code = methods.new_code()
    notice = words.code_notice(code)
    methods.send_code(db.session(), doors.current_member(), method, notice, code, _settings().pace)


def _minute(text: str) -> int:
    """Return `22:30` as a minute of the day; raises Invalid."""
    hour, _, minute = text.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and text.isascii() and len(text) == 5):
        raise Invalid("quiet_hours_malformed")
    if int(hour) > 23 or int(minute) > 59:
        raise Invalid("quiet_hours_malformed")
    return int(hour) * 60 + int(minute)


def _settings() -> Settings:
    settings: Settings = current_app.config["RELEVO"]
    return settings


def _back(method: NotificationMethod, said: str | None = None) -> Response:
    return redirect(url_for("reach.show", said=said) + f"#method-{method.id}", 303)


def _page(method_id: int | None = None, error: RelevoError | None = None, quiet_error: Invalid | None = None) -> str:
    member, session = doors.current_member(), db.session()
    return render_template(
        "notifications/reach.html",
        methods=methods.list_methods(session, member.id),
        kinds=methods.list_kinds(_settings()),
        kind_word=words.kind_word,
        trouble=words.trouble,
        result_word=words.result_word,
        has_receipt={kind: sender.has_receipt for kind, sender in SENDERS.items()},
        quiet=session.get(QuietHours, member.id),
        told=list_told(session, member_id=member.id, limit=10),
        zone=member.time_zone,
        push_marks=_push_marks(member.id),
        wrong_id=method_id,
        error=sentence_of(error) if error else None,
        quiet_error=sentence_of(quiet_error) if quiet_error else None,
        said=request.args.get("said"),
    )


def _form(kind: str, error: RelevoError | None = None) -> str:
    sender = SENDERS.get(kind)
    if sender is None or not sender.is_ready(_settings()):
        raise NotFound("not_found")
    return render_template(
        "notifications/new.html",
        kind=kind,
        word=words.kind_word(kind),
        fields=sender.fields,
        has_receipt=sender.has_receipt,
        given={} if error is None else request.form,
        error=sentence_of(error) if error else None,
        push_key=new_key() if kind == Browser.kind else None,
        push_marks=_push_marks(doors.current_member().id) if kind == Browser.kind else {},
        device=name_device(request.headers.get("User-Agent", "")),
    )


def _push_marks(member_id: int) -> dict[int, str]:
    """Return the hash of each browser's address, by which a page finds out that it is its own."""
    rows = [one for one in methods.list_methods(db.session(), member_id) if one.kind == Browser.kind]
    opened = [one for one in rows if one.sealed and sealing.opens(one.sealed)]
    return {one.id: token_hash(sealing.unseal(one.sealed or b"")["endpoint"]) for one in opened}
