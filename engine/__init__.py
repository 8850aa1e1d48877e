"""The trading system: no files, no database, no clock, no async. Entry points wire it to `storage`."""
