"""One alert's turn in a sweep: what it is about, whose plan it follows, and the moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from inbox.alerts import log
from inbox.alerts.models import Alert, EventKind
from inbox.escalation.steps import Plan
from inbox.settings import Pace


@dataclass(frozen=True)
class Turn:
    """An alert that this transaction has locked and claimed."""

    session: Session
    alert: Alert
    plan: Plan
    now: datetime
    pace: Pace
    is_rehearsal: bool = False  # of the sandbox: its steps are taken in its log alone

    @property
    def marks(self) -> dict[str, Any]:
        """What a line of the log bears that tells nobody."""
        return {"is_rehearsal": True} if self.is_rehearsal else {}

    def after(self, seconds: float) -> datetime:
        """Return the moment so much later."""
        return self.now + timedelta(seconds=seconds)

    def write(
        self, kind: EventKind, *, member_id: int | None = None, step: int | None = None, **detail: object
    ) -> None:
        """Add a line to the alert's log."""
        log.write(self.session, self.alert, kind, self.now, member_id=member_id, step=step, **detail)
