"""What is done to a conversation from the desk; each request calls one verb and commits once."""

from flask import Blueprint, current_app, jsonify, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from inbox.activity.models import Activity
from inbox.conversations import assign as assigning
from inbox.conversations import finish as finishing
from inbox.conversations import labels, notes, priority, reading, snooze
from inbox.conversations import undo as undoing
from inbox.conversations.access import access_conversation, access_note
from inbox.conversations.models import Conversation
from inbox.database import db
from inbox.desk import snoozes, words
from inbox.desk.acted import Acted, answer, ended, seen_seq, wants_json
from inbox.errors import Invalid
from inbox.intake import recheck
from inbox.members import doors
from inbox.numbers import read_number

blueprint = Blueprint("triage", __name__)


@blueprint.post("/c/<int:conversation_id>/assign")
@doors.members
def assign(conversation_id: int) -> Response:
    """Hand a conversation to a member, or to nobody."""
    found = _access(conversation_id)
    assignee_id = _number("assignee_id")
    done = assigning.assign(db.session(), found, _me(), assignee_id)
    said = _("It is yours.") if assignee_id == _me() else _("Assigned.") if assignee_id else _("Nobody has it now.")
    return _answer(found, done, said)


@blueprint.post("/c/<int:conversation_id>/team")
@doors.members
def team(conversation_id: int) -> Response:
    """Hand a conversation to a team, or take it off one."""
    found = _access(conversation_id)
    team_id = _number("team_id")
    done = assigning.assign_team(db.session(), found, _me(), team_id)
    return _answer(found, done, _("Handed to the team.") if team_id else _("Taken off its team."))


@blueprint.post("/c/<int:conversation_id>/priority")
@doors.members
def set_priority(conversation_id: int) -> Response:
    """Say how soon a conversation should be looked at."""
    found = _access(conversation_id)
    wanted = request.form.get("priority", "")
    done = priority.set_priority(db.session(), found, _me(), wanted)
    return _answer(found, done, _("Priority: %(name)s", name=words.priority_word(wanted)))


@blueprint.post("/c/<int:conversation_id>/snooze")
@doors.members
def snooze_now(conversation_id: int) -> Response:
    """Let a conversation sleep until a preset or a chosen time."""
    found = _access(conversation_id)
    until = snoozes.read_until(request.form, snoozes.viewer_zone())
    done = snooze.snooze(db.session(), found, _me(), until)
    return _answer(found, done, _("Snoozed."), moves_on=True)


@blueprint.post("/c/<int:conversation_id>/wake")
@doors.members
def wake(conversation_id: int) -> Response:
    """Open a snoozed conversation now."""
    found = _access(conversation_id)
    return _answer(found, snooze.wake(db.session(), found, _me()), _("Awake again."))


@blueprint.post("/c/<int:conversation_id>/finish")
@doors.members
def finish(conversation_id: int) -> Response:
    """Mark a conversation done; when something awaits and no reason came along, ask which."""
    found = _access(conversation_id)
    seen, why = seen_seq(found, conversation_id), request.form.get("why") or None
    try:
        result = finishing.finish(db.session(), found, _me(), seen_seq=seen, why=why)
    except Invalid as error:
        if error.code != "why_needed":
            raise
        db.session.rollback()
        question = url_for("dialogs.finish_dialog", conversation_id=conversation_id, seen_seq=seen)
        return jsonify(ask=question) if wants_json() else redirect(question, 303)
    acted = ended(found, result, _("Done."))
    db.session.commit()
    return answer(acted)


@blueprint.post("/c/<int:conversation_id>/excuse")
@doors.members
def excuse(conversation_id: int) -> Response:
    """Say that no answer is needed, and finish."""
    found = _access(conversation_id)
    result = finishing.excuse(db.session(), found, _me(), seen_seq=seen_seq(found, conversation_id))
    acted = ended(found, result, _("No answer needed."))
    db.session.commit()
    return answer(acted)


@blueprint.post("/c/<int:conversation_id>/spam")
@doors.members
def spam(conversation_id: int) -> Response:
    """Mark a conversation as spam."""
    found = _access(conversation_id)
    result = finishing.mark_spam(db.session(), found, _me(), seen_seq=seen_seq(found, conversation_id))
    acted = ended(found, result, _("Marked as spam."))
    db.session.commit()
    return answer(acted)


