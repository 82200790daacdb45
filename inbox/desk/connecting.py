"""Signing in on the platform itself: the page that leads there, and the way back."""

from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from flask import session as cookie
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from inbox import nudges
from inbox.channels import apps, pending
from inbox.channels import connect as verbs
from inbox.channels.access import access_channel
from inbox.channels.connect import SignedIn
from inbox.channels.connections import begin_sign_in, find_sign_in_there, finish_sign_in
from inbox.channels.models import Channel
from inbox.channels.opening import open_channel
from inbox.channels.pending import Pending
from inbox.database import db, set_read_only
from inbox.desk.connect_form import CHOICES, Answer, Wanted, settings, show_form
from inbox.desk.pushing import start_again
from inbox.desk.shell import say
from inbox.errors import Conflict, Invalid, NotFound, RelevoError
from inbox.members import doors
from inbox.platforms.contract import PlatformError, Refused
from inbox.platforms.signing_in import SignIn
from inbox.security import Vault, new_token

blueprint = Blueprint("connecting", __name__)
COOKIE = "signing_in"
# How a server says no; anything else is said in its own words.
_DENIED = "access_denied"
_APP_UNKNOWN = frozenset({"invalid_client", "unauthorized_client"})


def is_there(platform: str, given: dict[str, str]) -> bool:
    """Tell whether this sign-in goes on at the platform: it offers that, and no credential was pasted."""
    return not given["access_token"] and find_sign_in_there(platform) is not None


def go_there(given: dict[str, str], wanted: Wanted, channel: Channel | None = None) -> Answer:
    """Show the page from which a member goes to their server; raises PlatformError.

    It is a link and no redirect: browsers let no form lead to another site here (form-action of our policy), and a
    member sees whom they are about to be asked by.
    """
    there = find_sign_in_there(wanted.platform)
    assert there is not None
    server = there.server_of(given)
    back_url, state = _back_url(wanted.platform, server), new_token()
    channel_id = channel.id if channel else None
    known = apps.find_app(db.session(), _vault(), wanted.platform, server, back_url)
    db.session.rollback()  # nothing is held while the platform is asked
    begun = begin_sign_in(settings(), wanted.platform, SignIn(given, back_url, state), known)
    if begun.app != known:
        apps.keep_app(db.session(), _vault(), wanted.platform, begun.service_url, back_url, begun.app)
        db.session.commit()
    kept = Pending(
        platform=wanted.platform,
        state=state,
        session_id=doors.current_session_id(),
        service_url=begun.service_url,
        values=dict(begun.pending),
        channel_id=channel_id,
        team_ids=wanted.team_ids,
        is_sandbox_kept=wanted.is_sandbox_kept,
    )
    cookie[COOKIE] = pending.seal(_vault(), kept)
    return render_template("channels/continue.html", url=begun.url, host=urlsplit(begun.service_url).netloc)


@blueprint.get("/channels/connect/back/<way>")
@doors.admins
def back(way: str) -> Answer:
    """Take a member back from their server: exchange the code that it sent along, and connect.

    It writes, though it is a GET: `state` proves that this browser's session began it, and each counts once; `way`
    that it is the server where it was begun that answers.
    """
    set_read_only(False)
    try:
        kept = pending.unseal(
            _vault(),
            cookie.pop(COOKIE, None),
            state=request.args.get("state", ""),
            session_id=doors.current_session_id(),
        )
        if way != apps.way_back(kept.platform, kept.service_url):
            raise Invalid("sign_in_not_begun")
    except Invalid as error:
        return show_form(error, chosen=Wanted(_usual_platform(), [], False))
    try:
        return _take_back(kept)
    except (PlatformError, Conflict, Invalid, NotFound) as error:
        db.session.rollback()
        return _again(kept, error)


def _take_back(kept: Pending) -> Response:
    app = apps.find_app(db.session(), _vault(), kept.platform, kept.service_url, kept.values["redirect_uri"])
    db.session.rollback()
    code, said = request.args.get("code", ""), request.args.get("error", "")
    if said in _APP_UNKNOWN or app is None:
        raise Refused(said, code="app_refused")
    if said or not code or len(code) > 2000:
        raise Refused(f"{said} {request.args.get('error_description', '')[:200]}", code=_code_of(said))
    signed_in = finish_sign_in(settings(), kept.platform, kept.values, app, code)
    if kept.channel_id is None:
        return connected(signed_in, Wanted(kept.platform, list(kept.team_ids), kept.is_sandbox_kept))
    return reconnected(kept.channel_id, signed_in)


def _usual_platform() -> str:
    """Return the first platform that is signed in on itself: which one it was is not known any more."""
    return next(one for one in CHOICES if find_sign_in_there(one) is not None)


def _code_of(said: str) -> str:
    return "sign_in_denied" if said == _DENIED else "code_refused"


def _again(kept: Pending, error: RelevoError) -> Answer:
    """Show the form again, with what went wrong; a server that does not know us is told who we are next time."""
    if error.code == "app_refused":
        apps.forget_app(db.session(), kept.platform, kept.service_url, kept.values["redirect_uri"])
        db.session.commit()
    channel = db.session.get(Channel, kept.channel_id) if kept.channel_id is not None else None
    chosen = Wanted(kept.platform, list(kept.team_ids), kept.is_sandbox_kept)
    return show_form(error, channel, chosen=chosen, service_url=kept.service_url)


def connected(signed_in: SignedIn, wanted: Wanted) -> Response:
    """Make the channel of an account that was just signed in; raises Conflict, Invalid."""
    channel = open_channel(
        db.session(),
        settings(),
        signed_in,
        member_id=doors.current_member().id,
        team_ids=wanted.team_ids,
        is_sandbox_kept=wanted.is_sandbox_kept,
    )
    return _done(channel.id, _("Connected. What was said in the last day is being read now."))


def reconnected(channel_id: int, signed_in: SignedIn) -> Response:
    """Give a channel the credential of an account that was just signed in; raises Conflict for another account."""
    channel = access_channel(db.session(), doors.current_member(), channel_id, "manage")
    member_id = doors.current_member().id
    verbs.reconnect(db.session(), _vault(), channel, signed_in, member_id=member_id, pace=settings().pace)
    db.session.commit()
    start_again(channel_id)
    return _done(channel_id, _("Reconnected. It goes on where it stopped."))


def _done(channel_id: int, said: str) -> Response:
    nudges.after_commit(db.session(), nudges.POLL)
    db.session.commit()
    say(str(said))
    return redirect(url_for("channels.show", channel_id=channel_id), 303)


def _back_url(platform: str, service_url: str) -> str:
    root = settings().public_url or request.url_root
    return root.rstrip("/") + url_for("connecting.back", way=apps.way_back(platform, service_url))


def _vault() -> Vault:
    return Vault(settings().secret_keys, settings().read_secret_keys)
