"""What a member sets for themselves: name, language, zone, look, undo time, keys, password."""

from dataclasses import asdict, dataclass
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.record import record
from inbox.errors import Conflict, Invalid, NotFound
from inbox.members import sessions
from inbox.members.models import Member

LANGUAGES = ("en", "es")
THEMES = ("auto", "light", "dark")
LONGEST_UNDO_SECONDS = 30


@dataclass(frozen=True)
class Profile:
    """A member's own settings; `locale` None follows the browser."""

    name: str
    locale: str | None
    time_zone: str
    theme: str
    undo_seconds: int
    are_keys_on: bool


def get_member(session: Session, member_id: int) -> Member:
    """Return the member's row; raises NotFound."""
    member = session.get(Member, member_id)
    if member is None:
        raise NotFound("member_not_found")
    return member


def change_profile(session: Session, member_id: int, wanted: Profile) -> Member:
    """Store a member's own settings; raises Invalid naming the first that can't be used."""
    _check(wanted)
    member = get_member(session, member_id)
    for name, value in asdict(wanted).items():
        setattr(member, name, value)
    return member


def change_email(session: Session, member_id: int, email: str) -> None:
    """Let the member sign in by another address; raises Conflict if it is somebody's."""
    member = get_member(session, member_id)
    if member.email == email:
        return
    if session.scalar(select(Member.id).where(Member.email == email)) is not None:
        raise Conflict("email_taken")
    change = {"member_id": member_id, "email": member.email}, {"member_id": member_id, "email": email}
    member.email = email
    record(session, kinds.MEMBER_CHANGED, member_id=member_id, before=change[0], after=change[1])


def note_time_zone(session: Session, member_id: int, time_zone: str) -> None:
    """Take the browser's zone for a member who has not chosen one."""
    member = get_member(session, member_id)
    if member.time_zone == "UTC" and time_zone in available_timezones():
        member.time_zone = time_zone


def change_password(
    session: Session, member_id: int, password_hash: str, *, was: str | None, keep_session_id: int
) -> int:
    """Store a chosen password's hash and end the member's other sessions; return how many ended.

    `was`: the hash of the password that is replaced; raises Conflict('password_changed') where another has been since.
    """
    member = session.get_one(Member, member_id, with_for_update=True, populate_existing=True)
    if member.password_hash != was:
        raise Conflict("password_changed")
    member.password_hash = password_hash
    member.must_change_password = False
    member.one_time_until_at = None
    record(session, kinds.MEMBER_CHANGED, member_id=member_id, after={"member_id": member_id, "password": "changed"})
    return sessions.end_all(session, member_id, by_member_id=member_id, but=keep_session_id)


def check_name(given: str) -> str:
    """Return a name as it is kept; raises Invalid if it is empty or too long."""
    name = " ".join(given.replace("\0", "").split())
    shows = any(letter.isprintable() and not letter.isspace() for letter in name)  # a name of marks alone does not
    if not shows or len(name) > 80:
        raise Invalid("name_malformed")
    return name


def _check(wanted: Profile) -> None:
    check_name(wanted.name)
    if wanted.locale is not None and wanted.locale not in LANGUAGES:
        raise Invalid("language_unknown")
    if wanted.time_zone not in available_timezones():
        raise Invalid("time_zone_unknown", time_zone=wanted.time_zone)
    if wanted.theme not in THEMES:
        raise Invalid("theme_unknown")
    if not 0 <= wanted.undo_seconds <= LONGEST_UNDO_SECONDS:
        raise Invalid("undo_seconds_out_of_range", longest=LONGEST_UNDO_SECONDS)
