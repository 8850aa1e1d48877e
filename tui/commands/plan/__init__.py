"""`plan` and `trials`: sweeps, and what they came to."""
