"""What a plan is worth on sessions that had no part in choosing it: a sealed holdout, and a walk-forward."""
