"""Channels: how each is doing, connecting one, and what it could not read."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _

from inbox import nudges
from inbox.channels import connect as verbs
from inbox.channels.access import access_channel
from inbox.channels.connections import connector_for, sign_in
from inbox.channels.health import list_visible, read_health
from inbox.channels.models import Channel, ChannelState
from inbox.channels.pushing import can_push, push_url
from inbox.channels.streams import make_due
from inbox.channels.verify import make_verify_due
from inbox.database import db
from inbox.desk import connecting
from inbox.desk.channel_imports import MOST_LATE, ask_from, list_late_ones, times
from inbox.desk.channel_standing import show_import, show_standing
from inbox.desk.channel_words import show_channel, show_quarantined
from inbox.desk.connect_form import Answer, Wanted, given, settings, show_form, wanted
from inbox.desk.pushing import stop_before_leaving
from inbox.desk.shell import say
from inbox.errors import Conflict, Invalid, NotAllowed
from inbox.intake import counting, quarantine
from inbox.intake.replay import read_again, replay
from inbox.members import doors
from inbox.members.access import may
from inbox.platforms.contract import PlatformError

blueprint = Blueprint("channels", __name__)


@blueprint.get("/channels")
@doors.members
def index() -> Answer:
    """Show every channel that the member may know of, with its health."""
    member = doors.current_member()
    channels = list_visible(db.session(), member.id, is_admin=member.is_admin)
    shown = [show_channel(read_health(db.session(), channel, settings().pace)) for channel in channels]
    return render_template("channels/index.html", channels=shown)


@blueprint.get("/channels/connect")
@doors.admins
def connect() -> Answer:
    """Show the form that connects an account."""
    return show_form()


@blueprint.post("/channels/connect")
@doors.admins
def connect_now() -> Answer:
    """Connect an account; nothing is stored unless the platform says whose it is."""
    choice, typed = wanted(), given()
    try:
        if connecting.is_there(choice.platform, typed):
            return connecting.go_there(typed, choice)
        return connecting.connected(sign_in(settings(), choice.platform, typed), choice)
    except (PlatformError, Conflict, Invalid) as error:
        db.session.rollback()
        return show_form(error)


@blueprint.get("/channels/<int:channel_id>")
@doors.members
def show(channel_id: int) -> Answer:
    """Show one channel's health and what a person may do about it."""
    member = doors.current_member()
    channel = access_channel(db.session(), member, channel_id)
    health = read_health(db.session(), channel, settings().pace)
    kept = []
    if may(db.session(), member.id, "see", channel.id, False):
        with_private = may(db.session(), member.id, "see", channel.id, True)
        kept = quarantine.list_open(db.session(), channel.id, with_private=with_private, limit=100)
    late_count = channel.import_late_count if channel.import_done_at is not None else 0
    return render_template(
        "channels/show.html",
        channel=show_channel(health),
        kept_count=len(kept),
        standing=show_standing(db.session(), channel, health, settings().pace),
        importing=show_import(channel, health),
        late_url=url_for("channels.late", channel_id=channel.id) if late_count else None,
        asks_from=ask_from(channel),
        may_decide=may(db.session(), member.id, "lead", channel.id, False),
        push=_push(channel),
    )


@blueprint.get("/channels/<int:channel_id>/late")
@doors.members
def late(channel_id: int) -> Answer:
    """List what was late already when the channel was connected, or came back."""
    member = doors.current_member()
    channel = access_channel(db.session(), member, channel_id)
    rows = list_late_ones(db.session(), member, channel)
    shown = show_channel(read_health(db.session(), channel, settings().pace))
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
    return show_form(channel=_manage(channel_id))


@blueprint.post("/channels/<int:channel_id>/reconnect")
@doors.members
def reconnect_now(channel_id: int) -> Answer:
    """Give a channel a fresh credential of the same account."""
    known = _manage(channel_id)
    platform, typed = known.platform, given()
    typed["service_url"] = typed["service_url"] or known.service_url
    typed["push_url"] = push_url(settings(), known)
    try:
        if connecting.is_there(platform, typed):
            return connecting.go_there(typed, Wanted(platform, [], False), known)
        db.session.rollback()  # nothing is held while the platform is asked
        return connecting.reconnected(channel_id, sign_in(settings(), platform, typed))
    except (PlatformError, Conflict, Invalid) as error:
        db.session.rollback()
        return show_form(error, _manage(channel_id))


@blueprint.post("/channels/<int:channel_id>/pause")
@doors.members
def pause(channel_id: int) -> Answer:
    """Stop reading and sending."""
    verbs.pause(db.session(), _manage(channel_id), doors.current_member().id)
    return _done(channel_id, _("Paused: nothing is read and nothing leaves until you resume it."))


@blueprint.post("/channels/<int:channel_id>/resume")
@doors.members
def resume(channel_id: int) -> Answer:
    """Read and send again."""
    verbs.resume(db.session(), _manage(channel_id), doors.current_member().id, settings().pace)
    return _done(channel_id, _("Resumed. What came meanwhile is being read now."))


@blueprint.post("/channels/<int:channel_id>/disconnect")
@doors.members
def disconnect(channel_id: int) -> Answer:
    """Forget the credential; the history stays."""
    _manage(channel_id)
    stop_before_leaving(channel_id)
    verbs.disconnect(db.session(), _manage(channel_id), doors.current_member().id)
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
    health = read_health(db.session(), channel, settings().pace)
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
    db.session.expunge(row)
    db.session.expunge(channel)
    db.session.rollback()  # reading may ask the platform
    items = read_again(row, connector_for(settings(), db.engine)(channel).parse)
    row = quarantine.access_quarantined(db.session(), member_id, quarantined_id, "lead")
    replay(db.session(), row, items, pace=settings().pace, member_id=member_id)
    return _kept_again(row.channel_id, _("Read again: it is in the inbox now."))


@blueprint.post("/quarantine/<int:quarantined_id>/discard")
@doors.members
def discard(quarantined_id: int) -> Answer:
    """Decide that a kept item will not be read."""
    member_id = doors.current_member().id
    row = quarantine.access_quarantined(db.session(), member_id, quarantined_id, "lead")
    quarantine.discard(db.session(), row, member_id, request.form.get("why", ""))
    return _kept_again(row.channel_id, _("Discarded. The reason is kept."))


def _manage(channel_id: int) -> Channel:
    return access_channel(db.session(), doors.current_member(), channel_id, "manage")


def _push(channel: Channel) -> dict[str, bool]:
    is_offered = channel.state == ChannelState.ACTIVE and can_push(settings(), channel)
    return {"is_on": channel.push_key is not None, "is_offered": is_offered}


def _done(channel_id: int, said: str) -> Answer:
    nudges.after_commit(db.session(), nudges.POLL)
    db.session.commit()
    say(str(said))
    return redirect(url_for("channels.show", channel_id=channel_id), 303)


def _kept_again(channel_id: int, said: str) -> Answer:
    db.session.commit()
    say(str(said))
    return redirect(url_for("channels.kept_back", channel_id=channel_id), 303)
