"""Against the package mastodon-mock: another's reading of Mastodon's API, over real HTTP."""
