"""The sandbox's pages personality, which speaks like Facebook."""
