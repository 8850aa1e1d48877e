"""CSV files: a fast pass for plain lines, and a careful one that defines what a text means."""
