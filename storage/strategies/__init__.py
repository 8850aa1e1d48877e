"""Strategies as files: found, loaded, identified by their code, and checked."""
