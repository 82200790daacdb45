"""Giving and taking access: the pages of people and teams, and what follows when somebody loses sight of something."""
