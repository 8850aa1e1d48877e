"""What a report holds, whatever the format: sections of text, facts, tables and charts.

A report is built once and then written as HTML or as Markdown: both say the same. Texts are as they came, from files
and journals; whoever writes them down makes them harmless. Figures are texts that are ready to be shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from engine.market.bars import FloatArray
from tui.shared.output import Table


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; an `aside` is said in passing."""

    text: str
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A name, its value, and perhaps what it means."""

    name: str
    value: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts below each other."""

    facts: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A figure that is shown large, and what it is to be held against."""

    name: str
    value: str
    beside: Sequence[Fact] = ()


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """The few figures that a reader looks for first."""

    figures: Sequence[KeyFigure]


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table; rows whose places are in `marked` stand out. `caption` says what it shows, `note` what it leaves out."""

    table: Table
    caption: str
    note: str = ""
    marked: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Year:
    """A year's returns in percent, month by month (None without a session), and that of the whole year."""

    year: int
    months: Sequence[float | None]
    whole: float | None


@dataclass(frozen=True, slots=True)
class Months:
    """Monthly returns, a row a year."""

    years: Sequence[Year]
    caption: str


@dataclass(frozen=True, slots=True)
class Commands:
    """Lines to type into a shell, already quoted for it."""

    lines: Sequence[str]


class Role(StrEnum):
    """What a series is of: each has a colour and a dash of its own, in every chart."""

    BEST = "best"
    BASELINE = "baseline"
    HOLDING = "holding"


class Measure(StrEnum):
    """What the values of a chart are measured in."""

    MONEY = "money"
    PERCENT = "percent"
    NUMBER = "number"


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Values at the times of its chart."""

    name: str
    role: Role
    values: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class TimeChart:
    """Series over the same times (ms since 1970, rising). Charts of one `group` are zoomed together.

    `stepped`: a value holds until the next; `filled`: the area up to zero is shaded.
    """

    times: FloatArray
    series: Sequence[Series]
    measure: Measure
    group: str = ""
    stepped: bool = False
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A point with a name; `role` is None for one among many."""

    name: str
    x: float
    y: float
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class PointChart:
    """Points on two axes. With `timed`, x is a time in ms since 1970; `zero` draws the line at zero."""

    marks: Sequence[Mark]
    x_title: str
    y_title: str
    measure: Measure
    timed: bool = False
    zero: bool = False


@dataclass(frozen=True, slots=True)
class BarChart:
    """A bar for each name, in their order; none where the value does not exist."""

    names: Sequence[str]
    values: Sequence[float | None]
    y_title: str
    measure: Measure


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a map by its places, and what stands there."""

    column: int
    row: int
    value: float | None
    name: str


@dataclass(frozen=True, slots=True)
class MapChart:
    """A grid of values: names of columns and rows, and the cells; `best` is the place of the plan's best, if there."""

    columns: Sequence[str]
    rows: Sequence[str]
    x_title: str
    y_title: str
    cells: Sequence[Cell]
    measured: str
    best: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values lie between each two of the rising `edges`, and one value that they are held against."""

    edges: Sequence[float]
    counts: Sequence[int]
    x_title: str
    mark: float
    mark_name: str


Plot = TimeChart | PointChart | BarChart | MapChart | Histogram


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """A chart: what it shows in words for who cannot see it, its figures as a table, and what it leaves out."""

    key: str
    caption: str
    plot: Plot
    alternative: str
    table: TableBlock
    note: str = ""


Block = Text | Facts | KeyFigures | TableBlock | Months | Commands | Chart


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report; `key` is its anchor."""

    key: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report: what it is of, its verdict in a sentence, why, and its sections."""

    kind: str
    title: str
    verdict: str
    because: Sequence[str] = ()
    label: str = ""
    """The verdict's code, such as `LIKE_LUCK`"""
    about: Sequence[Fact] = ()
    lead: Sequence[Block] = ()
    sections: Sequence[Section] = field(default_factory=list)

    def charts(self) -> list[Chart]:
        """Every chart, in the order of the page."""
        blocks = [*self.lead, *(block for section in self.sections for block in section.blocks)]
        return [block for block in blocks if isinstance(block, Chart)]
