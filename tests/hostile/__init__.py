"""Attacks that cross several subjects: hostile texts, full disks, odd requests, planted secrets."""
