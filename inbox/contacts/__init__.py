"""People on platforms who write to us."""
