"""Pictures and avatars, fetched once through the guarded client and kept on disk."""
