"""What is done to one message: let it wait, excuse it, like it, delete our own; and whom a native answer answered."""

from collections.abc import Callable

from flask import Blueprint, current_app, request
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from inbox.channels.connections import connector_for
from inbox.channels.models import Channel
from inbox.conversations import finish as finishing
from inbox.conversations import settle
from inbox.conversations.access import access_conversation, access_message
from inbox.conversations.models import Conversation, Message
from inbox.database import db
from inbox.desk.acted import Acted, answer, ended, seen_seq
from inbox.errors import Conflict, NotFound
from inbox.members import doors
from inbox.numbers import list_numbers, read_number
from inbox.platforms.contract import Connection
from inbox.replies import likes
from inbox.settings import Settings

blueprint = Blueprint("messages", __name__)


@blueprint.post("/messages/<int:message_id>/wait")
@doors.members
def wait(message_id: int) -> Response:
    """Let a message wait for an answer."""
    return _wait(access_message(db.session(), _me(), message_id, "triage"))


@blueprint.post("/c/<int:conversation_id>/wait")
@doors.members
def wait_newest(conversation_id: int) -> Response:
    """Let a person's newest message wait for an answer."""
    return _wait(_newest_inbound(access_conversation(db.session(), _me(), conversation_id, "triage")))


@blueprint.post("/messages/<int:message_id>/excuse")
@doors.members
def excuse(message_id: int) -> Response:
    """Say that one message needs no answer."""
    found = access_message(db.session(), _me(), message_id, "triage")
    conversation_id = found.conversation_id
    done = settle.excuse_message(db.session(), found, _me())
    undo_id = done.id
    db.session.commit()
    return answer(Acted(str(_("This message waits no more.")), conversation_id, undo_id=undo_id))


@blueprint.post("/messages/<int:message_id>/like")
@doors.members
def like(message_id: int) -> Response:
    """Like a message on the platform."""
    conversation_id = _like(message_id)
    db.session.commit()
    return answer(Acted(str(_("Liked.")), conversation_id))


@blueprint.post("/c/<int:conversation_id>/like")
@doors.members
def like_and_excuse(conversation_id: int) -> Response:
    """Like the newest message of a person that was on the screen, and finish: no answer needed."""
    conversation = access_conversation(db.session(), _me(), conversation_id, "answer")
    seen, number = seen_seq(conversation, conversation_id), conversation.id
    newest = _newest_inbound(conversation, up_to_seq=seen)
    if newest.liked_at is None:
        _like(newest.id)
    conversation = access_conversation(db.session(), _me(), number, "triage")
    result = finishing.excuse(db.session(), conversation, _me(), seen_seq=seen, why="liked")
    acted = ended(conversation, result, _("Liked; no answer needed."))
    db.session.commit()
    return answer(acted)


@blueprint.post("/messages/<int:message_id>/unlike")
@doors.members
def unlike(message_id: int) -> Response:
    """Take a like back."""
    message = access_message(db.session(), _me(), message_id, "answer")
    target = likes.aim(db.session(), message, "can_like")
    _on_platform(lambda connection: likes.write_unlike(connection, target), target)
    message = access_message(db.session(), _me(), message_id, "answer")
    likes.drop_like(db.session(), message, doors.current_member())
    conversation_id = message.conversation_id
    db.session.commit()
    return answer(Acted(str(_("The like is taken back.")), conversation_id))


@blueprint.post("/messages/<int:message_id>/delete")
@doors.members
def delete_own(message_id: int) -> Response:
    """Delete a reply of ours on the platform."""
    message = access_message(db.session(), _me(), message_id, "answer")
    target = likes.aim(db.session(), message, "can_delete_own")
    _on_platform(lambda connection: likes.write_delete(connection, target, _settings().pace), target)
    message = access_message(db.session(), _me(), message_id, "answer")
    likes.keep_deleted(db.session(), message, pace=_settings().pace)
    conversation_id = message.conversation_id
    db.session.commit()
    return answer(Acted(str(_("Deleted on the platform.")), conversation_id))


@blueprint.post("/messages/<int:message_id>/answered")
@doors.members
def say_whom(message_id: int) -> Response:
    """Say whom an answer given on the platform answered; nobody ticked: nobody."""
    message = access_message(db.session(), _me(), message_id, "triage")
    chosen = list_numbers(request.form.getlist("conversation"))
    for number in chosen:
        access_conversation(db.session(), _me(), number, "triage")
    done = settle.say_whom(db.session(), message, chosen, _me())
    undo_id = done.id
    conversation_id = read_number(request.form.get("here"))
    db.session.commit()
    return answer(Acted(str(_("Noted.")), _seen(conversation_id), undo_id=undo_id))


def _seen(conversation_id: int | None) -> int | None:
    if conversation_id is None:
        return None
    try:
        return access_conversation(db.session(), _me(), conversation_id).id
    except NotFound:
        return None


def _wait(message: Message) -> Response:
    conversation_id = message.conversation_id
    done = settle.make_wait(db.session(), message, _me())
    undo_id = done.id
    db.session.commit()
    return answer(Acted(str(_("It waits for an answer.")), conversation_id, undo_id=undo_id))


def _newest_inbound(conversation: Conversation, up_to_seq: int | None = None) -> Message:
    query = select(Message).where(
        Message.conversation_id == conversation.id,
        Message.direction == "inbound",
        Message.gone_at.is_(None),
        Message.is_held_back.is_(False),
    )
    if up_to_seq is not None:
        query = query.where(Message.seq <= up_to_seq)
    found = db.session.scalar(query.order_by(Message.seq.desc()).limit(1))
    if found is None:
        raise Conflict("message_gone")
    return found


def _like(message_id: int) -> int | None:
    """Like on the platform, then write it down; the caller commits."""
    message = access_message(db.session(), _me(), message_id, "answer")
    target = likes.aim(db.session(), message, "can_like")
    liked = _on_platform(lambda connection: likes.write_like(connection, target), target)
    message = access_message(db.session(), _me(), message_id, "answer")
    likes.keep_like(db.session(), message, doors.current_member(), dict(liked or {}), is_excusing=False)
    return message.conversation_id


def _on_platform(call: Callable[[Connection], dict[str, object] | None], target: likes.Target) -> dict[str, object]:
    """Call the platform with no transaction open."""
    db.session.rollback()
    given: Callable[[Channel], Connection] | None = current_app.extensions.get("relevo_connect")
    connect = given or connector_for(_settings(), db.engine)
    return call(connect(target.channel)) or {}


def _me() -> int:
    return doors.current_member().id


def _settings() -> Settings:
    settings: Settings = current_app.config["RELEVO"]
    return settings
