"""A run plan: its variants, its identity, and how the journal writes it."""
