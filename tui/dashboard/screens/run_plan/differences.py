"""Forms of columns that compare: a figure of each side as it is said, and how far the one is from the other."""

from __future__ import annotations

from rich.text import Text

from tui.dashboard.widgets.columns import Form
from tui.shared import figures
from tui.shared.metrics import FIGURES, SCORE

COMPARED = (SCORE, *FIGURES)
"""All that can be compared, the objective's score first."""


def difference(one: float | None, other: float | None) -> float | None:
    """How much `one` is above `other`; None where either does not exist."""
    return None if one is None or other is None else one - other


def signed(digits: int) -> Form:
    """Differences, with their sign and no colour: less may be better."""
    return Form(lambda amount, decimals, _: Text(figures.signed(amount, decimals)), lambda _: digits)
