"""A second implementation of the spec's text in plain loops. Nothing here imports the engine."""
