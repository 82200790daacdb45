"""A member's own methods: added, proved by a code, tried, put in order, removed."""

import secrets
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.errors import Conflict, Invalid, NotFound
from inbox.members.models import Member
from inbox.notifications import incidents, sealing
from inbox.notifications.models import MethodState, Notification, NotificationMethod, QuietHours
from inbox.notifications.notices import Notice
from inbox.notifications.queue import queue_notice
from inbox.notifications.send import SENDERS
from inbox.security import Vault, token_hash
from inbox.settings import Pace, Settings

MOST_METHODS, MOST_CODES, MOST_CODE_TRIES = 12, 5, 5
LONGEST_LABEL = 60
MINUTES_A_DAY = 24 * 60


def list_methods(session: Session, member_id: int) -> list[NotificationMethod]:
    """Return a member's methods in their order, verified or not."""
    method = NotificationMethod
    query = select(method).where(method.member_id == member_id, method.removed_at.is_(None))
    return list(session.scalars(query.order_by(method.place, method.id)))


def access_method(session: Session, member_id: int, method_id: int) -> NotificationMethod:
    """Return a method if it is the member's own, held against other writers; raises NotFound."""
    method = session.get(NotificationMethod, method_id, with_for_update=True)
    if method is None or method.member_id != member_id or method.removed_at is not None:
        raise NotFound("method_not_found")
    return method


def list_kinds(settings: Settings) -> list[str]:
    """Return the kinds by which this installation can send."""
    return [kind for kind, sender in SENDERS.items() if sender.is_ready(settings)]


def add_method(
    session: Session,
    member: Member,
    kind: str,
    given: Mapping[str, str],
    *,
    label: str,
    settings: Settings,
    session_id: int | None = None,
) -> NotificationMethod:
    """Add a method, not yet verified, at the end of the order; raises Invalid saying what to mend.

    `session_id`: the sign-in with which a browser's ends. A browser has one subscription, so what was added by this
    sign-in before reaches nobody any more: it is removed, and the new method takes its place.
    """
    sender = SENDERS.get(kind)
    if sender is None or not sender.is_ready(settings):
        raise Invalid("method_kind_unknown")
    address = sender.read(given)
    session.get_one(Member, member.id, with_for_update=True)  # two tabs count one after the other
    methods = list_methods(session, member.id)
    place = max((one.place for one in methods), default=0) + 1
    for old in [one for one in methods if session_id is not None and one.session_id == session_id]:
        remove_method(session, old)
        methods.remove(old)
        place = min(place, old.place)
    if len(methods) >= MOST_METHODS:
        raise Conflict("methods_too_many", most=MOST_METHODS)
    method = NotificationMethod(
        member_id=member.id,
        kind=kind,
        label=" ".join(label.split())[:LONGEST_LABEL],
        hint=sender.hint(address),
        sealed=sealing.seal(address),
        place=place,
        created_at=clock.now(),
        session_id=session_id,
    )
    session.add(method)
    session.flush()
    _write_down(session, method, "added")
    return method


def send_code(
    session: Session, member: Member, method: NotificationMethod, notice: Notice, code: str, pace: Pace
) -> None:
    """Send a code to a method in a notice that says it; the code before it is good no more. Raises Conflict."""
    if method.sealed is None:
        raise Invalid("method_ended")
    _check_rate(session, member.id, pace)
    method.code_hash = _hash(method, code)
    method.code_until_at = clock.now() + timedelta(seconds=pace.code_seconds)
    method.code_try_count = 0
    queue_notice(session, notice, [method], member=member, now=clock.now())


def new_code() -> str:
    """Return six random digits."""
    return f"{secrets.randbelow(1_000_000):06}"


