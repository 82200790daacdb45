"""Channels: how each is doing, connecting one, and what it could not read."""

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from inbox import nudges
from inbox.channels import connect as connecting
from inbox.channels.access import access_channel
from inbox.channels.connections import connector_for, sign_in
from inbox.channels.health import list_visible, read_health
from inbox.channels.models import Channel, ChannelState
from inbox.channels.opening import open_channel
from inbox.channels.streams import make_due
from inbox.channels.verify import make_verify_due
from inbox.database import db
from inbox.desk.channel_imports import MOST_LATE, ask_from, list_late_ones, times
from inbox.desk.channel_standing import show_import, show_standing
from inbox.desk.channel_words import show_channel, show_quarantined
from inbox.desk.connect_words import WITHOUT_DIRECT, connect_sentence
from inbox.desk.shell import say
from inbox.errors import Conflict, Invalid, NotAllowed, RelevoError
from inbox.intake import counting, quarantine
from inbox.intake.replay import replay
from inbox.members import doors
from inbox.members.access import may
from inbox.members.models import Team
from inbox.numbers import list_numbers
from inbox.platforms.contract import PlatformError
from inbox.security import Vault
from inbox.settings import Settings

blueprint = Blueprint("channels", __name__)
Answer = str | Response | tuple[str, int]
BLUESKY = "bluesky"
FIELDS = ("handle", "app_password", "access_token", "service_url")


@blueprint.get("/channels")
@doors.members
def index() -> Answer:
    """Show every channel that the member may know of, with its health."""
    member = doors.current_member()
    channels = list_visible(db.session(), member.id, is_admin=member.is_admin)
    shown = [show_channel(read_health(db.session(), channel, _settings().pace)) for channel in channels]
    return render_template("channels/index.html", channels=shown)


@blueprint.get("/channels/connect")
@doors.admins
def connect() -> Answer:
    """Show the form that connects an account."""
    return _form()


@blueprint.post("/channels/connect")
@doors.admins
def connect_now() -> Answer:
    """Connect an account; nothing is stored unless the platform says whose it is."""
    try:
        signed_in = sign_in(_settings(), BLUESKY, _given())
        channel = open_channel(
            db.session(),
            _settings(),
            signed_in,
            member_id=doors.current_member().id,
            team_ids=_team_ids(),
            is_sandbox_kept=request.form.get("keep_sandbox") == "1",
        )
    except (PlatformError, Conflict, Invalid) as error:
        db.session.rollback()
        return _form(error)
    nudges.after_commit(db.session(), nudges.POLL)
    db.session.commit()
    say(_("Connected. What was said in the last day is being read now."))
    return redirect(url_for("channels.show", channel_id=channel.id), 303)


@blueprint.get("/channels/<int:channel_id>")
@doors.members
def show(channel_id: int) -> Answer:
    """Show one channel's health and what a person may do about it."""
    member = doors.current_member()
    channel = access_channel(db.session(), member, channel_id)
    health = read_health(db.session(), channel, _settings().pace)
    kept = []
    if may(db.session(), member.id, "see", channel.id, False):
        with_private = may(db.session(), member.id, "see", channel.id, True)
        kept = quarantine.list_open(db.session(), channel.id, with_private=with_private, limit=100)
    late_count = channel.import_late_count if channel.import_done_at is not None else 0
    return render_template(
        "channels/show.html",
        channel=show_channel(health),
        kept_count=len(kept),
        standing=show_standing(db.session(), channel, health, _settings().pace),
        importing=show_import(channel, health),
        late_url=url_for("channels.late", channel_id=channel.id) if late_count else None,
        asks_from=ask_from(channel),
        may_decide=may(db.session(), member.id, "lead", channel.id, False),
    )


@blueprint.get("/channels/<int:channel_id>/late")
@doors.members
def late(channel_id: int) -> Answer:
    """List what was late already when the channel was connected, or came back."""
    member = doors.current_member()
    channel = access_channel(db.session(), member, channel_id)
    rows = list_late_ones(db.session(), member, channel)
    shown = show_channel(read_health(db.session(), channel, _settings().pace))
    is_more = len(rows) > MOST_LATE
    return render_template("channels/late.html", channel=shown, rows=rows[:MOST_LATE], is_more=is_more)


@blueprint.post("/channels/<int:channel_id>/count-from")
@doors.members
def count_from(channel_id: int) -> Answer:
    """Say from when clocks count on what was said before the channel was connected, or while it was away."""
    member = doors.current_member()
    channel = access_channel(db.session(), member, channel_id)
    if not may(db.session(), member.id, "lead", channel.id, False):
        raise NotAllowed("not_allowed")
    counting.choose(db.session(), channel, times(channel, request.form.get("from", "")), member.id)
    return _done(channel_id, _("Noted. Clocks count from then; what changes is being written now."))


@blueprint.get("/channels/<int:channel_id>/reconnect")
@doors.members
def reconnect(channel_id: int) -> Answer:
    """Show the form that gives a channel a fresh credential."""
    return _form(channel=_manage(channel_id))


@blueprint.post("/channels/<int:channel_id>/reconnect")
@doors.members
def reconnect_now(channel_id: int) -> Answer:
    """Give a channel a fresh credential of the same account."""
    known = _manage(channel_id)
    platform, given = known.platform, _given()
    given["service_url"] = given["service_url"] or known.service_url
    db.session.rollback()  # nothing is held while the platform is asked
    try:
        signed_in = sign_in(_settings(), platform, given)
        channel = _manage(channel_id)
        vault = Vault(_settings().secret_keys, _settings().read_secret_keys)
        member_id = doors.current_member().id
        connecting.reconnect(db.session(), vault, channel, signed_in, member_id=member_id, pace=_settings().pace)
    except (PlatformError, Conflict, Invalid) as error:
        db.session.rollback()
        return _form(error, _manage(channel_id))
    return _done(channel_id, _("Reconnected. It goes on where it stopped."))


