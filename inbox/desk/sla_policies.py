"""The pages of SLA policies: what is promised to whom, in order; and what a change does to those who wait already."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from inbox import clock
from inbox.database import db, read_only
from inbox.desk.shell import say
from inbox.desk.sla_effects import EffectShown, look_ahead
from inbox.desk.sla_policy_form import PolicyForm, list_choices, read_form, rearranged, wanted
from inbox.desk.sla_policy_pages import current_form, empty_form, form_page, list_shown, list_story
from inbox.errors import Conflict, Invalid, RelevoError
from inbox.members import doors, forms
from inbox.members.models import Member
from inbox.numbers import read_number
from inbox.sentences import sentence_of
from inbox.sla import replanning, saving
from inbox.sla.access import (
    access_policy,
    check_channels,
    check_may_read,
    list_archived,
    list_led_channels,
    list_seen,
)
from inbox.sla.models import SlaPolicy, SlaPolicyVersion
from inbox.sla.policies import get_version, list_current

blueprint = Blueprint("sla_policies", __name__)
Answer = str | Response | tuple[str, int]
RUNNING, NEW_ONLY = "running", "new"


@blueprint.get("/sla/policies")
@doors.members
def index() -> Answer:
    """List the policies that the member may know of, in the order in which they are tried."""
    member, session = _reader(), db.session()
    shown = list_shown(session, member)
    ids = None if member.is_admin else [one.version.policy_id for one in shown]
    may_make = member.is_admin or bool(list_led_channels(session, member))
    return render_template(
        "sla_policies/index.html",
        policies=shown,
        archived=list_archived(session, member),
        story=list_story(session, ids),
        may_make=may_make,
    )


@blueprint.get("/sla/policies/new")
@doors.members
def new() -> Answer:
    """Show the form of a new policy."""
    return form_page(db.session(), _reader(), empty_form(), None)


@blueprint.post("/sla/policies/new")
@doors.members
def make() -> Answer:
    """Make a policy, once its maker has seen what it does to those who wait already."""
    return _take(_reader(), None)


@blueprint.get("/sla/policies/<int:sla_policy_id>")
@doors.members
def show(sla_policy_id: int) -> Answer:
    """Show a policy's form, or only what it says; and what was done with running timers."""
    member, session = _reader(), db.session()
    policy = access_policy(session, member, sla_policy_id)
    return form_page(session, member, current_form(session, policy), policy)


@blueprint.post("/sla/policies/<int:sla_policy_id>")
@doors.members
def save(sla_policy_id: int) -> Answer:
    """Save another version, once whoever saves it has seen what it does to those who wait already."""
    member = _reader()
    return _take(member, access_policy(db.session(), member, sla_policy_id, "edit"))


@blueprint.get("/sla/policies/<int:sla_policy_id>/calendar")
@doors.members
def calendar(sla_policy_id: int) -> Answer:
    """Show what the newest version of its calendar does to those who wait already, and ask."""
    member, session = _reader(), db.session()
    policy = access_policy(session, member, sla_policy_id, "edit")
    form = current_form(session, policy)
    try:
        asked = wanted(form, list_choices(session, member), get_version(session, policy.id, policy.version))
        effect = _look(session, member, saving.as_version(asked, policy.id, policy.version + 1))
    except Invalid as error:
        return form_page(session, member, form, policy, error)
    return _ask(form, policy, effect)


@blueprint.post("/sla/policies/<int:sla_policy_id>/move")
@doors.members
def move(sla_policy_id: int) -> Answer:
    """Let a policy be tried before or after another one; then show what that means for those who wait already."""
    member, session = _reader(), db.session()
    policy = access_policy(session, member, sla_policy_id, "edit")
    past_id = read_number(forms.text("past_id")) or 0
    try:
        if past_id not in {one.policy_id for one in list_seen(session, member)}:
            raise Conflict("sla_policies_reordered")
        saving.move_policy(session, policy, past_id, is_up=forms.text("way") == "up", by_member_id=member.id)
        session.commit()
    except RelevoError as error:
        session.rollback()
        return _to_list(sentence_of(error), is_bad=True)
    return _show_effect(session, member, sla_policy_id, _("Moved."))


@blueprint.get("/sla/policies/<int:sla_policy_id>/archive")
@doors.members
def confirm_archiving(sla_policy_id: int) -> Answer:
    """Show what archiving a policy does to those who wait already, and ask."""
    member, session = _reader(), db.session()
    policy = access_policy(session, member, sla_policy_id, "edit")
    rest = [one for one in list_current(session) if one.policy_id != policy.id]
    effect = look_ahead(session, member, rest, policy.id, clock.now())
    return render_template("sla_policies/archive.html", policy=policy, effect=effect)


