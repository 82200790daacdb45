"""The web side of replies: the composer's draft and Send, and what members decide about a reply on its way."""

from collections.abc import Callable
from functools import partial

from flask import Blueprint, Response, current_app, jsonify, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from inbox.channels.connections import connector_for
from inbox.channels.models import Channel
from inbox.conversations.access import access_conversation
from inbox.conversations.models import Conversation
from inbox.database import db
from inbox.members import doors
from inbox.members.models import Member
from inbox.outbox.models import Delivery
from inbox.platforms.contract import Connection
from inbox.replies import decide, drafts
from inbox.replies.forms import read_draft, read_reply
from inbox.replies.models import Draft
from inbox.replies.queries import access_delivery
from inbox.replies.queue import Blocked, KeptAside, Queued, Result, Stopped, Waiting, Wanted, queue_reply
from inbox.settings import Settings

blueprint = Blueprint("replies", __name__)
Answer = Response | BaseResponse


@blueprint.post("/c/<int:conversation_id>/draft")
@doors.members
def open_draft(conversation_id: int) -> Answer:
    """Give the composer its draft and its key."""
    member = doors.current_member()
    conversation = access_conversation(db.session(), member.id, conversation_id, "answer")
    draft = drafts.open_draft(db.session(), member, conversation)
    return _answer_draft(draft)


@blueprint.put("/drafts/<int:draft_id>")
@doors.members
def save_draft(draft_id: int) -> Answer:
    """Keep what is being written."""
    draft = drafts.access_draft(db.session(), doors.current_member().id, draft_id)
    given = read_draft(request.form)
    drafts.save_draft(
        db.session(),
        draft,
        given.text,
        mode=given.mode,
        parent_message_id=given.parent_message_id,
        seen_seq=given.seen_seq,
        also_answers=given.also,
        keeping=given.keeping,
    )
    return _answer_draft(draft)


@blueprint.post("/drafts/<int:draft_id>/discard")
@doors.members
def discard_draft(draft_id: int) -> Answer:
    """Give a draft up."""
    draft = drafts.access_draft(db.session(), doors.current_member().id, draft_id)
    drafts.discard_draft(db.session(), draft)
    return _done(_("The draft is discarded."), draft.conversation_id)


@blueprint.post("/drafts/<int:draft_id>/keep")
@doors.members
def keep_draft(draft_id: int) -> Answer:
    """Let a draft no longer wait for another's reply: it stays in the composer."""
    draft = drafts.access_draft(db.session(), doors.current_member().id, draft_id)
    drafts.keep_back(db.session(), draft)
    return _done(_("It stays a draft."), draft.conversation_id)


@blueprint.post("/c/<int:conversation_id>/reply")
@doors.members
def reply(conversation_id: int) -> Answer:
    """Take in a pressed Send: once per key, however often it is posted."""
    member = doors.current_member()
    conversation = access_conversation(db.session(), member.id, conversation_id, "answer")
    wanted = read_reply(request.form)
    if not wanted.reply_key:
        return _keep_without_key(member, conversation, wanted)
    connection = _connect(db.session.get_one(Channel, conversation.channel_id))
    pace = _settings().pace
    result = queue_reply(db.session(), member, conversation, wanted, connection=connection, pace=pace)
    return _answer_result(result, conversation.id)


@blueprint.post("/deliveries/<int:delivery_id>/cancel")
@doors.members
def cancel(delivery_id: int) -> Answer:
    """Take a reply back before it leaves."""
    return _decide(delivery_id, decide.cancel, _("Taken back. Your text is in the composer."))


@blueprint.post("/deliveries/<int:delivery_id>/confirm")
@doors.members
def confirm(delivery_id: int) -> Answer:
    """Let a reply leave however late it gets."""
    return _decide(delivery_id, decide.confirm, _("It leaves as soon as the channel delivers."))


