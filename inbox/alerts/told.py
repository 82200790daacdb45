"""Which timers of an alert a member was told of: each keeps who heard of it, as one word for many (RULES F)."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Update, or_, select, update
from sqlalchemy.orm import Session

from inbox.alerts.models import Alert, AlertTimer


def as_word(member_ids: Collection[int]) -> str:
    """Return how timers keep whom they were told to: ids, each between two spaces."""
    return f" {' '.join(str(number) for number in sorted(set(member_ids)))} "


def open_timers(alert: Alert) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """SQL on AlertTimer: it is one of the alert's that wait still."""
    return AlertTimer.alert_id == alert.id, AlertTimer.gone_at.is_(None)


def was_told_to(member_id: int) -> ColumnElement[bool]:
    """SQL on AlertTimer: the member was told of it."""
    return AlertTimer.told_to.like(f"% {member_id} %")


def mark_told(
    session: Session, alert: Alert, member_ids: Collection[int], now: datetime, *whose: ColumnElement[bool]
) -> None:
    """Note that these members were told of the timers that nobody was told of yet."""
    untold = update(AlertTimer).where(*open_timers(alert), AlertTimer.told_at.is_(None), *whose)
    session.execute(_quietly(untold.values(told_at=now, told_to=as_word(member_ids))))


def mark_missed(session: Session, alert: Alert, member_id: int, at: datetime) -> None:
    """Note that a member missed what they were told then; what nobody else was told of is told again."""
    then = (*open_timers(alert), AlertTimer.told_at == at)
    words = session.scalars(select(AlertTimer.told_to).where(*then, was_told_to(member_id)).distinct()).all()
    for word in words:
        left = {int(number) for number in (word or "").split()} - {member_id}
        values = {"told_to": as_word(left)} if left else {"told_to": None, "told_at": None}
        session.execute(_quietly(update(AlertTimer).where(*then, AlertTimer.told_to == word).values(values)))


def note_untimed_told(alert: Alert, member_ids: Collection[int], now: datetime) -> None:
    """Note that these members were told of all that the alert gathered without a timer."""
    alert.step_count = alert.untimed_count
    alert.untimed_told_at, alert.untimed_told_to = now, as_word(member_ids)


def note_untimed_missed(alert: Alert, member_id: int, at: datetime) -> None:
    """Note that a member missed what they were told then; where nobody else was told, all of it is told again."""
    if alert.untimed_told_at != at or member_id not in untimed_told_to(alert):
        return
    left = untimed_told_to(alert) - {member_id}
    alert.untimed_told_to = as_word(left) if left else None
    if not left:
        alert.step_count, alert.untimed_told_at = 0, None


def untimed_told_to(alert: Alert) -> set[int]:
    """Return who was told of what has no timer, and is not known to have missed it."""
    return {int(number) for number in (alert.untimed_told_to or "").split()}


def is_untimed_unheard(alert: Alert) -> bool:
    """Tell whether nobody is known to have heard yet of what the alert gathered without a timer."""
    if not alert.untimed_count:
        return False
    return alert.step_count < alert.untimed_count or not _has_heard(alert)


def count_untimed(alert: Alert) -> int:
    """Return of how many without a timer somebody must be told: of all, as long as nobody has heard of the first."""
    if alert.step_count >= alert.untimed_count:
        return 0
    return alert.untimed_count - (alert.step_count if _has_heard(alert) else 0)


def forget_untimed(alert: Alert) -> None:
    """Let what has no timer be done with: somebody has it."""
    alert.untimed_count = alert.step_count = 0
    alert.untimed_told_at = alert.untimed_told_to = None


def concerns(member_id: int) -> ColumnElement[bool]:
    """SQL on AlertTimer: the member was told of it, or it waits for them to be told."""
    is_theirs = (AlertTimer.assignee_id == member_id) & AlertTimer.told_at.is_(None)
    return or_(was_told_to(member_id), is_theirs)


def _has_heard(alert: Alert) -> bool:
    return bool(untimed_told_to(alert) - set(alert.underway))


def _quietly(statement: Update) -> Update:
    return statement.execution_options(synchronize_session=False)
