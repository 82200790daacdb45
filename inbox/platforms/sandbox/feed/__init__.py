"""The sandbox's feed personality, which speaks like Mastodon."""
