"""What members write: drafts, the way of a reply to its platform, and what it settles."""
