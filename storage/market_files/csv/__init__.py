"""CSV files: a fast pass over plain ones, a careful one that decides what a text means."""
