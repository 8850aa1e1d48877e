"""The verdict: its thresholds, its order, and its sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.statistics.verdict import Evidence, Performance, Verdict, judge, sentence_of_run

ENOUGH = Evidence(
    sessions=126,
    trials=41,
    best=Performance(12.314, 0.912),
    held=Performance(8.1, 0.553),
    entered_sessions=30,
    losing_trades=5,
    p_luck=0.05,
)
BESIDE = "The best made +12.31 % a year (Sharpe ratio 0.91), holding +8.10 % a year (Sharpe ratio 0.55)."


def test_at_every_threshold_it_is_beyond_luck() -> None:
    assert judge(ENOUGH) == (
        Verdict.BEYOND_LUCK,
        "The best of 41 tries without skill would do as well with a probability of 0.05, within the 0.05 allowed. "
        + BESIDE,
    )


def test_more_than_is_allowed_is_like_luck() -> None:
    assert judge(replace(ENOUGH, p_luck=0.0501)) == (
        Verdict.LIKE_LUCK,
        "The best of 41 tries without skill would do as well with a probability of 0.0501, more than the 0.05 allowed. "
        + BESIDE,
    )


@pytest.mark.parametrize(
    ("lacking", "reason"),
    [
        ({"sessions": 125}, "the data have 125 sessions of the 126 needed"),
        ({"entered_sessions": 29}, "the best entered on 29 sessions of the 30 needed"),
        ({"losing_trades": 1}, "it has 1 losing trade of the 5 needed"),
        ({"holdout": Performance(0.0, None)}, "its holdout has no Sharpe ratio"),
        ({"p_luck": None}, "there is no p_luck"),
        (
            {"sessions": 1, "entered_sessions": 1, "losing_trades": 0},
            "the data have 1 session of the 126 needed, the best entered on 1 session of the 30 needed and it has 0 "
            "losing trades of the 5 needed",
        ),
    ],
)
def test_too_little_data_comes_first(lacking: dict[str, object], reason: str) -> None:
    for p_luck in {0.01, 0.9, lacking.get("p_luck", 0.5)}:
        evidence = replace(ENOUGH, **{"p_luck": p_luck, **lacking}, walk_forward=Performance(-1.0, -1.0))
        assert judge(evidence) == (Verdict.TOO_LITTLE_DATA, f"Too little to judge: {reason}. {BESIDE}")


def test_without_a_best_there_is_too_little() -> None:
    assert judge(replace(ENOUGH, best=None)) == (
        Verdict.TOO_LITTLE_DATA,
        "No variant has a score, so there is no best one to judge.",
    )


@pytest.mark.parametrize(("stretch", "where"), [("holdout", "on the holdout"), ("walk_forward", "in the walk-forward")])
def test_what_earned_nothing_unseen_has_failed(stretch: str, where: str) -> None:
    for sharpe in (0.0, -0.314):
        assert judge(replace(ENOUGH, **{stretch: Performance(-3.0, sharpe)})) == (
            Verdict.FAILED_OUT_OF_SAMPLE,
            "The best of 41 tries without skill would do as well with a probability of 0.05, but "
            f"{where} its Sharpe ratio is {sharpe:.2f} a year. " + BESIDE,
        )
    assert judge(replace(ENOUGH, **{stretch: Performance(1.0, 0.01)}))[0] is Verdict.BEYOND_LUCK
    assert judge(replace(ENOUGH, p_luck=0.06, **{stretch: Performance(-3.0, -1.0)}))[0] is Verdict.LIKE_LUCK


def test_a_walk_forward_without_trades_fails_nobody() -> None:
    assert judge(replace(ENOUGH, walk_forward=Performance(0.0, None)))[0] is Verdict.BEYOND_LUCK


def test_figures_that_do_not_exist_are_said_to() -> None:
    verdict, because = judge(replace(ENOUGH, trials=1, p_luck=0.00049975, held=Performance(None, None)))
    assert verdict is Verdict.BEYOND_LUCK
    assert because == (
        "One try without skill would do as well with a probability of 0.0005, within the 0.05 allowed. The best made "
        "+12.31 % a year (Sharpe ratio 0.91), holding nothing measurable (no Sharpe ratio)."
    )


@pytest.mark.parametrize(
    ("psr", "alpha", "trades", "trials", "sentence"),
    [
        (None, None, 0, 1, "No trades, so there is nothing to judge."),
        (None, None, 1, 1, "Nothing can be said of luck: 1 trade and no Sharpe ratio."),
        (
            *(0.99, 4.2, 29, 1),
            "Too few trades to tell skill from luck: 29 trades, +4.20 % a year beyond what the market gave, and a true "
            "Sharpe ratio above 0 with a probability of 0.99, after 1 try on these data.",
        ),
        (
            *(0.9996, -1.0, 30, 2),
            "No better than the market: 30 trades, -1.00 % a year beyond what the market gave, and a true Sharpe ratio "
            "above 0 with a probability of over 0.999, after 2 tries on these data.",
        ),
        (
            *(0.97, 4.2, 30, 2),
            "This could well be luck: 30 trades, +4.20 % a year beyond what the market gave, and a true Sharpe ratio "
            "above 0 with a probability of 0.97, after 2 tries on these data.",
        ),
        (
            *(0.97, 4.2, 1030, 1),
            "This is hardly luck alone: 1,030 trades, +4.20 % a year beyond what the market gave, and a true Sharpe "
            "ratio above 0 with a probability of 0.97, after 1 try on these data.",
        ),
    ],
)
def test_the_sentence_of_one_backtest(
    psr: float | None, alpha: float | None, trades: int, trials: int, sentence: str
) -> None:
    assert sentence_of_run(psr, alpha, trades, trials) == sentence
