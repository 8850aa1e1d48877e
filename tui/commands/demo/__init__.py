"""`demo`: what it runs, and how it shows it."""
