"""Signing in, people, teams and what they may."""
