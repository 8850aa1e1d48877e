"""The screen of run plans, and the form of a new sweep."""
