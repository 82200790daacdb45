"""The pages of rotations: who is on now and next, the weeks ahead; planning them for leads and admins."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from inbox import clock
from inbox.database import db
from inbox.desk import rotation_forms, rotation_words
from inbox.desk.rotation_forms import DeskRow, write_clock, write_shifts
from inbox.desk.shell import say
from inbox.errors import Invalid, RelevoError
from inbox.members import doors, forms
from inbox.members.models import Member
from inbox.notifications.queries import list_reachable
from inbox.oncall import access, overrides, queries, rotations
from inbox.oncall.models import Rotation, RotationKind
from inbox.oncall.moments import local
from inbox.oncall.plans import Plan
from inbox.oncall.shifts import Turns
from inbox.sentences import sentence_of

blueprint = Blueprint("rotations", __name__)
Answer = str | Response | tuple[str, int]
_FREE_PLACES = 3
_FREE_ROWS = 3


@blueprint.get("/rotations")
@doors.members
def index() -> Answer:
    """Show every rotation: who is on now and next, and what is wrong."""
    session, now = db.session(), clock.now()
    shown = [rotation_words.show(session, one, now, list_reachable) for one in queries.list_rotations(session)]
    may_plan = access.may_plan(session, doors.current_member())
    return render_template("rotations/index.html", rotations=shown, may_plan=may_plan)


@blueprint.get("/rotations/new")
@doors.members
def new() -> Answer:
    """Show the form of a new rotation, of the kind in the address."""
    access.check_may_plan(db.session(), doors.current_member())
    return _form(_kind(request.args.get("kind", RotationKind.ON_CALL)))


@blueprint.post("/rotations")
@doors.members
def make() -> Answer:
    """Make a rotation and go to its page."""
    kind = _kind(forms.text("kind"))
    access.check_may_plan(db.session(), doors.current_member())
    try:
        rotation = rotations.make_rotation(db.session(), rotation_forms.read_wanted(kind), doors.current_member())
    except RelevoError as error:
        return _refused(kind, error)
    rotation_id = rotation.id
    db.session.commit()
    say(_("Made. Who is on from now on stands below."))
    return _back(rotation_id)


@blueprint.get("/rotations/<int:rotation_id>")
@doors.members
def show(rotation_id: int) -> Answer:
    """Show one rotation."""
    return _page(queries.get_rotation(db.session(), rotation_id))


@blueprint.get("/rotations/<int:rotation_id>/edit")
@doors.members
def edit(rotation_id: int) -> Answer:
    """Show the form that plans a rotation anew."""
    access.check_may_plan(db.session(), doors.current_member())
    rotation = queries.get_rotation(db.session(), rotation_id)
    return _form(rotation.kind, rotation)


@blueprint.post("/rotations/<int:rotation_id>")
@doors.members
def change(rotation_id: int) -> Answer:
    """Plan a rotation anew from now on."""
    session, member = db.session(), doors.current_member()
    access.check_may_plan(session, member)
    rotation = queries.get_rotation(session, rotation_id)
    kind, plan = rotation.kind, queries.get_plan(session, rotation)
    try:
        wanted = rotation_forms.read_wanted(kind, _started(plan))
        rotations.change_rotation(session, rotation_id, wanted, member, version=forms.whole_number("version"))
    except RelevoError as error:
        return _refused(kind, error, rotation_id)
    db.session.commit()
    say(_("Saved. It counts from now on."))
    return _back(rotation_id)


@blueprint.post("/rotations/<int:rotation_id>/remove")
@doors.members
def remove(rotation_id: int) -> Answer:
    """Take a rotation out of use."""
    version = forms.whole_number("version")
    rotations.remove_rotation(db.session(), rotation_id, doors.current_member(), version=version)
    db.session.commit()
    say(_("Removed. Nobody is on by it any more."))
    return redirect(url_for("rotations.index"), 303)


@blueprint.post("/rotations/<int:rotation_id>/overrides")
@doors.members
def add_override(rotation_id: int) -> Answer:
    """Put somebody on, or give them time off, for a while."""
    session, member = db.session(), doors.current_member()
    access.check_may_plan(session, member)
    rotation = queries.get_rotation(session, rotation_id)
    try:
        member_id, from_at, until_at, is_off = rotation_forms.read_override(rotation.time_zone)
        overrides.add_override(session, rotation_id, member_id, from_at, until_at, member, is_off=is_off)
    except RelevoError as error:
        db.session.rollback()
        return _page(queries.get_rotation(session, rotation_id), error=error), error.status
    db.session.commit()
    say(_("Saved."))
    return _back(rotation_id)


@blueprint.post("/rotations/<int:rotation_id>/overrides/<int:override_id>/remove")
@doors.members
def remove_override(rotation_id: int, override_id: int) -> Answer:
    """Let the plan hold again."""
    overrides.remove_override(db.session(), rotation_id, override_id, doors.current_member())
    db.session.commit()
    say(_("Removed. The plan holds again."))
    return _back(rotation_id)


def _page(rotation: Rotation, error: RelevoError | None = None) -> str:
    session, now, member = db.session(), clock.now(), doors.current_member()
    shown = rotation_words.show(session, rotation, now, list_reachable)
    may_plan = access.may_plan(session, member)
    rows = queries.list_overrides(session, rotation.id, now)
    people = _people(session, member, [*queries.get_plan(session, rotation).member_ids, *(r.member_id for r in rows)])
    names = {one.id: one.name for one in people}
    hour = local(now, rotation.time_zone).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    times = {"from": f"{hour:%Y-%m-%dT%H:%M}", "until": f"{hour + timedelta(hours=8):%Y-%m-%dT%H:%M}"}
    return render_template(
        "rotations/show.html",
        shown=shown,
        rotation=rotation,
        turns=[] if shown.is_desk else rotation_words.list_turns(session, rotation, now),
        weeks=rotation_words.list_weeks(session, rotation, now) if shown.is_desk else [],
        overrides=[(row, names[row.member_id], rotation_words.override_words(row, rotation.time_zone)) for row in rows],
        made=rotation_words.list_made(session, rotation),
        people=[one for one in people if one.deactivated_at is None] if may_plan else [],
        may_plan=may_plan,
        given={**times, **request.form} if error else times,
        error=_sentence(error),
    )


def _form(kind: str, rotation: Rotation | None = None, error: RelevoError | None = None) -> str:
    session, member = db.session(), doors.current_member()
    plan = queries.get_plan(session, rotation) if rotation else None
    people = _people(session, member, plan.member_ids if plan else ())
    is_given = error is not None
    return render_template(
        "rotations/form.html",
        kind=kind,
        rotation=rotation,
        version=forms.text("version") if is_given else rotation.version if rotation else "",
        given=request.form if is_given else _given(rotation, plan, member),
        places=_places(plan, is_given=is_given),
        rows=_rows(plan, is_given=is_given),
        people=people,
        has_begun=plan is not None and _started(plan) is not None,
        weekdays=[_weekday(number) for number in range(7)],
        zones=sorted(available_timezones()),
        error=_sentence(error),
    )


def _refused(kind: str, error: RelevoError, rotation_id: int | None = None) -> tuple[str, int]:
    db.session.rollback()
    rotation = queries.get_rotation(db.session(), rotation_id) if rotation_id else None
    return _form(kind, rotation, error), error.status


def _given(rotation: Rotation | None, plan: Plan | None, member: Member) -> dict[str, Any]:
    zone = plan.zone if plan else member.time_zone
    turns = plan if isinstance(plan, Turns) else None
    first = local(turns.first_at if turns else clock.now(), zone).date()
    return {
        "name": rotation.name if rotation else "",
        "time_zone": zone,
        "cadence": "daily" if turns and turns.is_daily else "weekly",
        "weekday": str(turns.weekday if turns else 0),
        "minute": write_clock(turns.minute if turns else 9 * 60),
        "start_date": first.isoformat(),
    }


def _places(plan: Plan | None, *, is_given: bool) -> list[str]:
    kept = [str(number) for number in plan.member_ids] if plan else []
    places = request.form.getlist("place")[: rotation_forms.MOST_PLACES] if is_given else kept
    return [*(one for one in places if one), *[""] * _FREE_PLACES]


def _rows(plan: Plan | None, *, is_given: bool) -> list[DeskRow]:
    empty = DeskRow(None, ("",) * 7)
    if is_given:
        return rotation_forms.given_rows() or [empty]
    if plan is None or isinstance(plan, Turns):
        return [empty] * _FREE_ROWS
    rows = [DeskRow(one, tuple(write_shifts(plan, one, day) for day in range(7))) for one in plan.member_ids]
    return [*rows, *[empty] * _FREE_ROWS]


def _people(session: Session, member: Member, known: Collection[int]) -> list[Member]:
    """Return whom the member may choose, with those who are in it already."""
    found = {one.id: one for one in access.list_choosable(session, member)}
    kept = session.query(Member).filter(Member.id.in_(set(known) - set(found)))
    return sorted([*found.values(), *kept], key=lambda one: (one.name.casefold(), one.id))


def _started(plan: Plan) -> Turns | None:
    return plan if isinstance(plan, Turns) and plan.first_at <= clock.now() else None


def _weekday(number: int) -> str:
    return str(_(rotation_words.WEEKDAYS[number]))


def _kind(given: str) -> str:
    if given not in set(RotationKind):
        raise Invalid("rotation_kind_unknown")
    return given


def _sentence(error: RelevoError | None) -> str:
    return sentence_of(error) if error else ""


def _back(rotation_id: int) -> Response:
    return redirect(url_for("rotations.show", rotation_id=rotation_id), 303)
