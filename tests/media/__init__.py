"""Pictures, fetched once."""
