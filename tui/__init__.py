"""The entry points for people: the command line and the dashboard."""
