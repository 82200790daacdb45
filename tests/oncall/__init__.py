"""Rotations: who is on, when, and where nobody is."""
