"""Beats of sweeps, as workers leave them."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy.orm import Session

from inbox import clock
from inbox.watch import beats
from inbox.watch.beats import Beat

SWEEPS: Mapping[str, tuple[str, float]] = {
    "workers.sending.send_due": ("send", 46),
    "workers.timers.sweep_due": ("timers", 49),
    "workers.polling.poll_due": ("poll", 124),
    "workers.upkeep.erase_due": ("upkeep", 240),
}


def beat(session: Session, *names: str, ago: float = 0) -> None:
    """Let sweeps (all of them without names) have been done `ago` seconds ago, and commit."""
    at = clock.now() - timedelta(seconds=ago)
    chosen = names or tuple(SWEEPS)
    beats.write(session, [Beat(name, SWEEPS[name][0], at, 0.1, SWEEPS[name][1]) for name in chosen])
    session.commit()
