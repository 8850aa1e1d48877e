"""Limits and rules, and the decision they make together."""
