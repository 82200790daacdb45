"""Makes rows for tests, one module for each subject."""
