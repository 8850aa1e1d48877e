"""The HTTP service: the desk of the command line and the dashboard, behind a token."""
