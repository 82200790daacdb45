"""Channels: connecting, reading, health."""
