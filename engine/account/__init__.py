"""What an account is: its arithmetic, its ledger and the one fold, its state and results."""
