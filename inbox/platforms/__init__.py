"""The contract with platforms, the registry, and one folder a platform."""
