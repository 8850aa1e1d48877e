"""The journal on SQLite: tables, statements, the unit of work and the reads."""
