"""What a triage request answers: JSON for scripts, the next page for browsers without them."""

from dataclasses import dataclass

from flask import Response, jsonify, redirect, request, url_for
from flask_babel import ngettext
from werkzeug.wrappers import Response as BaseResponse

from inbox.conversations.models import Conversation
from inbox.conversations.queries import find_row
from inbox.conversations.settle import Result
from inbox.database import db
from inbox.desk.rows import row_html
from inbox.desk.shell import say
from inbox.errors import Conflict, Invalid
from inbox.members import doors
from inbox.numbers import read_number


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


def seen_seq(found: Conversation, asked_id: int) -> int:
    """Return the newest seq on the screen that this request came from.

    Raises Invalid where it is missing, Conflict where that screen showed a conversation that was joined into another
    meanwhile: its seqs mean other messages there, and somebody would be excused unread.
    """
    number = read_number(request.form.get("seen_seq"))
    if number is None:
        raise Invalid("seen_seq_missing")
    if found.id != asked_id:
        raise Conflict("joined_meanwhile")
    return number


def ended(found: Conversation, result: Result, said: str) -> Acted:
    """Return what ended a conversation, to be answered after the commit; what came meanwhile keeps it open (B3)."""
    conversation_id, undo_id, stayed = found.id, result.activity.id, result.stayed
    warning = ""
    if stayed:
        warning = ngettext(
            "%(num)s new while you pressed done: it stays open.",
            "%(num)s new while you pressed done: it stays open.",
            stayed.count,
        )
    return Acted(str(said), conversation_id, undo_id=undo_id, moves_on=not stayed, warning=str(warning))


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
    html = row_html(row) if row else None
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
