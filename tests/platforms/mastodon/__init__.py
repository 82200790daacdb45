"""Mastodon and its kin: payloads, streams, replies, sign-in, each variation of servers."""
