"""Keeping replies ready: made, changed and taken out by leads and admins, used by whoever may answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select, true, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.errors import Conflict, Invalid, NotAllowed, NotFound
from inbox.members.models import Member, Membership, Role, Team
from inbox.replies.saved_models import SavedReply
from inbox.replies.variables import VARIABLES, list_unknown

LONGEST_NAME = 80
LONGEST_TEXT = 5000
MOST_LANGUAGES = 10
MOST_SAVED = 1000
MOST_SHOWN = 30


@dataclass(frozen=True)
class Wanted:
    """A saved reply as the form gives it. `texts`: by language, "" for any; `team_id` None: for everybody."""

    name: str
    folder: str
    team_id: int | None
    texts: Mapping[str, str]


def may_keep(session: Session, member: Member) -> bool:
    """Tell whether a member may make saved replies: admins, and whoever leads a team."""
    return member.is_admin or bool(list_own_teams(session, member, leading=True))


def list_own_teams(session: Session, member: Member, *, leading: bool = False) -> list[Team]:
    """Return the teams whose saved replies a member reads, or with `leading` keeps, by name; an admin's are all."""
    query = select(Team).order_by(Team.name, Team.id)
    if not member.is_admin:
        query = query.join(Membership, Membership.team_id == Team.id).where(Membership.member_id == member.id)
        if leading:
            query = query.where(Membership.role == Role.LEAD.value)
    return list(session.scalars(query))


def list_saved(session: Session, member: Member) -> list[SavedReply]:
    """Return what a member may use, by folder and name."""
    query = select(SavedReply).where(_is_readable(member)).order_by(SavedReply.folder, SavedReply.name, SavedReply.id)
    return list(session.scalars(query.limit(MOST_SAVED)))


def suggest(session: Session, member: Member, words: str) -> list[SavedReply]:
    """Return what fits what was typed, the most used first: every word stands in name, folder or a text."""
    wanted = [word.casefold() for word in words.split()[:10]]
    found = [one for one in list_saved(session, member) if _fits(one, wanted)]

    def order(one: SavedReply) -> tuple[bool, int, str]:
        begins = bool(wanted) and one.name.casefold().startswith(wanted[0])
        return (not begins, -one.use_count, one.name.casefold())

    return sorted(found, key=order)[:MOST_SHOWN]


def access_saved(session: Session, member: Member, saved_id: int, *, to_change: bool = False) -> SavedReply:
    """Return a saved reply that the member may use, or change; raises NotFound, NotAllowed('leads_only')."""
    found = session.scalar(select(SavedReply).where(SavedReply.id == saved_id, _is_readable(member)))
    if found is None:
        raise NotFound("saved_reply_not_found")
    if to_change and not may_change(session, member, found):
        raise NotAllowed("leads_only")
    return found


def may_change(session: Session, member: Member, saved: SavedReply) -> bool:
    """Tell whether a member may change one: an admin any, a lead their teams'."""
    led = {team.id for team in list_own_teams(session, member, leading=True)}
    return member.is_admin or saved.team_id in led


def make(session: Session, member: Member, wanted: Wanted) -> SavedReply:
    """Keep a new one; raises Invalid, or NotAllowed for a team that is not the member's to keep for."""
    _check(session, member, wanted)
    count = session.query(SavedReply).count()
    if count >= MOST_SAVED:
        raise Invalid("saved_replies_too_many", most=MOST_SAVED)
    now = clock.now()
    saved = SavedReply(
        name=wanted.name,
        folder=wanted.folder,
        team_id=wanted.team_id,
        texts=dict(wanted.texts),
        changed_by_id=member.id,
        created_at=now,
        changed_at=now,
    )
    session.add(saved)
    session.flush()
    return saved


def change(session: Session, member: Member, saved_id: int, wanted: Wanted, *, seen_version: int) -> SavedReply:
    """Change one; raises Conflict('saved_reply_changed') when somebody else did meanwhile."""
    saved = access_saved(session, member, saved_id, to_change=True)
    _check(session, member, wanted)
    values = {
        "name": wanted.name,
        "folder": wanted.folder,
        "team_id": wanted.team_id,
        "texts": dict(wanted.texts),
        "version": SavedReply.version + 1,
        "changed_by_id": member.id,
        "changed_at": clock.now(),
    }
    done = session.execute(
        update(SavedReply).where(SavedReply.id == saved.id, SavedReply.version == seen_version).values(values)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]  # a CursorResult, as every update gives
        raise Conflict("saved_reply_changed", name=saved.name)
    session.refresh(saved)
    return saved


def take_out(session: Session, member: Member, saved_id: int) -> str:
    """Delete one and return its name; what was sent with it stays as it is."""
    saved = access_saved(session, member, saved_id, to_change=True)
    session.delete(saved)
    session.flush()
    return saved.name


def count_use(session: Session, member: Member, saved_id: int) -> None:
    """Count that somebody put it into an answer."""
    saved = access_saved(session, member, saved_id)
    values = {"use_count": SavedReply.use_count + 1, "used_at": clock.now()}
    session.execute(update(SavedReply).where(SavedReply.id == saved.id).values(values))


def _is_readable(member: Member) -> ColumnElement[bool]:
    if member.is_admin:
        return true()
    mine = select(Membership.team_id).where(Membership.member_id == member.id)
    return or_(SavedReply.team_id.is_(None), SavedReply.team_id.in_(mine))


def _fits(saved: SavedReply, wanted: list[str]) -> bool:
    if not wanted:
        return True
    where = "\n".join((saved.name, saved.folder, *saved.texts.values())).casefold()
    return all(word in where for word in wanted)


def _check(session: Session, member: Member, wanted: Wanted) -> None:
    _check_words(wanted)
    if member.is_admin and (wanted.team_id is None or session.get(Team, wanted.team_id) is not None):
        return
    if wanted.team_id not in {team.id for team in list_own_teams(session, member, leading=True)}:
        raise Invalid("saved_reply_team_needed")


def _check_words(wanted: Wanted) -> None:
    if not wanted.name:
        raise Invalid("saved_reply_unnamed")
    if len(wanted.name) > LONGEST_NAME or len(wanted.folder) > LONGEST_NAME:
        raise Invalid("saved_reply_name_long", most=LONGEST_NAME)
    if not wanted.texts:
        raise Invalid("saved_reply_empty")
    if len(wanted.texts) > MOST_LANGUAGES or any(len(text) > LONGEST_TEXT for text in wanted.texts.values()):
        raise Invalid("saved_reply_long", most=LONGEST_TEXT)
    unknown = [name for text in wanted.texts.values() for name in list_unknown(text)]
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in VARIABLES)
        raise Invalid("saved_reply_variable", given=f"{{{unknown[0]}}}", known=known)
