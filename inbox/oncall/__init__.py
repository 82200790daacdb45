"""Rotations: who is on call in turn, who sits at the desk when, and where nobody does."""
