"""The pages of escalation policies: whom alerts are told to, step after step."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from inbox import clock
from inbox.database import db
from inbox.desk.alert_pages import member_names
from inbox.desk.escalation_form import Choices, PolicyForm, form_of, list_choices, read_form, rearranged, wanted
from inbox.desk.escalation_words import step_sentences
from inbox.desk.shell import say
from inbox.errors import Invalid, NotAllowed, RelevoError
from inbox.escalation.access import access_policy, check_may_read, list_led_teams, list_policies, may_edit
from inbox.escalation.models import EscalationPolicy
from inbox.escalation.policies import list_versions, make_policy, plan_of, save_policy
from inbox.escalation.steps import DEFAULT, Plan
from inbox.members import doors
from inbox.members.models import Member
from inbox.sentences import sentence_of

blueprint = Blueprint("escalation", __name__)
Answer = str | Response | tuple[str, int]


@blueprint.get("/escalation")
@doors.members
def index() -> Answer:
    """List the policies that the member may know of, each with its steps in words."""
    member, session = _reader(), db.session()
    shown = [
        (policy, _sentences(session, member, plan_of(session, policy))) for policy in list_policies(session, member)
    ]
    return render_template("escalation/index.html", policies=shown)


@blueprint.get("/escalation/new")
@doors.members
def new() -> Answer:
    """Show an empty form, filled as the house's own policy is."""
    member = _reader()
    form = form_of("", DEFAULT, 0, None)
    return _form_page(member, form, None, None)


@blueprint.post("/escalation/new")
@doors.members
def make() -> Answer:
    """Make a policy, or add and move steps of one that is still being written."""
    member, session, form = _reader(), db.session(), read_form()
    if request.form.get("act"):
        return _form_page(member, rearranged(form, request.form["act"]), None, None)
    try:
        _check_team(session, member, form.team_id)
        choices = list_choices(session, member, None)
        asked = wanted(session, form, choices, None, clock.now())
        make_policy(session, asked, by_member_id=member.id, now=clock.now())
        session.commit()
    except RelevoError as error:
        session.rollback()
        return _form_page(member, form, None, None, error)
    say(_("Saved."))
    return redirect(url_for("escalation.index"), 303)


@blueprint.get("/escalation/<int:policy_id>")
@doors.members
def show(policy_id: int) -> Answer:
    """Show a policy's form, or only its steps where the member may not change it; and who saved it when."""
    member, session = _reader(), db.session()
    policy = access_policy(session, member, policy_id)
    plan = plan_of(session, policy)
    return _form_page(member, form_of(policy.name, plan, policy.number, policy.team_id), policy, plan)


@blueprint.post("/escalation/<int:policy_id>")
@doors.members
def save(policy_id: int) -> Answer:
    """Save another version, or add and move steps."""
    member, session, form = _reader(), db.session(), read_form()
    policy = access_policy(session, member, policy_id, "edit")
    plan = plan_of(session, policy)
    if request.form.get("act"):
        return _form_page(member, rearranged(form, request.form["act"]), policy, plan)
    try:
        asked = wanted(session, form, list_choices(session, member, plan), plan, clock.now())
        save_policy(session, policy, asked, by_member_id=member.id, now=clock.now())
        session.commit()
    except (Invalid, RelevoError) as error:
        session.rollback()
        return _form_page(member, form, access_policy(session, member, policy_id), plan, error)
    say(_("Saved. Open alerts follow it from their next step on."))
    return redirect(url_for("escalation.show", policy_id=policy_id), 303)


def _reader() -> Member:
    member = doors.current_member()
    check_may_read(db.session(), member)
    return member


def _check_team(session: Session, member: Member, team_id: int | None) -> None:
    """A lead's policy is of a team that they lead; the house's are made by admins."""
    if team_id is None and not member.is_admin:
        raise NotAllowed("team_needed")
    if team_id is not None and team_id not in {team.id for team in list_led_teams(session, member)}:
        raise Invalid("team_not_found")


def _sentences(session: Session, member: Member, plan: Plan) -> list[str]:
    return step_sentences(plan, _named(session, plan, list_choices(session, member, plan)))


def _named(session: Session, plan: Plan, choices: Choices) -> Choices:
    """Return the choices with the names of members whom the plan names and this member can't choose."""
    numbers = {one.number for step in plan.steps for one in step.targets if one.kind == "member"}
    missing = member_names(session, numbers - set(choices.members))
    return Choices({**choices.members, **missing}, choices.teams, choices.rotations, choices.webhooks)


def _form_page(
    member: Member,
    form: PolicyForm,
    policy: EscalationPolicy | None,
    plan: Plan | None,
    error: RelevoError | None = None,
) -> Answer:
    session = db.session()
    choices = list_choices(session, member, plan)
    versions = list_versions(session, policy.id) if policy else []
    page = render_template(
        "escalation/form.html",
        form=form,
        policy=policy,
        choices=_named(session, plan, choices) if plan else choices,
        may_edit=policy is None or may_edit(member, policy),
        sentences=_sentences(session, member, plan) if plan else [],
        teams=list_led_teams(session, member),
        versions=versions,
        names=member_names(session, [version.member_id for version in versions]),
        error=sentence_of(error) if error else "",
    )
    return (page, error.status) if error else page
