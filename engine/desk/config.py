"""What a desk is told once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeskConfig:
    """`production` refuses resets; `workspace` is the one meant when none is named."""

    production: bool = False
    workspace: str = "default"
