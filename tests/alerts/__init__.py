"""Alerts: raised, joined, taken by link, closed."""
