"""The engine's ports on SQLite, market data files, settings: everything that touches a file."""
