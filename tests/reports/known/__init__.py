"""Five thousand invented conversations, and what the SLA page must say of them by RULES B and C, reckoned apart."""
