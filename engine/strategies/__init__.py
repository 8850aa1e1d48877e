"""Strategies: what one is, the registry, specs, exits, and the runner."""
