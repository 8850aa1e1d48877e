"""The leaderboard of a sweep: variants by rank, as many figures as the width allows, and never one cut.

The baseline stands on it wherever it ended. What has no place on it is told with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from engine.numerals import value_text
from tui.shared import figures
from tui.shared.output import Table
from tui.shared.text import cell_width

if TYPE_CHECKING:
    from engine.sweeps.results import VariantResult
    from tui.shared.metrics import Figure
    from tui.shared.output import Page

BEST, ABLATION = "*", "~"
SHORTEST_ID, SHORTEST_PLAN = 4, 8
"""Digits that a table shows at least of a variant's and of a run plan's id; commands take such a beginning."""
_UNLIMITED = 1_000_000
_ID_SPARED, _REFUSED_SPARED, _HELD_BACK_SPARED = 3, 4, 7
"""When these are left out among the figures, by `Figure.spared`."""
_EVERYTHING = 1_000


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """The rows to show of the `succeeded` that there are: the first ones, and the baseline wherever it ended."""

    rows: list[tuple[int, VariantResult]]
    """Each variant with its rank among those that succeeded, from 1"""
    succeeded: int
    best_variant_id: str | None
    ids: Mapping[str, str]
    """Each variant's id to the beginning of it that tells it from the others"""

    @classmethod
    def of(cls, results: Sequence[VariantResult], best_variant_id: str | None, top: int) -> Leaderboard:
        """The first `top` of the variants that succeeded, in the objective's order, and the baseline."""
        from engine.sweeps.objectives import ranked

        rows = list(enumerate(ranked(results), 1))
        shown = [(rank, result) for rank, result in rows if rank <= top or "baseline" in result.tags]
        return cls(shown, len(rows), best_variant_id, short_ids([result.variant_id for result in results]))

    def heading(self) -> str:
        """A heading that says how many of the variants are shown."""
        if len(self.rows) == self.succeeded:
            return f"{figures.counted(self.succeeded, 'variant')}, best first"
        top = sum(1 for place, (rank, _) in enumerate(self.rows, 1) if rank == place)
        besides = " and the baseline" if top < len(self.rows) else ""
        return f"The best {figures.whole(top)} of {figures.counted(self.succeeded, 'variant')}{besides}"

    def sign(self, result: VariantResult) -> str:
        """The sign beside a rank: best, baseline or ablation."""
        if result.variant_id == self.best_variant_id:
            return BEST
        return ABLATION if "ablation" in result.tags else " "

    def legend(self, objective: str) -> str:
        """What the signs beside the ranks say, of those that are shown."""
        meaning = {BEST: f"best by {objective}", ABLATION: "ablation: one value put back to the base spec's"}
        shown = {self.sign(result) for _, result in self.rows}
        return ", ".join(f"{sign} {meant}" for sign, meant in meaning.items() if sign in shown)

    def has_room_for_labels(self, width: int) -> bool:
        """Whether labels stand whole beside the main figures, or there is room for the values alone."""
        labels = [result.label for _, result in self.rows]
        return _natural_width(self._table(labels, _ID_SPARED)) <= width

    def table(self, width: int) -> Table:
        """The rows, with as many figures as there is room for."""
        whole = self.has_room_for_labels(width)
        labels = [result.label if whole else _values_of(result) for _, result in self.rows]
        levels = {_ID_SPARED, _REFUSED_SPARED, _HELD_BACK_SPARED}
        levels |= {figure.metric.spared for figure in self._figures(_EVERYTHING) if figure.metric.spared}
        for most in sorted(levels, reverse=True):
            table = self._table(labels, most)
            if _natural_width(table) <= width:
                return table
        return self._table(labels, 0)

    def _table(self, labels: list[str], most: int) -> Table:
        """With the figures that are spared at `most`, or later."""
        results = [result for _, result in self.rows]
        table = Table().text("rank", self.ranks(), right=True)
        if most >= _ID_SPARED:
            table.text("id", [self.ids[result.variant_id] for result in results])
        table.text("variant", labels, shrinks=True)
        for figure in self._figures(most):
            figure.put(table, results)
        refused, held_back = (
            [sum(result.refusals.values()) for result in results],
            [dropped_of(result) for result in results],
        )
        if most >= _REFUSED_SPARED and any(refused):
            table.counts("refused", refused)
        if most >= _HELD_BACK_SPARED and any(held_back):
            table.counts("held back", held_back)
        return table

    @staticmethod
    def _figures(most: int) -> list[Figure]:
        from tui.shared.metrics import FIGURES, SCORE

        return [
            figure for figure in (SCORE, *FIGURES) if figure.metric.spared is not None and figure.metric.spared <= most
        ]

    def ranks(self) -> list[str]:
        """`1*`: each rank with its sign."""
        return [f"{figures.whole(rank)}{self.sign(result)}" for rank, result in self.rows]


def show_board(
    page: Page,
    results: Sequence[VariantResult],
    best_variant_id: str | None,
    objective: str,
    top: int,
    reasons: Sequence[str] = (),
) -> None:
    """The leaderboard with its heading and legend, why variants traded little, then what has no place on it."""
    board = Leaderboard.of(results, best_variant_id, top)
    if board.rows:
        page.heading(board.heading())
        named = ", ".join(dict.fromkeys(path for result in results for path in result.overrides))
        if named and not board.has_room_for_labels(page.width):
            page.paragraph(f"variant: {named}")
        page.table(board.table(page.width))
        if board.legend(objective):
            page.line(board.legend(objective))
    for sentence in (*reasons, *without_result(results)):
        page.paragraph(sentence)


def without_result(results: Sequence[VariantResult]) -> Iterator[str]:
    """A sentence for each reason that variants failed or were skipped for, and one for those still to come."""
    from engine.sweeps.reasons import named

    reasons: dict[tuple[str, str], list[str]] = {}
    for result in results:
        if result.metrics is None:
            why = result.error or result.skip_reason or ""
            reasons.setdefault((result.status, why), []).append(result.label)
    for (status, why), labels in reasons.items():
        if status == "pending":
            yield f"{figures.whole(len(labels))} not run yet"
        else:
            yield f"{figures.whole(len(labels))} {status}: {why} ({named(labels)})"


def short_ids(ids: Sequence[str], least: int = SHORTEST_ID) -> dict[str, str]:
    """Each id to its beginning, all of one length, long enough to tell every one of them from the others."""
    length = least
    ordered = sorted(ids)
    for earlier, other in pairwise(ordered):
        while earlier[:length] == other[:length] and length < len(earlier):
            length += 1
    return {full_id: full_id[:length].removesuffix("-") for full_id in ids}


def dropped_of(result: VariantResult) -> int | None:
    """Entries that were signalled and held back; None where that was not counted."""
    from engine.sweeps.reasons import stopped_of

    stopped = stopped_of(result)
    return None if stopped is None else sum(stopped.dropped.values())


def _values_of(result: VariantResult) -> str:
    """A variant's values without the names of its parameters; its label when it has none."""
    return ", ".join(map(value_text, result.overrides.values())) or result.label


def _natural_width(table: Table) -> int:
    """How wide a table is that nothing is taken from."""
    return max(map(cell_width, table.lines(_UNLIMITED)))
