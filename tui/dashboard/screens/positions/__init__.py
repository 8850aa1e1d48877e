"""The screen of positions."""