@blueprint.post("/c/<int:conversation_id>/not-spam")
@doors.members
def not_spam(conversation_id: int) -> Response:
    """Say that a conversation is no spam after all."""
    found = _access(conversation_id)
    return _answer(found, finishing.mark_not_spam(db.session(), found, _me()), _("Not spam."))


@blueprint.post("/c/<int:conversation_id>/reopen")
@doors.members
def reopen(conversation_id: int) -> Response:
    """Open a done conversation again."""
    found = _access(conversation_id)
    return _answer(found, finishing.reopen(db.session(), found, _me()), _("Open again."))


@blueprint.post("/c/<int:conversation_id>/label")
@doors.members
def label(conversation_id: int) -> Response:
    """Put a label on."""
    found = _access(conversation_id)
    name = request.form.get("name", "").strip()
    return _answer(found, labels.label(db.session(), found, _me(), name), _("Label on: %(name)s", name=name))


@blueprint.post("/c/<int:conversation_id>/unlabel")
@doors.members
def unlabel(conversation_id: int) -> Response:
    """Take a label off."""
    found = _access(conversation_id)
    done = labels.unlabel(db.session(), found, _me(), _number("label_id") or 0)
    return _answer(found, done, _("Label off."))


@blueprint.post("/c/<int:conversation_id>/note")
@doors.members
def note(conversation_id: int) -> Response:
    """Write a note."""
    found = _access(conversation_id)
    done = notes.write_note(db.session(), found, _me(), request.form.get("text", ""))
    return _answer(found, done, _("Note kept."))


@blueprint.post("/notes/<int:note_id>/delete")
@doors.members
def delete_note(note_id: int) -> Response:
    """Delete one's own note."""
    found = access_note(db.session(), _me(), note_id)
    conversation = access_conversation(db.session(), _me(), found.conversation_id, "triage")
    return _answer(conversation, notes.delete_note(db.session(), found, _me()), _("Note deleted."))


@blueprint.post("/c/<int:conversation_id>/read")
@doors.members
@doors.in_background
def read(conversation_id: int) -> Response:
    """Keep how far one has read; what was opened is looked at again on its platform (E2)."""
    found = access_conversation(db.session(), _me(), conversation_id)
    seen = _number("seen_seq")
    if seen is None:
        raise Invalid("seen_seq_missing")
    if found.id == conversation_id:  # else it was joined into another meanwhile, where these seqs mean other messages
        reading.mark_read(db.session(), found, _me(), seen)
    recheck.on_opening(db.session(), found, pace=current_app.config["RELEVO"].pace)
    db.session.commit()
    return Response(status=204)


@blueprint.post("/c/<int:conversation_id>/unread")
@doors.members
def unread(conversation_id: int) -> Response:
    """Make a conversation unread for oneself."""
    found = access_conversation(db.session(), _me(), conversation_id)
    reading.mark_unread(db.session(), found, _me())
    db.session.commit()
    return answer(Acted(str(_("Unread for you.")), found.id))


@blueprint.post("/undo/<int:activity_id>")
@doors.members
def undo(activity_id: int) -> Response:
    """Undo one's own doing."""
    done = undoing.undo(db.session(), _me(), activity_id)
    conversation_id = done.conversation_id
    db.session.commit()
    return answer(Acted(str(_("Undone.")), conversation_id))


def _access(conversation_id: int) -> Conversation:
    return access_conversation(db.session(), _me(), conversation_id, "triage")


def _me() -> int:
    return doors.current_member().id


def _number(name: str) -> int | None:
    text = request.form.get(name, "")
    if not text:
        return None
    number = read_number(text)
    if number is None:
        raise Invalid("not_a_number", field=name)
    return number


def _answer(found: Conversation, done: Activity, said: str, *, moves_on: bool = False) -> Response:
    conversation_id, undo_id = found.id, done.id
    db.session.commit()
    return answer(Acted(str(said), conversation_id, undo_id=undo_id, moves_on=moves_on))
