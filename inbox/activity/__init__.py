"""Who did what and when: an append-only record, which live pages read as their tail."""
