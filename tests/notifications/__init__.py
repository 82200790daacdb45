"""How members are reached."""