@blueprint.post("/sla/policies/<int:sla_policy_id>/archive")
@doors.members
def archive(sla_policy_id: int) -> Answer:
    """Archive a policy."""
    member, session = _reader(), db.session()
    policy = access_policy(session, member, sla_policy_id, "edit")
    try:
        saving.archive_policy(session, policy, read_number(forms.text("seen_version")) or 0, by_member_id=member.id)
        _bring_along(session, member, sla_policy_id)
        session.commit()
    except RelevoError as error:
        session.rollback()
        return _to_list(sentence_of(error), is_bad=True)
    return _to_list(_("Archived."))


@blueprint.post("/sla/policies/<int:sla_policy_id>/restore")
@doors.members
def restore(sla_policy_id: int) -> Answer:
    """Take an archived policy up again; then show what that means for those who wait already."""
    member, session = _reader(), db.session()
    policy = access_policy(session, member, sla_policy_id, "edit")
    try:
        saving.restore_policy(session, policy, by_member_id=member.id)
        session.commit()
    except RelevoError as error:
        session.rollback()
        return _to_list(sentence_of(error), is_bad=True)
    return _show_effect(session, member, sla_policy_id, _("The policy counts again."))


@blueprint.get("/sla/policies/<int:sla_policy_id>/running")
@doors.members
def running(sla_policy_id: int) -> Answer:
    """Show what those who wait already would get by the policies as they stand, and ask."""
    member, session = _reader(), db.session()
    policy = access_policy(session, member, sla_policy_id, "edit")
    effect = look_ahead(session, member, list_current(session), policy.id, clock.now())
    return render_template("sla_policies/running.html", policy=policy, effect=effect)


@blueprint.post("/sla/policies/<int:sla_policy_id>/running")
@doors.members
def bring_along(sla_policy_id: int) -> Answer:
    """Let workers bring running timers to the policies as they stand."""
    member, session = _reader(), db.session()
    policy = access_policy(session, member, sla_policy_id, "edit")
    _bring_along(session, member, policy.id)
    session.commit()
    return redirect(url_for("sla_policies.show", sla_policy_id=sla_policy_id), 303)


def _reader() -> Member:
    member = doors.current_member()
    check_may_read(db.session(), member)
    return member


def _show_effect(session: Session, member: Member, policy_id: int, said: str) -> Answer:
    """Go to what a change of the order does to those who wait already; to the list, where it does nothing."""
    with read_only():
        effect = look_ahead(session, member, list_current(session), policy_id, clock.now())
        session.rollback()
    if effect is not None:
        return redirect(url_for("sla_policies.running", sla_policy_id=policy_id), 303)
    return _to_list(said)


def _take(member: Member, policy: SlaPolicy | None) -> Answer:
    """Take what a form asks for: one of its buttons, a look at what would happen, or the policy itself."""
    session, form, act = db.session(), read_form(), forms.text("act")
    try:
        if act not in ("", "confirm"):
            return form_page(session, member, rearranged(form, act), policy)
        current = get_version(session, policy.id, policy.version) if policy else None
        asked = wanted(form, list_choices(session, member), current)
        saving.check(asked)
        check_channels(session, member, asked.channel_ids)
        if act == "" and (effect := _look_first(session, member, asked, policy)) is not None:
            return _ask(form, policy, effect)
        return _keep(session, member, asked, policy)
    except RelevoError as error:
        session.rollback()
        policy = access_policy(session, member, policy.id) if policy else None
        return form_page(session, member, form, policy, error)


def _look_first(session: Session, member: Member, asked: saving.Wanted, policy: SlaPolicy | None) -> EffectShown | None:
    """Look at what a policy would do without holding the database's lock for it."""
    policy_id, number = (policy.id, policy.version + 1) if policy else (0, 1)
    session.rollback()
    with read_only():
        effect = _look(session, member, saving.as_version(asked, policy_id, number))
        session.rollback()
    return effect


def _look(session: Session, member: Member, version: SlaPolicyVersion) -> EffectShown | None:
    versions = saving.in_place(list_current(session), version)
    return look_ahead(session, member, versions, version.policy_id, clock.now())


def _ask(form: PolicyForm, policy: SlaPolicy | None, effect: EffectShown | None) -> Answer:
    return render_template("sla_policies/review.html", form=form, policy=policy, effect=effect)


def _keep(session: Session, member: Member, asked: saving.Wanted, policy: SlaPolicy | None) -> Answer:
    now = clock.now()
    if policy is None:
        made = saving.make_policy(session, asked, by_member_id=member.id, now=now)
    else:
        made = saving.save_policy(session, policy, asked, by_member_id=member.id, now=now)
    _bring_along(session, member, made.policy_id)
    policy_id = made.policy_id
    session.commit()
    say(_("Saved."))
    return redirect(url_for("sla_policies.show", sla_policy_id=policy_id), 303)


def _bring_along(session: Session, member: Member, policy_id: int) -> None:
    """Begin to replan, if the form says that running timers are meant too."""
    if request.form.get("whom") == RUNNING:
        replanning.begin(session, policy_id, by_member_id=member.id, now=clock.now())


def _to_list(text: str, *, is_bad: bool = False) -> Answer:
    say(text, is_bad=is_bad)
    return redirect(url_for("sla_policies.index"), 303)
