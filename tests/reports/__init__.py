"""The SLA page and its file, against timers whose ends are known."""
