"""What a triage request answers: JSON for scripts, the next page for browsers without them."""

from dataclasses import dataclass

from flask import Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from inbox.conversations.queries import find_row
from inbox.database import db
from inbox.desk.shell import say
from inbox.members import doors


@dataclass(frozen=True)
class Acted:
    """What was done: the sentence, its undo handle, and whether one goes on to the next conversation."""

    said: str
    conversation_id: int | None
    undo_id: int | None = None
    moves_on: bool = False
    warning: str = ""


def wants_json() -> bool:
    """Tell whether a script asks."""
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def answer(acted: Acted) -> Response | BaseResponse:
    """Answer in the form that the request can use; the view has committed."""
    if wants_json():
        return _as_json(acted)
    say(f"{acted.said} {acted.warning}".strip(), undo_id=acted.undo_id)
    if acted.moves_on or acted.conversation_id is None:
        return redirect(_back(), 303)
    return redirect(url_for("desk.conversation", conversation_id=acted.conversation_id), 303)


def _as_json(acted: Acted) -> Response:
    row = None
    if acted.conversation_id is not None:
        row = find_row(db.session(), doors.current_member().id, acted.conversation_id)
    html = render_template("desk/_row.html", row=row, is_current=False, link_args={}) if row else None
    undo_url = url_for("triage.undo", activity_id=acted.undo_id) if acted.undo_id else None
    return jsonify(
        said=acted.said,
        warning=acted.warning,
        undo=undo_url,
        conversation_id=acted.conversation_id,
        moves_on=acted.moves_on,
        row=html,
    )


def _back() -> str:
    wanted = request.form.get("next", "")
    return wanted if wanted.startswith("/queue") else url_for("desk.queue")
