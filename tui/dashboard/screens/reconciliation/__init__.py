"""The screen of reconciliation."""
