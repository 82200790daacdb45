"""Races: two things that meet, each both ways round, on both databases; named by what meets."""
