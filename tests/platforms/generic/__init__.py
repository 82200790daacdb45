"""The generic channel: its bridge, its payloads, and the product with it."""
