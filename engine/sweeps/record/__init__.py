"""Executions of plans in the journal: written, ended, and read again."""
