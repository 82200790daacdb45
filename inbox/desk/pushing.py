"""By which way a channel hears of what is new: by asking, or told by its platform; a choice on the channel's page."""

from typing import cast

import structlog
from flask import Blueprint, current_app, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from inbox import nudges
from inbox.channels import pushing
from inbox.channels.access import access_channel
from inbox.channels.connections import connector_for
from inbox.channels.models import Channel
from inbox.channels.streams import make_due
from inbox.database import db
from inbox.desk.shell import say
from inbox.errors import Conflict
from inbox.members import doors
from inbox.platforms.contract import PlatformError, Pushing, Unclear
from inbox.settings import Settings

log = structlog.get_logger()
blueprint = Blueprint("pushing", __name__)


@blueprint.post("/channels/<int:channel_id>/push")
@doors.members
def begin(channel_id: int) -> Response:
    """Let the platform push; if it does not take the address, everything stays as it was.

    A channel that is pushed to already keeps its address, which works. Where it is unclear whether the platform took
    a new one the channel keeps that too: a platform must never push to an address that we took away.
    """
    channel = _manage(channel_id)
    if not pushing.can_push(_settings(), channel):
        raise Conflict("push_not_offered", handle=channel.handle)
    is_new = channel.push_key is None
    key = pushing.begin(db.session(), channel, doors.current_member().id) if is_new else channel.push_key
    db.session.commit()  # its first push may come before its answer
    try:
        open_pushing(channel_id).start_push()
    except Unclear as error:
        said = error.detail or error.code
        return _done(channel_id, _("It is unclear whether the platform took the address: %(said)s", said=said))
    except PlatformError as error:
        channel = _manage(channel_id)
        if is_new and channel.push_key == key:
            pushing.end(db.session(), channel, doors.current_member().id)
        said = error.detail or error.code
        return _done(channel_id, _("The platform did not take the address: %(said)s", said=said))
    return _done(channel_id, _("From now on the platform says by itself what is new."))


@blueprint.post("/channels/<int:channel_id>/push/stop")
@doors.members
def end(channel_id: int) -> Response:
    """Ask again instead of being told."""
    said = _("Relevo asks the platform again what is new.")
    if _manage(channel_id).push_key is None:
        return _done(channel_id, said)
    db.session.rollback()
    try:
        open_pushing(channel_id).stop_push()
    except PlatformError as error:
        words = error.detail or error.code
        return _done(channel_id, _("The platform did not agree, so it still pushes: %(said)s", said=words))
    pushing.end(db.session(), _manage(channel_id), doors.current_member().id)
    make_due(db.session(), channel_id)
    return _done(channel_id, said)


def stop_before_leaving(channel_id: int) -> None:
    """Tell the platform that nothing shall be pushed any more, if it listens: the credential is about to go."""
    channel = db.session.get_one(Channel, channel_id)
    is_pushed = channel.push_key is not None
    db.session.rollback()
    if is_pushed:
        try:
            open_pushing(channel_id).stop_push()
        except PlatformError as error:
            log.info("push_not_stopped", channel_id=channel_id, code=error.code)


def start_again(channel_id: int) -> None:
    """Tell the platform the address again, with what signs its pushes now: the credential is another."""
    channel = db.session.get_one(Channel, channel_id)
    is_pushed = channel.push_key is not None
    db.session.rollback()
    if is_pushed:
        try:
            open_pushing(channel_id).start_push()
        except PlatformError as error:
            log.info("push_not_started", channel_id=channel_id, code=error.code)


def open_pushing(channel_id: int) -> Pushing:
    """Open a channel's connection; no transaction stays open while the platform is asked."""
    channel = db.session.get_one(Channel, channel_id)
    db.session.refresh(channel)
    db.session.expunge(channel)
    db.session.rollback()
    return cast(Pushing, connector_for(_settings(), db.engine)(channel))


def _settings() -> Settings:
    settings: Settings = current_app.config["RELEVO"]
    return settings


def _manage(channel_id: int) -> Channel:
    return access_channel(db.session(), doors.current_member(), channel_id, "manage")


def _done(channel_id: int, said: str) -> Response:
    nudges.after_commit(db.session(), nudges.POLL)
    db.session.commit()
    say(str(said))
    return redirect(url_for("channels.show", channel_id=channel_id), 303)
