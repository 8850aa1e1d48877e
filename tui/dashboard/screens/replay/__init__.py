"""The screen of a replay, and the form that begins one."""
