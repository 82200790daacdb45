"""The kinds of activity, one name each; the desk words them."""

MESSAGE_RECEIVED = "message_received"
MESSAGE_EDITED = "message_edited"
MESSAGE_GONE = "message_gone"
MESSAGE_BACK = "message_back"
MESSAGE_ERASED = "message_erased"
NATIVE_ANSWER = "native_answer"
MESSAGE_LIKED = "message_liked"
MESSAGE_UNLIKED = "message_unliked"
MESSAGE_AWAITS = "message_awaits"
MESSAGE_EXCUSED = "message_excused"
THREADS_JOINED = "threads_joined"
ASSIGNED = "assigned"
TEAM_CHANGED = "team_changed"
PRIORITY_CHANGED = "priority_changed"
SNOOZED = "snoozed"
WOKEN = "woken"
FINISHED = "finished"
REOPENED = "reopened"
MARKED_SPAM = "marked_spam"
LABELLED = "labelled"
UNLABELLED = "unlabelled"
TIMER_MOVED = "timer_moved"
TIMER_PAUSED = "timer_paused"
TIMER_RESUMED = "timer_resumed"
TIMER_POLICY = "timer_policy"
TIMER_WARNED = "timer_warned"
TIMER_BREACHED = "timer_breached"
TIMER_REOPENED = "timer_reopened"
BREACH_WITHDRAWN = "breach_withdrawn"
OF_TIMERS = (
    TIMER_MOVED,
    TIMER_PAUSED,
    TIMER_RESUMED,
    TIMER_POLICY,
    TIMER_WARNED,
    TIMER_BREACHED,
    TIMER_REOPENED,
    BREACH_WITHDRAWN,
)
NOTE_WRITTEN = "note_written"
NOTE_DELETED = "note_deleted"
UNDONE = "undone"
REPLY_HELD = "reply_held"
REPLY_MOVED = "reply_moved"
REPLY_SENT = "reply_sent"
REPLY_DOUBLED = "reply_doubled"
CHANNEL_CONNECTED = "channel_connected"
CHANNEL_CHANGED = "channel_changed"
CHANNEL_STATE = "channel_state"
STREAM_CHANGED = "stream_changed"
QUARANTINED = "quarantined"
QUARANTINE_RESOLVED = "quarantine_resolved"
ACCESS_CHANGED = "access_changed"
SESSION_ENDED = "session_ended"
MEMBER_CHANGED = "member_changed"
ALERT_CHANGED = "alert_changed"
ALERT_FOR_ALL = "alert_for_all"  # of an alert that nobody answered: every open page hears of it
SWEEPS_CHANGED = "sweeps_changed"  # the engine stands still, or goes on: every open page hears of it
ESCALATION_CHANGED = "escalation_changed"
ROTATION_MADE = "rotation_made"
ROTATION_CHANGED = "rotation_changed"
ROTATION_REMOVED = "rotation_removed"
OVERRIDE_ADDED = "override_added"
OVERRIDE_REMOVED = "override_removed"
CALENDAR_CHANGED = "calendar_changed"
CALENDAR_PROPOSED = "calendar_proposed"
SLA_POLICY_SAVED = "sla_policy_saved"
SLA_POLICY_MOVED = "sla_policy_moved"
SLA_POLICY_ARCHIVED = "sla_policy_archived"
SLA_REPLANNED = "sla_replanned"
SET_UP = "set_up"  # the first questions were answered or skipped
