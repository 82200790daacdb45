"""Threads, one person's conversation in each, their messages, and the work on them."""
