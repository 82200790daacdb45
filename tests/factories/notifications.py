"""Methods of members, a sender at the edge that does what a test says, and a bench that drives notifications."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.members.models import Member
from inbox.notifications import sealing, send
from inbox.notifications.contract import Address, Fate, Field, Letter, NotDelivered, Receipt, Wire
from inbox.notifications.models import Notification, NotificationMethod
from inbox.notifications.notices import Notice
from inbox.notifications.queue import notify
from inbox.notifications.send import Post
from inbox.outbox.models import Delivery
from inbox.settings import Settings
from tests.fixtures.app import MovingClock

ALERT_ID = 7


def add_method(session: Session, member: Member, kind: str = "fake", **given: Any) -> NotificationMethod:
    """Add a verified method whose address names its member."""
    now = clock.now()
    address = sealing.seal(given.pop("address", {"to": f"member {member.id}"}))
    values = {"kind": kind, "state": "verified", "verified_at": now, "created_at": now, "sealed": address}
    method = NotificationMethod(member_id=member.id, **values | given)
    session.add(method)
    session.flush()
    return method


def make_letter(**given: Any) -> Letter:
    """Return a letter of an alert."""
    values: dict[str, Any] = {
        "key": "round.0",
        "kind": "alert",
        "subject": "3 overdue on Acme",
        "lines": ("The first fell due at 18:31.",),
        "url": "https://relevo.example/alerts/7",
        "acknowledge_url": "https://relevo.example/a/once",
        "is_alert": True,
        "is_resent": False,
        "language": "en",
        "at": clock.now(),
    }
    return Letter(**values | given)


@dataclass
class FakeSender:
    """A provider at the edge: takes letters, or fails as it is told, one failure a try."""

    kind: str = "fake"
    has_receipt: bool = True
    fields: tuple[Field, ...] = (Field("to", "To"),)
    letters: list[tuple[Address, Letter]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    is_looked_for: bool = False
    fates: list[tuple[Fate, str]] = field(default_factory=list)

    def is_ready(self, settings: Settings) -> bool:
        """Tell that it is."""
        return True

    def read(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return what was typed."""
        return dict(given)

    def hint(self, address: Address) -> str:
        """Return nothing secret."""
        return "to"

    def send(self, wire: Wire, address: Address, letter: Letter) -> Receipt:
        """Take the letter or fail; one that fails unclearly was taken."""
        failure = self.failures.pop(0) if self.failures else None
        if failure is None or (isinstance(failure, NotDelivered) and not failure.is_sure):
            self.letters.append((address, letter))
        if failure is not None:
            raise failure
        return Receipt(f"id-{len(self.letters)}", "ok", is_looked_for=self.is_looked_for)

    def look(self, wire: Wire, external_id: str) -> tuple[Fate, str]:
        """Say the next fate."""
        return self.fates.pop(0)

    def subjects(self) -> list[str]:
        """Return the subjects of what was taken."""
        return [letter.subject for _, letter in self.letters]


@dataclass
class Office:
    """Drives notifications; between steps nothing is open, as between the tasks of real workers."""

    session: Session
    clock: MovingClock
    post: Post
    sender: FakeSender = field(default_factory=FakeSender)
    second: FakeSender = field(default_factory=lambda: FakeSender("second"))

    def __post_init__(self) -> None:
        senders = {self.sender.kind: self.sender, self.second.kind: self.second}
        self.post = replace(self.post, senders=senders)

    def tell(self, member: Member, subject: str = "3 overdue on Acme", *, is_alert: bool = True) -> int:
        """Tell a member something."""
        kind = "alert" if is_alert else "warning"

        def make(language: str) -> Notice:
            return Notice(
                kind, subject, ("The first fell due at 18:31.",), "/alerts/7", "/a/once" if is_alert else None
            )

        alert_id = ALERT_ID if is_alert else None
        return notify(self.session, member.id, make, alert_id=alert_id, is_alert=is_alert, now=clock.now())

    def work(self) -> int:
        """Let a worker do all that is due now; returns how many letters it tried to send."""
        self.session.commit()
        count = 0
        send.tidy(self.post)
        while (job := send.claim_one(self.post)) is not None:
            send.send_claimed(self.post, job)
            count += 1
        while (look := send.claim_look(self.post)) is not None:
            send.look_claimed(self.post, look)
        self.session.expire_all()
        return count

    def states(self) -> list[tuple[str, str | None]]:
        """Return every delivery's state and reason, in the order in which they were queued."""
        query = select(Delivery.state, Delivery.reason_code).order_by(Delivery.id)
        return [(state, reason) for state, reason in self.session.execute(query)]

    def rows(self) -> list[Notification]:
        """Return every notification."""
        return list(self.session.scalars(select(Notification).order_by(Notification.id)))
