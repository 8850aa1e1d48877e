"""The code of strategies: read without running it, identified by one digest, run under names of its own, recalled."""
