"""A timer for each conversation, on forty channels: most met in time, some late or excused, the rest still open."""

from tests.bench.conversations import Insert, Span

# The dashboards are measured on as many: a report's days have a row for each side of a channel, team and priority.
REPORTED_CHANNELS = 40
_DAY_MS = 86_400_000
_PRIME = 1_000_003


def list_timers(span: Span) -> Insert:
    """Return the rows: an answer takes up to 30 hours of the 24 that it may take."""
    took_ms = f"(n * 83_663 % {_PRIME} * 108)".replace("_", "")
    ended_ms = f"(asked_ms + {took_ms})"
    since_at, is_over = span.time("asked_ms"), f"(NOT awaits AND {ended_ms} < {span.now_ms})"
    return Insert(
        "timer",
        "plan WHERE status <> 'spam'",
        {
            "id": "n",
            "conversation_id": "n",
            "number": "CASE WHEN n = t THEN 1 ELSE 2 END",
            "policy_version_id": "1",
            "since_at": since_at,
            "started_at": since_at,
            "opened_at": since_at,
            "due_at": span.time(f"asked_ms + {_DAY_MS}"),
            "channel_id": f"1 + channel_id % {REPORTED_CHANNELS}",
            "is_private": "is_private",
            "kind": "kind",
            "team_id": "1 + channel_id % 10",
            "assignee_id": "CASE WHEN n % 3 > 0 THEN 1 + n % 60 END",
            "priority": "CASE WHEN n % 50 = 0 THEN 'urgent' WHEN n % 11 = 0 THEN 'high' ELSE 'normal' END",
            "outcome": f"CASE WHEN {is_over} THEN CASE WHEN n % 17 = 0 THEN 'excused' ELSE 'met' END END",
            "ended_at": f"CASE WHEN {is_over} THEN {span.time(ended_ms)} END",
            "closed_at": f"CASE WHEN {is_over} THEN {span.time(ended_ms)} END",
            "response_seconds": f"CASE WHEN {is_over} AND n % 17 > 0 THEN {took_ms} / 1000.0 END",
        },
    )
