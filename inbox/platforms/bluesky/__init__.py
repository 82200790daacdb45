"""Bluesky and other AT Protocol networks: notifications, comment trees, private messages, replies."""
