"""Calendars: business hours of a zone, holidays and exceptions, in versions that never change."""
