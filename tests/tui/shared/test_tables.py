"""Figures, text and tables as people read them."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tui.shared import figures
from tui.shared.output import RESET, Page, Table, Tone
from tui.shared.text import cell_width, colour_wanted, fit, pad, safe_text, speaks_unicode, width_of


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (figures.money(10000.0), "10,000.00"),
        (figures.money(-0.001), "0.00"),
        (figures.signed(12.3), "+12.30"),
        (figures.signed(-12.345), "-12.35"),
        (figures.signed(0.0), "0.00"),
        (figures.signed(0.001), "0.00"),
        (figures.percent(4.2), "+4.20 %"),
        (figures.whole(1234567), "1,234,567"),
        (figures.quantity(10.0), "10"),
        (figures.quantity(0.00000001), "0.00000001"),
        (figures.quantity(1234.5), "1,234.5"),
        (figures.price(187.2), "187.20"),
        (figures.price(187.23456), "187.2346"),
        (figures.price(0.00012345), "0.00012345"),
        (figures.counted(1, "trade"), "1 trade"),
        (figures.counted(1200, "trade"), "1,200 trades"),
        (figures.moment(None), "-"),
    ],
)
def test_a_figure(shown: str, expected: str) -> None:
    assert shown == expected


def test_a_column_has_the_decimals_of_its_neediest() -> None:
    assert figures.aligned([1.0, 2.125, None], figures.needed_decimals) == ["1.000", "2.125", "-"]
    assert figures.aligned([100.0, 2.5], figures.price_decimals) == ["100.00", "2.50"]
    assert figures.aligned([], figures.needed_decimals) == []


def test_times_are_as_exact_as_they_need_to_be() -> None:
    day, minute = datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 1, 2, 9, 30, tzinfo=UTC)
    second = minute + timedelta(seconds=5, microseconds=7)
    assert figures.moments([day, None]) == ["2024-01-02", "-"]
    assert figures.moments([day, minute]) == ["2024-01-02 00:00", "2024-01-02 09:30"]
    assert figures.moments([second]) == ["2024-01-02 09:30:05"]
    there = minute.astimezone(timezone(timedelta(hours=-5)))
    assert figures.moment(there) == "2024-01-02 09:30"


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("IBM", "IBM"),
        ("[red]x[/red]", "[red]x[/red]"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\u202egnp", "\\u202egnp"),
        ("\u2028", "\\u2028"),
        ("\x9b31m", "\\x9b31m"),
        ("日本", "日本"),
        ("\udcff", "\\udcff"),
    ],
)
def test_untrusted_text_is_made_safe(raw: str, safe: str) -> None:
    assert safe_text(raw) == safe


def test_cells_not_characters_are_counted() -> None:
    assert cell_width("日本") == 4
    assert fit("日本語", 5) == "日本…"
    assert fit("IBM", 3) == "IBM"
    assert pad("日本", 6) == "日本  "
    assert pad("日本", 6, right=True) == "  日本"


def lines(table: Table, width: int = 80, *, colour: bool = False) -> list[str]:
    return table.lines(width, colour=colour)


def test_a_table_is_aligned_with_wide_characters() -> None:
    table = Table().text("symbol", ["IBM", "日本郵船"]).quantities("quantity", [1.5, 1000.0]).gains("P&L", [2.0, -3.5])
    assert lines(table) == [
        "symbol    quantity    P&L",
        "--------  --------  -----",
        "IBM            1.5  +2.00",
        "日本郵船   1,000.0  -3.50",
    ]
    assert len({cell_width(line) for line in lines(table)}) == 1


def test_gains_are_coloured_and_signed() -> None:
    table = Table().gains("P&L", [2.0, -3.0, 0.0, None])
    shown = lines(table, colour=True)
    assert shown[2] == f"{Tone.GAIN.value}+2.00{RESET}"
    assert shown[3] == f"{Tone.LOSS.value}-3.00{RESET}"
    assert shown[4:] == [" 0.00", "    -"]
    assert "\x1b" not in "".join(lines(table))


def test_an_escape_in_a_cell_is_shown_not_sent() -> None:
    assert lines(Table().text("symbol", ["\x1b[2J"]), colour=True)[2] == "\\x1b[2J"


def test_a_narrow_table_cuts_text_never_figures() -> None:
    table = Table().text("what", ["a long explanation of it"], shrinks=True).money("amount", [1234567.891])
    assert lines(table, 26)[2] == "a long expl…  1,234,567.89"
    assert lines(table, 5)[2] == "a long … 1,234,567.89"


def test_without_room_times_lose_their_seconds_then_the_gap_a_space() -> None:
    when = datetime(2024, 1, 2, 9, 30, 5, tzinfo=UTC)
    table = Table().times("in", [when]).times("out", [when])
    assert lines(table, 40)[2] == "2024-01-02 09:30:05  2024-01-02 09:30:05"
    assert lines(table, 39)[2] == "2024-01-02 09:30  2024-01-02 09:30"
    assert lines(Table().times("in", [when]).times("out", [when]), 33)[2] == "2024-01-02 09:30 2024-01-02 09:30"


class Terminal(io.StringIO):
    """A terminal of some encoding."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return True


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert colour_wanted(Terminal())
    assert not colour_wanted(io.StringIO())
    monkeypatch.setenv("TERM", "dumb")
    assert not colour_wanted(Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colour_wanted(Terminal())


def test_the_width_is_the_terminals_or_a_fixed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "133")
    assert width_of(Terminal()) == 133
    assert width_of(io.StringIO()) == 80
    monkeypatch.setenv("COLUMNS", "12")
    assert width_of(Terminal()) == 40


def test_what_speaks_unicode() -> None:
    assert speaks_unicode(Terminal())
    assert not speaks_unicode(Terminal("ascii"))
    assert not speaks_unicode(Terminal("latin-1"))


def test_a_page_in_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.delenv("NO_COLOR", raising=False)
    page = Page()
    page.heading("A\x07")
    page.fields([("gain", "+1.00", Tone.GAIN), ("name", "\x1b")])
    page.paragraph("word " * 12)
    shown = screen.getvalue().splitlines()
    assert shown[0] == f"{Tone.STRONG.value}A\\x07{RESET}"
    assert shown[1:3] == [f"gain  {Tone.GAIN.value}+1.00{RESET}", "name  \\x1b"]
    assert all(len(line) <= 40 for line in shown[3:])
