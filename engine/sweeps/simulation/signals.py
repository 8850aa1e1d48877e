"""Signals over all bars of a dataset, computed once for each set of parameters and cut to any window's end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import BaseModel

from engine.market.bars import Dataset
from engine.shared import Shared
from engine.strategies.base import Candidates
from engine.strategies.guard import prepared
from engine.strategies.spec import CompiledSpec

_KEPT_BYTES = 256 * 2**20
_OF_ONE = 2_000
"""Bytes of what is kept beside a symbol's columns"""


class WholeSignals:
    """One strategy's candidates on a dataset's bars; any thread may ask.

    No row of a strategy that looks at nothing ahead changes when later bars are added. So its signals on the bars up to
    a window's end are those on all bars, up to there, and every window can take its part of them.
    """

    def __init__(self, spec: CompiledSpec, dataset: Dataset) -> None:
        self._of = prepared(spec.strategy, [dataset.bars[symbol] for symbol in spec.symbols])
        self._kept: Shared[list[Candidates]] = Shared(_KEPT_BYTES, _bytes)

    def up_to(self, lengths: Sequence[int]) -> Callable[[BaseModel], list[Candidates]]:
        """Each symbol's candidates among its first bars, so many of each, as a function of the parameters."""

        def cut(params: BaseModel) -> list[Candidates]:
            whole = self._kept.get(params.model_dump_json(), lambda: self._of(params))
            return [each.before(length) for each, length in zip(whole, lengths, strict=True)]

        return cut


def _bytes(found: Sequence[Candidates]) -> int:
    return sum(_OF_ONE + each.nbytes for each in found)
