"""How vendors write bars: each dialect is a recogniser and a mapping of columns, all of them in one table."""
