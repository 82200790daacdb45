"""The tail of activity and the event streams."""