def verify(session: Session, method: NotificationMethod, typed: str) -> None:
    """Take a code for proof that its method reaches the member.

    Raises Invalid; a try counts whether it was right or not, so the caller commits even then.
    """
    if method.code_hash is None or method.code_until_at is None or method.code_until_at <= clock.now():
        raise Invalid("code_too_old")
    if method.code_try_count >= MOST_CODE_TRIES:
        raise Invalid("code_tried_too_often")
    method.code_try_count += 1
    code = "".join(letter for letter in typed if letter.isdigit())
    if not secrets.compare_digest(_hash(method, code), method.code_hash):
        session.flush()
        raise Invalid("code_wrong", left=MOST_CODE_TRIES - method.code_try_count)
    method.state, method.verified_at = MethodState.VERIFIED, clock.now()
    method.code_hash = method.code_until_at = method.error_code = method.failing_since_at = None
    _write_down(session, method, "verified")


def send_test(session: Session, member: Member, method: NotificationMethod, notice: Notice, pace: Pace) -> None:
    """Send a test to a verified method; raises Invalid for another, Conflict when there were too many."""
    if method.verified_at is None:
        raise Invalid("method_unverified")
    _check_rate(session, member.id, pace)
    queue_notice(session, notice, [method], member=member, now=clock.now())


def remove_method(session: Session, method: NotificationMethod) -> None:
    """Forget a method and its address; what is still queued for it goes nowhere.

    Where it has incidents open, their ends leave first, and its address is kept until they have.
    """
    now = clock.now()
    method.removed_at, method.code_hash = now, None
    session.flush()
    if not incidents.let_go(session, method, now):
        method.sealed = None
    _write_down(session, method, "removed")


def move_method(session: Session, method: NotificationMethod, *, is_up: bool) -> None:
    """Put a method one place earlier or later in its member's order; at either end nothing changes."""
    methods = list_methods(session, method.member_id or 0)
    at = methods.index(method)
    to = at - 1 if is_up else at + 1
    if 0 <= to < len(methods):
        methods[at], methods[to] = methods[to], methods[at]
    for place, one in enumerate(methods, start=1):
        one.place = place


def set_quiet_hours(session: Session, member_id: int, from_minute: int | None, until_minute: int | None) -> None:
    """Let warnings wait between two minutes of the member's day; None: they don't wait. Raises Invalid."""
    row = session.get(QuietHours, member_id)
    if from_minute is None or until_minute is None:
        if row is not None:
            session.delete(row)
        return
    if from_minute == until_minute or not all(0 <= one < MINUTES_A_DAY for one in (from_minute, until_minute)):
        raise Invalid("quiet_hours_malformed")
    if row is None:
        session.add(QuietHours(member_id=member_id, from_minute=from_minute, until_minute=until_minute))
    else:
        row.from_minute, row.until_minute = from_minute, until_minute


def rotate_all(session: Session, vault: Vault) -> int:
    """Seal every address and every notice that has not left with the first key; returns how many addresses."""
    methods = session.scalars(
        select(NotificationMethod).where(NotificationMethod.sealed.is_not(None)).with_for_update()
    )
    count = 0
    for method in methods:
        method.sealed, count = vault.rotate(method.sealed or b""), count + 1
    for row in session.scalars(select(Notification).where(Notification.sealed.is_not(None)).with_for_update()):
        row.sealed = vault.rotate(row.sealed or b"")
    session.flush()
    return count


def _check_rate(session: Session, member_id: int, pace: Pace) -> None:
    """Keep anybody from having strangers' phones called: a few codes and tests an hour."""
    since_at = clock.now() - timedelta(seconds=pace.codes_seconds)
    query = select(func.count()).select_from(Notification)
    query = query.where(Notification.member_id == member_id, Notification.created_at > since_at)
    if (session.scalar(query.where(Notification.kind.in_(("verification", "test")))) or 0) >= MOST_CODES:
        raise Conflict("codes_too_many", most=MOST_CODES)


def _hash(method: NotificationMethod, code: str) -> str:
    return token_hash(f"method {method.id} of {method.created_at.isoformat()}: {code}")


def _write_down(session: Session, method: NotificationMethod, change: str) -> None:
    after = {"member_id": method.member_id, "method": change, "kind": method.kind}
    record(session, kinds.MEMBER_CHANGED, member_id=method.member_id, after=after)
