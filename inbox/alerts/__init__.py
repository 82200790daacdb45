"""Alerts: what somebody must hear of, rows only, so that anyone may raise one; escalation carries them to people."""
