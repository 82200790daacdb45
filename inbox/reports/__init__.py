"""What leads look at: how the promise of an answer in time was kept, by day and channel (RULES C5)."""
