"""`/push/<platform>/<channel key>`: where platforms say by themselves that something is new."""

from typing import cast

from flask import Blueprint, Response, current_app, request
from sqlalchemy.orm import Session

from inbox import nudges
from inbox.channels.connections import connector_for
from inbox.channels.models import Channel
from inbox.database import db, read_only
from inbox.intake import pushes
from inbox.members import doors
from inbox.platforms.contract import PlatformError, Pushing
from inbox.settings import Settings
from inbox.web_security import csrf

blueprint = Blueprint("push", __name__)
csrf.exempt(blueprint)  # who pushes has no page of ours; each push is signed


@blueprint.get("/push/<platform>/<key>")
@doors.everyone
def greet(platform: str, key: str) -> Response:
    """Answer a platform that tries the address out."""
    with read_only():
        channel = _find(platform, key)
        if channel is None:
            return Response(status=404)
        try:
            said = _open(channel).greet_push(request.args.to_dict())
        except PlatformError:
            return Response(status=403)
    return Response(said, mimetype="text/plain")


@blueprint.post("/push/<platform>/<key>")
@doors.everyone
def take(platform: str, key: str) -> Response:
    """Check a push on its raw bytes, keep it, and only then say that it came; the answer says nothing else.

    404: no such address; 413: too large; 401: not signed as it should be. Nothing is read here.
    """
    request.max_content_length = pushes.MOST_BYTES
    body = request.get_data(cache=False)
    with read_only():  # a stranger's push takes no write lock
        channel = _find(platform, key)
        if channel is None:
            return Response(status=404)
        try:
            _open(channel).check_push({name.lower(): value for name, value in request.headers.items()}, body)
        except PlatformError:
            return Response(status=401)
    pushes.store(db.session(), channel.id, body)
    nudges.after_commit(db.session(), nudges.PUSH)
    db.session.commit()
    return Response(status=200)


def _find(platform: str, key: str) -> Channel | None:
    with Session(db.engine) as session:
        found = pushes.find_channel(session, platform, key)
        session.expunge_all()
    return found


def _open(channel: Channel) -> Pushing:
    settings: Settings = current_app.config["RELEVO"]
    return cast(Pushing, connector_for(settings, db.engine)(channel))
