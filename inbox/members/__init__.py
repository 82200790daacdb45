"""The people who sign in: members, teams, grants, sessions, and every check of access."""
