"""The leaderboard: ranks, signs, truthful counts, and what there is room for."""

from __future__ import annotations

from typing import Any

import pytest

from engine.account.metrics import Metrics
from engine.numerals import value_text
from engine.sweeps.objectives import ranked
from engine.sweeps.results import VariantResult
from tests.tui.console import Console
from tui.shared.leaderboard import Leaderboard, short_ids, without_result
from tui.shared.text import cell_width


def metrics(return_pct: float, drawdown: float = 1.0) -> Metrics:
    return Metrics(
        trade_count=1234,
        starting_equity=10_000.0,
        ending_equity=10_000.0 * (1 + return_pct / 100),
        return_pct=return_pct,
        max_drawdown_pct=drawdown,
        win_rate=0.5,
        profit_factor=None,
        gross_profit=1.0,
        gross_loss=0.0,
        sharpe=-0.1,
    )


def variant(number: int, score: float | None, tag: str = "grid", **more: Any) -> VariantResult:
    fields: dict[str, Any] = {
        "variant_id": f"{number * 0x1000_0001:016x}",
        "label": "baseline" if tag == "baseline" else f"lookback_days={number}, dollars_per_trade=5000",
        "tags": [tag],
        "overrides": {} if tag == "baseline" else {"entry.lookback_days": number, "risk.dollars_per_trade": 5000.0},
        "status": "succeeded",
        "objective_score": score,
        "metrics": metrics(float(number)),
        "workspace_id": None,
        "error": None,
        "skip_reason": None,
        "error_code": None,
        "refusals": {},
    }
    return VariantResult(**{**fields, **more})


RESULTS = [
    variant(1, -0.5, "baseline"),
    *(variant(number, number / 10) for number in range(2, 8)),
    variant(8, None),
    variant(9, 0.65, "ablation"),
]
BEST = RESULTS[6].variant_id


def board(top: int = 20) -> Leaderboard:
    return Leaderboard.of(RESULTS, BEST, top)


def lines(top: int = 20, width: int = 100) -> list[str]:
    return board(top).table(width).lines(width)


def test_best_first_without_a_score_last() -> None:
    assert [one.objective_score for one in ranked(RESULTS)] == [0.7, 0.65, 0.6, 0.5, 0.4, 0.3, 0.2, -0.5, None]


def test_ties_go_to_return_then_drawdown_then_id() -> None:
    tied = [
        variant(1, 0.5, metrics=metrics(1.0)),
        variant(2, 0.5, metrics=metrics(2.0, 3.0)),
        variant(3, 0.5, metrics=metrics(2.0, 2.0)),
        variant(4, 0.5, metrics=metrics(2.0, 2.0)),
    ]
    assert [one.overrides["entry.lookback_days"] for one in ranked(tied)] == [3, 4, 2, 1]


@pytest.mark.parametrize(
    ("top", "heading", "ranks"),
    [
        (20, "9 variants, best first", ["1*", "2~", "3", "4", "5", "6", "7", "8", "9"]),
        (9, "9 variants, best first", ["1*", "2~", "3", "4", "5", "6", "7", "8", "9"]),
        (8, "The best 8 of 9 variants", ["1*", "2~", "3", "4", "5", "6", "7", "8"]),
        (7, "The best 8 of 9 variants", ["1*", "2~", "3", "4", "5", "6", "7", "8"]),  # the baseline is the 8th
        (2, "The best 2 of 9 variants and the baseline", ["1*", "2~", "8"]),
        (1, "The best 1 of 9 variants and the baseline", ["1*", "8"]),
    ],
)
def test_counts_are_true_and_the_baseline_is_there(top: int, heading: str, ranks: list[str]) -> None:
    assert board(top).heading() == heading
    assert [line.split()[0] for line in lines(top)[2:]] == ranks