@blueprint.post("/deliveries/<int:delivery_id>/resend")
@doors.members
def resend(delivery_id: int) -> Answer:
    """Send an unclear reply again."""
    return _decide(delivery_id, decide.resend, _("It is looked for once more, then sent again."))


@blueprint.post("/deliveries/<int:delivery_id>/discard")
@doors.members
def discard(delivery_id: int) -> Answer:
    """Give an unclear reply up."""
    return _decide(delivery_id, decide.discard, _("Left. The text is in the composer."))


@blueprint.post("/deliveries/<int:delivery_id>/was_sent")
@doors.members
def was_sent(delivery_id: int) -> Answer:
    """Say that an unclear reply did arrive, and which one it is."""
    external_id, pace = request.form.get("external_id") or None, _settings().pace
    verb = partial(decide.was_sent, external_id=external_id, pace=pace)
    return _decide(delivery_id, verb, _("Noted: it was sent."))


def _decide(delivery_id: int, verb: Callable[..., Delivery], said: str) -> Answer:
    member = doors.current_member()
    delivery = access_delivery(db.session(), member.id, delivery_id, "answer")
    verb(db.session(), delivery, member)
    return _done(said, delivery.conversation_id)


def _keep_without_key(member: Member, conversation: Conversation, wanted: Wanted) -> Answer:
    """Without scripts the first Send opens the draft: it is shown with its key, to be sent with the next."""
    draft = drafts.open_draft(db.session(), member, conversation)
    drafts.save_draft(db.session(), draft, wanted.text, mode=wanted.mode, seen_seq=wanted.seen_seq)
    return _done(_("Your text is kept. Press Send once more."), conversation.id, kept=True)


def _answer_result(result: Result, conversation_id: int) -> Answer:
    if isinstance(result, Blocked):
        message = _("Another reply is on its way here. Wait, discard yours, or send it after that one.")
        known = {"blocked": True, "message": message, "delivery_id": result.delivery.id, "draft_id": result.draft.id}
        return _done(message, conversation_id, **known)
    if isinstance(result, KeptAside):
        message = _("Another window has sent this draft. What you wrote here was not sent; it is in the composer.")
        known = {"kept_aside": True, "message": message, "draft_id": result.draft.id}
        return _done(message, conversation_id, **known)
    if isinstance(result, Stopped):
        message = _("The channel can’t send until somebody mends it. What you wrote is kept as a draft.")
        return _done(message, conversation_id, stopped=True, message=message, draft_id=result.draft.id)
    if isinstance(result, Waiting):
        return _done(_("It leaves after the other reply."), conversation_id, draft_id=result.draft.id, waits=True)
    assert isinstance(result, Queued)
    delivery = result.delivery
    known = {"delivery_id": delivery.id, "state": delivery.state, "leaves_at": delivery.not_before_at.isoformat()}
    return _done(_("It is on its way."), conversation_id, is_new=result.is_new, **known)


def _answer_draft(draft: Draft) -> Answer:
    url = url_for("replies.save_draft", draft_id=draft.id)
    known = {"id": draft.id, "reply_key": draft.reply_key, "url": url, "state": draft.state}
    return _done("", draft.conversation_id, **known)


def _done(said: str, conversation_id: int | None, **known: object) -> Answer:
    """Commit, then answer: JSON for scripts, the conversation's page for browsers without them."""
    target = url_for("desk.conversation", conversation_id=conversation_id)
    db.session.commit()
    accepted = request.accept_mimetypes.best_match(["text/html", "application/json"])
    if accepted == "application/json":
        return jsonify(said=said, conversation_id=conversation_id, **known)
    return redirect(target, 303)


def _connect(channel: Channel) -> Connection:
    """Open the channel's connection; nothing is asked of the network or the database yet."""
    given: Callable[[Channel], Connection] | None = current_app.extensions.get("relevo_connect")
    connect = given or connector_for(_settings(), db.engine)
    return connect(channel)


def _settings() -> Settings:
    settings: Settings = current_app.config["RELEVO"]
    return settings