@blueprint.post("/channels/<int:channel_id>/pause")
@doors.members
def pause(channel_id: int) -> Answer:
    """Stop reading and sending."""
    connecting.pause(db.session(), _manage(channel_id), doors.current_member().id)
    return _done(channel_id, _("Paused: nothing is read and nothing leaves until you resume it."))


@blueprint.post("/channels/<int:channel_id>/resume")
@doors.members
def resume(channel_id: int) -> Answer:
    """Read and send again."""
    connecting.resume(db.session(), _manage(channel_id), doors.current_member().id, _settings().pace)
    return _done(channel_id, _("Resumed. What came meanwhile is being read now."))


@blueprint.post("/channels/<int:channel_id>/disconnect")
@doors.members
def disconnect(channel_id: int) -> Answer:
    """Forget the credential; the history stays."""
    connecting.disconnect(db.session(), _manage(channel_id), doors.current_member().id)
    return _done(channel_id, _("Disconnected. Its conversations stay here."))


@blueprint.post("/channels/<int:channel_id>/poll")
@doors.members
def poll(channel_id: int) -> Answer:
    """Read every stream now; a channel that needs somebody is asked whether it still does."""
    channel = access_channel(db.session(), doors.current_member(), channel_id)
    if channel.state not in (ChannelState.ACTIVE, ChannelState.NEEDS_YOU):
        raise Conflict("channel_is_not_active", handle=channel.handle)
    make_due(db.session(), channel.id)
    if channel.state == ChannelState.ACTIVE:
        return _done(channel_id, _("It is being read now."))
    make_verify_due(channel)
    return _done(channel_id, _("The platform is being asked again. If all is well there, this goes on by itself."))


@blueprint.get("/channels/<int:channel_id>/quarantine")
@doors.members
def kept_back(channel_id: int) -> Answer:
    """Show what could not be read, as it came."""
    member = doors.current_member()
    channel = access_channel(db.session(), member, channel_id)
    rows = []
    if may(db.session(), member.id, "see", channel.id, False):
        with_private = may(db.session(), member.id, "see", channel.id, True)
        rows = quarantine.list_open(db.session(), channel.id, with_private=with_private)
    health = read_health(db.session(), channel, _settings().pace)
    may_decide = may(db.session(), member.id, "lead", channel.id, False)
    shown = [show_quarantined(row) for row in rows]
    return render_template("channels/quarantine.html", channel=show_channel(health), rows=shown, may_decide=may_decide)


@blueprint.post("/quarantine/<int:quarantined_id>/replay")
@doors.members
def replay_now(quarantined_id: int) -> Answer:
    """Read a kept item again, with what the connector can do today."""
    member_id = doors.current_member().id
    row = quarantine.access_quarantined(db.session(), member_id, quarantined_id, "lead")
    channel = db.session.get_one(Channel, row.channel_id)
    connection = connector_for(_settings(), db.engine)(channel)
    replay(db.session(), row, connection.parse, pace=_settings().pace, member_id=member_id)
    return _kept_again(row.channel_id, _("Read again: it is in the inbox now."))


@blueprint.post("/quarantine/<int:quarantined_id>/discard")
@doors.members
def discard(quarantined_id: int) -> Answer:
    """Decide that a kept item will not be read."""
    member_id = doors.current_member().id
    row = quarantine.access_quarantined(db.session(), member_id, quarantined_id, "lead")
    quarantine.discard(db.session(), row, member_id, request.form.get("why", ""))
    return _kept_again(row.channel_id, _("Discarded. The reason is kept."))


def _settings() -> Settings:
    settings: Settings = current_app.config["RELEVO"]
    return settings


def _manage(channel_id: int) -> Channel:
    return access_channel(db.session(), doors.current_member(), channel_id, "manage")


def _given() -> dict[str, str]:
    given = {name: request.form.get(name, "").strip()[:500] for name in FIELDS}
    return given | ({"public_only": "1"} if request.form.get("public_only") == "1" else {})


def _team_ids() -> list[int]:
    return list_numbers(request.form.getlist("team"))


def _done(channel_id: int, said: str) -> Answer:
    nudges.after_commit(db.session(), nudges.POLL)
    db.session.commit()
    say(str(said))
    return redirect(url_for("channels.show", channel_id=channel_id), 303)


def _kept_again(channel_id: int, said: str) -> Answer:
    db.session.commit()
    say(str(said))
    return redirect(url_for("channels.kept_back", channel_id=channel_id), 303)


def _form(error: RelevoError | None = None, channel: Channel | None = None) -> Answer:
    teams = db.session.query(Team).order_by(Team.name).all() if channel is None else []
    has_sandbox = db.session.query(Channel.id).filter(Channel.is_sandbox, Channel.state != ChannelState.DISCONNECTED)
    page = render_template(
        "channels/connect.html",
        channel=channel,
        given=_given() if request.method == "POST" else {},
        chosen_teams=_team_ids(),
        teams=teams,
        has_sandbox=channel is None and has_sandbox.first() is not None,
        problem=_problem(error, channel) if error else "",
        offers_public_only=error is not None and error.code in WITHOUT_DIRECT,
    )
    return (page, error.status if error.status < 500 else 400) if error else page


def _problem(error: RelevoError, channel: Channel | None) -> str:
    given = _given()
    handle = given["handle"] or (channel.handle if channel else "")
    service = given["service_url"] or (channel.service_url if channel else "https://bsky.social")
    return connect_sentence(error, handle=handle, service=service)