def test_signs_are_explained_when_they_are_shown() -> None:
    assert board().legend("calmar") == "* best by calmar, ~ ablation: one value put back to the base spec's"
    assert Leaderboard.of(RESULTS[:3], None, 20).legend("calmar") == ""


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (170, "rank id variant score return % CAGR % max dd % Sharpe won % trades profit factor Sharpe/trade"),
        (140, "rank id variant score return % CAGR % max dd % Sharpe won % trades profit factor"),
        (90, "rank id variant score return % CAGR % max dd % Sharpe won % trades"),
        (80, "rank id variant score return % CAGR % max dd % Sharpe trades"),
        (70, "rank variant score return % CAGR % max dd % Sharpe trades"),
        (60, "rank variant score return % max dd % Sharpe trades"),
        (44, "rank variant score return % Sharpe trades"),
    ],
)
def test_a_narrower_board_has_fewer_columns_and_whole_ones(width: int, columns: str) -> None:
    shown = lines(width=width)
    assert " ".join(shown[0].split()) == columns
    assert max(map(cell_width, shown)) <= width
    assert "…" not in "".join(shown)


def test_labels_are_whole_where_there_is_room_else_the_values_stand_alone() -> None:
    assert "lookback_days=7, dollars_per_trade=5000" in lines(width=140)[2]
    narrow = lines(width=80)
    assert "7, 5000" in narrow[2]
    assert "lookback_days" not in "".join(narrow)
    assert "baseline" in narrow[9]


def test_without_room_at_all_text_is_cut_never_a_figure() -> None:
    long = [variant(1, 0.1, label="x" * 90, overrides={"entry.word": "y" * 90})]
    shown = Leaderboard.of(long, None, 20).table(44).lines(44)
    assert "yyy…" in shown[2]
    assert "+1.00" in shown[2]
    assert "1,234" in shown[2]


def test_reasons_are_told_once_with_who_shares_them() -> None:
    gone = {"metrics": None, "objective_score": None}
    results = [
        *(variant(n, 0, status="skipped", skip_reason="too short", **gone) for n in range(2, 7)),
        variant(7, 0, status="failed", error="it broke", **gone),
        variant(8, 0, status="pending", **gone),
        RESULTS[1],
    ]
    first = [f"lookback_days={n}, dollars_per_trade=5000" for n in (2, 3, 4)]
    assert list(without_result(results)) == [
        f"5 skipped: too short ({'; '.join(first)}; and 2 more)",
        "1 failed: it broke (lookback_days=7, dollars_per_trade=5000)",
        "1 not run yet",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (20, "20"),
        (5000.0, "5000"),
        (0.1, "0.1"),
        (1 / 3, repr(1 / 3)),
        (1e21, "1e+21"),
        (None, "null"),
        (True, "true"),
        ("eod", "eod"),
    ],
)
def test_a_value_is_shown_as_in_labels(value: object, shown: str) -> None:
    assert value_text(value) == shown


def test_values_are_shown_as_the_generator_labels_them(console: Console) -> None:
    values = ("risk.dollars_per_trade=1000,0.1,1e21,333.3333333333333", "exit.max_bars=null,5", "exit.type=eod,none")
    flags = ("--strategy", "sma_cross", "--symbol", "GOOG", "--data", "sample:GOOG")
    found = console.json("plan", "generate", *flags, *(word for one in values for word in ("--sweep", one)))
    for each in found["variants"][1:]:
        shown = [f"{path.partition('.')[2]}={value_text(value)}" for path, value in each["overrides"].items()]
        assert each["label"] == ", ".join(shown)


def test_ids_are_as_short_as_they_can_be() -> None:
    assert short_ids(["abcdef", "abzzzz", "bbbbbb"]) == {"abcdef": "abcd", "abzzzz": "abzz", "bbbbbb": "bbbb"}
    assert set(short_ids(["abcdef", "abcdzz"]).values()) == {"abcde", "abcdz"}
    assert short_ids(["same", "same"]) == {"same": "same"}
    assert short_ids(["01a204b8-f96d", "11a204b8-f96d"], 9) == {
        "01a204b8-f96d": "01a204b8",
        "11a204b8-f96d": "11a204b8",
    }
    assert short_ids([]) == {}
