"""Escalation: whom an alert is told to, step after step, until somebody takes it or it is over (RULES F)."""
