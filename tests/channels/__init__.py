"""Channels: streams, states, credentials, budgets."""
