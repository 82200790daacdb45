"""What open pages are told while they are open: the tail of activity and the event streams."""
