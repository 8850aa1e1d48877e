"""The same sweep through each tool, in a process of its own.

Each module answers {"work": …, "least": …, "sample": …} with {"versions", "import_s", "first_s", "seconds", "results",
"peak_mb"}: the first call's seconds, those of warm ones, and (lookback, dollars, trades, ending equity) by variant.
A call begins with bars in the tool's own form and ends with the figures of every variant.
"""
