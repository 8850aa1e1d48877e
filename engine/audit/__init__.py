"""The audit: whether the journal agrees with itself, and what is stored beside it with the journal."""
