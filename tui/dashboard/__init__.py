"""The dashboard: Textual screens over the desk. Only `start` is imported by the command line, when it opens."""
