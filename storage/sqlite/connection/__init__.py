"""A database file: found, opened, upgraded, looked at, and transactions on it."""
