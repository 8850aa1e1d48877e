"""Hypothesis profiles: random at a desk, the same examples every time in CI; both print how to run a failure again."""

from __future__ import annotations

import os
import signal

from hypothesis import HealthCheck, settings

# machines differ in speed, and data generators are slow to start: time says nothing about correctness
_COMMON = {"deadline": None, "print_blob": True, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("desk", **_COMMON)
settings.register_profile("ci", **_COMMON, derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "desk"))

# a shell ignores SIGINT for what it starts in the background, and so would all processes that tests send one to
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
