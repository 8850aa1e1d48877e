"""Market data as columns, sessions, and the snapshot a caller may provide."""
