"""How members are reached: their methods, the notices that leave by them, and what became of each."""
