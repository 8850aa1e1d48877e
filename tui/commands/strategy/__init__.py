"""Commands on strategies and data: `run`, `evaluate`, `strategy`, `spec`, `data`."""
