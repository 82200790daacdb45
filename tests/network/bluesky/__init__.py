"""A real AT Protocol network from published packages, and the connector and the product on it."""
