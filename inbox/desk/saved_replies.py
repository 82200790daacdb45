"""Saved replies: the list, the form, and what the composer offers in one conversation."""

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from inbox.channels.models import Channel
from inbox.contacts.models import Contact
from inbox.conversations.access import access_conversation
from inbox.conversations.models import Conversation
from inbox.database import db
from inbox.desk import saved_reply_forms as reading
from inbox.desk.shell import say
from inbox.desk.words import person_word
from inbox.errors import NotAllowed, RelevoError
from inbox.languages import gettext as _
from inbox.languages import language
from inbox.members import doors, forms
from inbox.members.models import Member
from inbox.replies import saved
from inbox.replies.saved_models import SavedReply
from inbox.replies.variables import fill, first_name
from inbox.sentences import sentence_of

blueprint = Blueprint("saved_replies", __name__)
Answer = str | Response | tuple[str, int]
LONGEST_SEARCH = 200


@blueprint.get("/saved-replies")
@doors.members
def index() -> Answer:
    """List the wordings that the member may use, folder by folder."""
    session, member = db.session(), doors.current_member()
    return render_template(
        "saved_replies/index.html",
        folders=reading.by_folder(saved.list_saved(session, member)),
        teams={team.id: team.name for team in saved.list_own_teams(session, member)},
        may_keep=saved.may_keep(session, member),
    )


@blueprint.get("/saved-replies/new")
@doors.members
def new() -> Answer:
    """Show the form of a new one."""
    if not saved.may_keep(db.session(), doors.current_member()):
        raise NotAllowed("leads_only")
    return _form(None, reading.empty(language()))


@blueprint.post("/saved-replies/new")
@doors.members
def make() -> Answer:
    """Keep a new one."""
    if not saved.may_keep(db.session(), doors.current_member()):
        raise NotAllowed("leads_only")
    typed = reading.of_request()
    try:
        made = saved.make(db.session(), doors.current_member(), reading.read(typed))
    except RelevoError as error:
        db.session.rollback()
        return _form(None, typed, error), error.status
    return _done(_("Saved: %(name)s", name=made.name))


@blueprint.get("/saved-replies/<int:saved_id>")
@doors.members
def show(saved_id: int) -> Answer:
    """Show one; who may change it gets a form."""
    found = saved.access_saved(db.session(), doors.current_member(), saved_id)
    return _form(found, reading.of_saved(found))


@blueprint.post("/saved-replies/<int:saved_id>")
@doors.members
def change(saved_id: int) -> Answer:
    """Change one."""
    member, typed = doors.current_member(), reading.of_request()
    try:
        wanted, seen = reading.read(typed), forms.whole_number("version")
        changed = saved.change(db.session(), member, saved_id, wanted, seen_version=seen)
    except RelevoError as error:
        db.session.rollback()
        found = saved.access_saved(db.session(), member, saved_id, to_change=True)
        return _form(found, typed, error), error.status
    return _done(_("Saved: %(name)s", name=changed.name))


@blueprint.post("/saved-replies/<int:saved_id>/delete")
@doors.members
def delete(saved_id: int) -> Answer:
    """Delete one."""
    name = saved.take_out(db.session(), doors.current_member(), saved_id)
    return _done(_("Deleted: %(name)s", name=name))


@blueprint.get("/c/<int:conversation_id>/saved-replies")
@doors.members
def offer(conversation_id: int) -> Response:
    """Offer what fits what was typed, filled in for this person: [{id, name, folder, language, text}]."""
    session, member = db.session(), doors.current_member()
    conversation = access_conversation(session, member.id, conversation_id, "answer")
    values = _values(member, conversation)
    found = saved.suggest(session, member, request.args.get("q", "")[:LONGEST_SEARCH])
    rows = [
        {
            "id": one.id,
            "name": one.name,
            "folder": one.folder,
            "language": reading.language_word(code) if code else "",
            "text": fill(text, values),
        }
        for one in found
        for code, text in reading.in_order(one, language())
    ]
    return jsonify(rows=rows)


@blueprint.post("/saved-replies/<int:saved_id>/used")
@doors.members
def used(saved_id: int) -> tuple[str, int]:
    """Count that it was put into an answer."""
    saved.count_use(db.session(), doors.current_member(), saved_id)
    db.session.commit()
    return "", 204


def _values(member: Member, conversation: Conversation) -> dict[str, str]:
    contact = db.session.get_one(Contact, conversation.contact_id)
    channel = db.session.get_one(Channel, conversation.channel_id)
    name = person_word(contact.display_name, contact.handle)
    has_name = bool(contact.display_name or contact.handle)
    return {
        "name": name if has_name else "",
        "first_name": first_name(contact.display_name or ""),
        "handle": f"@{contact.handle}" if contact.handle else "",
        "channel": channel.display_name or channel.handle,
        "me": member.name,
    }


def _form(found: SavedReply | None, typed: reading.Typed, error: RelevoError | None = None) -> str:
    session, member = db.session(), doors.current_member()
    return render_template(
        "saved_replies/form.html",
        saved=found,
        # After a refusal it stays the one that was seen: what a colleague wrote meanwhile is not overwritten unread.
        version=request.form.get("version", "") or (found.version if found else ""),
        typed=typed,
        languages=reading.list_languages(typed),
        teams=saved.list_own_teams(session, member, leading=True),
        may_change=found is None or saved.may_change(session, member, found),
        error=sentence_of(error) if error else "",
    )


def _done(said: str) -> Response:
    db.session.commit()
    say(said)
    return redirect(url_for("saved_replies.index"), 303)
