"""The tasks: what each tick does."""
