"""Anything else: a bridge that somebody wrote, spoken to in signed JSON (docs/connect/generic.md)."""
