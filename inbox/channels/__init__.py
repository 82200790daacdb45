"""Connected accounts: their streams, credentials, budgets, posts and health."""
