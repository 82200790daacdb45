"""The next moment at which something is due: there the clock stops on its way, and the sweeps run."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from inbox.alerts.models import Alert
from inbox.conversations.last_calls import BEFORE
from inbox.conversations.models import Conversation, Message
from inbox.notifications.models import Notification
from inbox.oncall.models import RotationKind
from inbox.oncall.queries import find_closing, list_rotations
from inbox.outbox.models import Delivery
from inbox.sla.models import Timer
from inbox.sla.replanning import is_underway

_SECOND = timedelta(seconds=1)
_DUE: Sequence[tuple[InstrumentedAttribute[datetime | None], ColumnElement[bool]]] = (
    (Timer.next_at, true()),
    (Alert.next_at, true()),
    (Delivery.due_at, Delivery.state.in_(("held", "queued", "sending", "unclear"))),
    (Notification.look_at, true()),
    (Message.look_at, and_(Message.is_held_back)),
    (Conversation.snoozed_until_at, and_(Conversation.status == "snoozed")),
)


def find_next(session: Session, now: datetime, until: datetime) -> datetime:
    """Return where to stop next, `until` at the latest; a second ahead while something is due already."""
    moments = [until]
    for column, condition in _DUE:
        found = session.scalar(select(func.min(column)).where(and_(column.is_not(None), condition)))
        if found is not None:
            moments.append(max(found, now + _SECOND))
    if is_underway(session):
        moments.append(now + _SECOND)
    for desk in list_rotations(session):
        closing = find_closing(session, desk.id, now) if desk.kind == RotationKind.DESK else None
        if closing is not None and closing.ends_at - BEFORE > now:
            moments.append(closing.ends_at - BEFORE)
    return min(moments)
