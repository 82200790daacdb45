"""The questions before a deed: who, until when, which label. A dialog for scripts, a page of its own without."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from inbox.contacts.models import Contact
from inbox.conversations.access import access_conversation
from inbox.conversations.labels import list_labels
from inbox.conversations.models import Conversation, Priority
from inbox.database import db
from inbox.desk import snoozes
from inbox.desk.threads import labels_of
from inbox.desk.words import person_word
from inbox.members import doors
from inbox.members.access import list_colleagues
from inbox.members.models import Grant, Team
from inbox.numbers import read_number

blueprint = Blueprint("dialogs", __name__)


@blueprint.get("/c/<int:conversation_id>/assign")
@doors.members
def assign_dialog(conversation_id: int) -> str:
    """Ask who takes it."""
    found = _access(conversation_id)
    where = (found.channel_id, found.is_private)
    colleagues = list_colleagues(db.session(), *where, power="triage")
    teams = _list_teams(*where)
    return _show("assign", _("Who takes it?"), found, colleagues=colleagues, teams=teams)


@blueprint.get("/c/<int:conversation_id>/snooze")
@doors.members
def snooze_dialog(conversation_id: int) -> str:
    """Ask until when it sleeps."""
    zone = snoozes.viewer_zone()
    return _show(
        "snooze", _("Snooze until when?"), _access(conversation_id), presets=snoozes.list_presets(zone), zone=zone.key
    )


@blueprint.get("/c/<int:conversation_id>/priority")
@doors.members
def priority_dialog(conversation_id: int) -> str:
    """Ask how soon it should be looked at."""
    return _show("priority", _("How urgent is it?"), _access(conversation_id), priorities=list(Priority))


@blueprint.get("/c/<int:conversation_id>/label")
@doors.members
def label_dialog(conversation_id: int) -> str:
    """Ask which label."""
    found = _access(conversation_id)
    has = {one.id for one in labels_of(db.session(), found.id)}
    return _show(
        "label", _("Which label?"), found, labels=list_labels(db.session(), doors.current_member().id), has=has
    )


@blueprint.get("/c/<int:conversation_id>/finish")
@doors.members
def finish_dialog(conversation_id: int) -> str:
    """Ask why nothing more is said, when something awaits."""
    seen_seq = read_number(request.args.get("seen_seq")) or 0
    return _show("finish", _("Somebody still waits. Why is it done?"), _access(conversation_id), seen_seq=seen_seq)


def _access(conversation_id: int) -> Conversation:
    return access_conversation(db.session(), doors.current_member().id, conversation_id, "triage")


def _list_teams(channel_id: int, is_private: bool) -> list[Team]:
    """List the teams that a grant lets see this."""
    seeing = select(Grant.team_id).where(Grant.channel_id == channel_id, Grant.can_see)
    if is_private:
        seeing = seeing.where(Grant.can_see_private)
    return list(db.session.scalars(select(Team).where(Team.id.in_(seeing)).order_by(Team.name)))


def _person(found: Conversation) -> str:
    """Name whom the question is about: keys act on the row that has the focus, which need not be the open one."""
    contact = db.session.get_one(Contact, found.contact_id)
    return person_word(contact.display_name, contact.handle)


def _show(name: str, title: str, found: Conversation, **values: Any) -> str:
    template = "desk/_dialog.html" if "HX-Request" in request.headers else "desk/dialog_page.html"
    return render_template(
        template,
        name=name,
        title=title,
        conversation=found,
        person=_person(found),
        me=doors.current_member(),
        back_url=url_for("desk.conversation", conversation_id=found.id),
        **values,
    )
