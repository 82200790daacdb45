"""Each platform: its payloads, its errors, and its connector against a server that speaks HTTP."""
