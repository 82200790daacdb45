"""Makes SLA policies for tests."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.sla.models import SlaPolicy, SlaPolicyVersion

DAY = 86400


def make_policy(session: Session, target_seconds: int = DAY, *, name: str = "Standard 24 h", **version: Any) -> Any:
    """Make a policy that stands behind those that are there; returns its version."""
    last = session.scalar(select(func.max(SlaPolicy.position))) or 0
    policy = SlaPolicy(name=name, position=last + 1, version=1, is_archived=False, created_at=clock.now())
    session.add(policy)
    session.flush()
    made = SlaPolicyVersion(
        policy_id=policy.id, number=1, name=name, target_seconds=target_seconds, created_at=clock.now(), **version
    )
    session.add(made)
    session.flush()
    return made
