"""`/live/poll`: what changed, for a browser that gets no stream."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from flask_babel import get_locale

from inbox import clock
from inbox.database import db
from inbox.live.hub import as_data, read_batch
from inbox.live.renderers import find_newest, render_rows
from inbox.live.tail import Change, read_after, read_since
from inbox.members import doors
from inbox.numbers import read_number
from inbox.settings import Settings

blueprint = Blueprint("live", __name__)


@blueprint.get("/live/poll")
@doors.members
@doors.in_background
def poll() -> Response:
    """Return what the member may hear of since `after`, the newest activity that the page knows of.

    Some of it may come twice: rows carry a version. `reload`: too much has changed to be told.
    """
    after = read_number(request.args.get("after"))
    newest = find_newest(db.session(), doors.current_member().id)
    settings: Settings = current_app.config["RELEVO"]
    reread_seconds = settings.pace.stream_reread_seconds
    found: Sequence[Change] | None
    if not after:
        found = read_since(db.session(), clock.now() - timedelta(seconds=reread_seconds))
    else:
        found = read_after(db.session(), after, reread_seconds)
    if found is None:
        return jsonify(after=newest, changes=None, reload=True)
    batch = read_batch(db.session(), found)
    heard = batch.heard_by(doors.current_member().id)
    changes: dict[str, Any] | None = None
    if heard:
        changes = as_data(heard, render_rows(db.session(), sorted(batch.places), str(get_locale())))
    return jsonify(after=newest, changes=changes, reload=False)
