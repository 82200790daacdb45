"""Relevo: the inbox of a social team."""
