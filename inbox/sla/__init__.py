"""The promise of an answer in time: policies, timers of periods of waiting, warnings and breaches (RULES C)."""
