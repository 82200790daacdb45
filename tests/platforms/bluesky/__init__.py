"""Bluesky: payloads, errors, and the connector against a network of our own over HTTP."""
