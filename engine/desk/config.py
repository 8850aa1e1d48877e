"""The settings of a desk, fixed when it is made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeskConfig:
    """`production` refuses resets; `workspace` is the workspace that calls without one mean."""

    production: bool = False
    workspace: str = "default"
