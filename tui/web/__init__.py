"""The dashboard in a browser: textual-serve behind a guard, our own page, a process for each browser that comes."""
