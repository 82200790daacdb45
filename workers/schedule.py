"""Every periodic task, in one list. A tick only looks for rows whose time has come; two beats do no harm."""

from typing import Any

from inbox.settings import Pace

# task, queue, seconds between ticks (at pace 1)
TICKS: tuple[tuple[str, str, float], ...] = (
    ("workers.sending.send_due", "send", 0.5),
    ("workers.sending.look_due", "send", 2),
    ("workers.notifying.notify_due", "notify", 1),
    ("workers.notifying.trace_due", "notify", 2),
    ("workers.polling.poll_due", "poll", 2),
    ("workers.polling.take_pushes", "poll", 2),
    ("workers.polling.verify_due", "poll", 15),
    ("workers.alerting.advance_due", "timers", 2),
    ("workers.alerting.tell_last_calls", "timers", 60),
    ("workers.timers.sweep_due", "timers", 2),
    ("workers.timers.replan_due", "timers", 2),
    ("workers.upkeep.recheck_due", "upkeep", 10),
    ("workers.upkeep.wake_due", "upkeep", 5),
    ("workers.upkeep.turn_held_back", "upkeep", 15),
    ("workers.upkeep.join_missed", "upkeep", 30),
    ("workers.upkeep.look_for_silence", "upkeep", 60),
    ("workers.upkeep.recount_due", "upkeep", 15),
    ("workers.upkeep.erase_due", "upkeep", 60),
    ("workers.upkeep.read_feeds", "upkeep", 60),
    ("workers.upkeep.propose_holidays", "upkeep", 3600),
    ("workers.upkeep.count_days", "upkeep", 60),
)
# However fast the pace: what is sent, looked at or read is due by its row, and a tick costs processor time.
SHORTEST_SECONDS = 0.5


def timetable(pace: Pace) -> dict[str, Any]:
    """Return Celery's beat schedule; ticks pile up nowhere, for each expires before the next two."""
    return {
        name.rsplit(".", 1)[1]: {
            "task": name,
            "schedule": interval(seconds, pace),
            "options": {"queue": queue, "expires": max(2 * pace.paced(seconds), 5)},
        }
        for name, queue, seconds in TICKS
    }


def interval(seconds: float, pace: Pace) -> float:
    """Return how many seconds pass between two ticks at this pace."""
    return max(pace.paced(seconds), SHORTEST_SECONDS)
