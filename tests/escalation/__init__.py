"""Escalation: whom an alert reaches, step after step."""
