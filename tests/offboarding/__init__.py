"""Access taken away, and what goes with it."""
