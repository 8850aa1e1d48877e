"""The paper broker, reconciliation and what they report."""
