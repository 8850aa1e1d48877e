"""Commands on the installation: `doctor`, `serve`, `--web`."""
