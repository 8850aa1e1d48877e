"""What a person types into a field, as a number."""

from __future__ import annotations

import math

from engine.errors import InvalidError


def parse_price(text: str, code: str) -> float:
    """A price above zero; thousands separators are fine. The error `code` says what is wrong with the text."""
    try:
        price = float(text.replace(",", "").strip())
    except ValueError:
        price = math.nan
    if not math.isfinite(price) or price <= 0:
        raise InvalidError(code, f"{text.strip()!r} is not a price", hint="give a number above zero")
    return price
