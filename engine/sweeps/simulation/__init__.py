"""Variants traded on loaded bars: the kernel, its columns, and the bar loop that it is held to."""
