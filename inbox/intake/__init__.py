"""What platforms show us: received, joined, rechecked, or kept in quarantine."""
