"""Sweeps: many variants of a spec under the same rules, and their comparison."""
