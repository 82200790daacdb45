"""Tests of the modules that stand by themselves: fetch, database."""
