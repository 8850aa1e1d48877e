"""The worked numbers on the page of fills are what the engine makes of them."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from engine.events import EventType
from engine.market.bars import Bars, Dataset, make_bars
from engine.market.snapshot import Bar, MarketSnapshot
from engine.policy.limits import Limits
from engine.ports import EventFilter
from engine.strategies.base import Params, Signals, Strategy, Window
from engine.strategies.exits import STOP_CODES, Standing, stop_of, target_of
from engine.strategies.registry import Registry
from engine.strategies.runner import StrategyEvaluation, StrategyRunner
from engine.strategies.spec import ExitSpec, RiskSpec, parse_spec
from engine.vocabulary import FillModel, IntentAction, ShortOfCash, SizeRule
from tests.docs.pages import codes, first_codes, section, table_under, text_of
from tests.support.memory_desks import memory_desk
from tests.support.worlds import DAY

PAGE = text_of("concepts/fills.md")
SIZES, EXITS = "## How much an entry buys", "## Stops and targets"


class SecondAndFourth(Strategy[Params]):
    """Decides to buy on the second bar and to sell on the fourth."""

    key = "second_and_fourth"
    has_exit = True
    default_exit = "signal"

    def signals(self, bars: Bars, params: Params) -> Signals:
        rows = np.arange(len(bars))
        return Signals(entry=rows == 1, exit=rows == 3)

    def window(self, params: Params) -> Window:
        return Window(anchored=True)


def number(cell: str) -> float:
    return float(cell.replace(",", ""))


def test_every_fill_model_and_size_is_explained() -> None:
    assert first_codes(table_under(PAGE, "## When a decision is filled")) == [each.value for each in FillModel]
    assert first_codes(table_under(PAGE, SIZES)) == [each.value for each in SizeRule]
    assert all(f'`risk.short_of_cash = "{each.value}"`' in PAGE or f'`"{each.value}"`' in PAGE for each in ShortOfCash)
    assert [row[0].endswith("(default)") for row in table_under(PAGE, SIZES)] == [True, False, False]
    assert RiskSpec().size.value == first_codes(table_under(PAGE, SIZES))[0]


def worked_bars() -> Dataset:
    rows = table_under(PAGE, "## When a decision is filled", 1)
    columns = np.array([[number(cell) for cell in row[1:]] for row in rows]).T
    ts = np.arange(len(rows)) * DAY + 18_700 * DAY
    return Dataset({"X": make_bars("X", ts, *columns, np.ones(len(rows)))})


@pytest.mark.parametrize("row", table_under(PAGE, "## When a decision is filled", 2), ids=lambda row: "-".join(row[:2]))
def test_what_each_model_makes_of_the_same_bars(row: list[str]) -> None:
    fill, stop, bought, sold, why = row
    desk = memory_desk(registry=Registry([SecondAndFourth]))
    leave = {} if stop == "none" else {"stop_loss_pct": number(stop)}
    document = {"strategy_id": "second_and_fourth", "symbols": ["X"], "exit": leave}
    spec = parse_spec({**document, "execution": {"fill": codes(fill)[0]}})
    outcome = desk.research.run(spec, worked_bars())
    (trade,) = outcome.trades
    assert trade.entry_price == number(bought)
    assert trade.exit_price == pytest.approx(number(sold), rel=1e-12)
    where = EventFilter(types=(EventType.INTENT_EMITTED.value,))
    reasons = [event.payload["reason"] for event in desk.journal.events(outcome.workspace_id, where=where)]
    assert set(reasons) == {"second_and_fourth_entry", *codes(why)}


def test_what_the_stop_costs_where_it_is_not_spared() -> None:
    rows = {(codes(row[0])[0], row[1]): row for row in table_under(PAGE, "## When a decision is filled", 2)}
    row = rows["next_open", "3"]
    assert f"costs `next_open` {number(row[2]) - number(row[3]):.2f} a share" in PAGE


def evaluated(*settings: str, price: float = 50.0, holding: float = 0.0, limits: Limits | None = None) -> Any:
    """What is bought of Y at a price, with 10,000 at cost, of which `holding` went into X, which has risen by half."""
    desk = memory_desk(registry=Registry([Rises]))
    desk.accounts.create("w", 10_000.0)
    if holding:
        assert desk.trading.order(IntentAction.OPEN_LONG, "X", holding / 40, 40.0, workspace="w").success
        desk.accounts.mark("X", 60.0, "w")
    document: dict[str, Any] = {"strategy_id": "rises", "symbols": ["Y"]}
    for each in settings:
        part, _, rest = each.partition(".")
        document.setdefault(part, {}).update(tomllib.loads(rest))
    first = datetime(2024, 1, 2, tzinfo=UTC)
    bars = [
        Bar(ts=first + timedelta(days=day), open=close, high=close, low=close, close=close)
        for day, close in enumerate([price - 1, price])
    ]
    snapshot = MarketSnapshot(symbol="Y", ts=bars[-1].ts, bars=bars)
    state = desk.accounts.state("w")
    return StrategyRunner(Registry([Rises])).evaluate(parse_spec(document), snapshot, state, limits=limits)


class Rises(Strategy[Params]):
    key = "rises"
    default_exit = "none"

    def signals(self, bars: Bars, params: Params) -> Signals:
        return Signals(entry=np.diff(bars.close, prepend=np.inf) > 0)

    def window(self, params: Params) -> Window:
        return Window(bars=2)


def quantity(evaluation: StrategyEvaluation) -> float:
    (intent,) = evaluation.intents
    return intent.quantity


@pytest.mark.parametrize("row", table_under(PAGE, SIZES, 1), ids=lambda row: row[0])
def test_how_much_a_size_buys(row: list[str]) -> None:
    bought = quantity(evaluated(*codes(row[0])))
    assert bought == pytest.approx(number(row[2]), abs=1e-8)
    assert bought * 50 == pytest.approx(number(row[1]), abs=1e-6)


def test_open_gains_do_not_count() -> None:
    text = " ".join(section(PAGE, SIZES).split())
    assert "With 10,000 at cost, of which 4,000 is in a position that is now worth 6,000" in text
    assert "`equity_pct = 20` buys for 2,000 and not for 2,400" in text
    bought = quantity(evaluated('risk.size = "equity"', "risk.equity_pct = 20", holding=4_000.0))
    assert bought * 50 == pytest.approx(2_000)
    assert (10_000 + 2_000) * 20 / 100 == 2_400


def test_an_order_that_is_scaled_to_the_cash() -> None:
    (said,) = re.findall(r"with 1,500 in cash and\s+`fee_bps = 10`,\s+the 40 shares at 50 become ([\d.]+[\d])", PAGE)
    size = ('risk.size = "equity"', "risk.equity_pct = 20", 'risk.short_of_cash = "scale"')
    assert quantity(evaluated(*size, holding=8_500.0, limits=Limits(fee_bps=10))) == float(said)


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (('risk.size = "risk"', "risk.risk_pct = 1", "exit.stop_loss_pct = 1e-18"), "entry_skipped_no_stop"),
        (("risk.min_dollars = 1000.01",), "entry_skipped_too_small"),
        (("risk.dollars_per_trade = 1e-9",), "entry_skipped_zero_quantity"),
    ],
)
def test_sizes_that_come_to_no_order(settings: tuple[str, ...], code: str) -> None:
    assert evaluated(*settings).signals == [code]


STANDING = Standing(100.0, bars_held=6, peak=110.0)


def plan_of(cell: str) -> ExitSpec:
    settings = [code for code in codes(cell) if " = " in code]
    (text,) = settings or [""]
    name, _, value = text.partition(" = ")
    return ExitSpec.model_validate_json(json.dumps({name: json.loads(value)} if name else {}))


def test_the_stops_of_the_table_and_which_of_them_counts() -> None:
    rows = table_under(PAGE, EXITS)
    found = {}
    for cell, _, here, code in rows:
        distance = 8.0 if "stop_distance" in cell or "the same" in cell else np.nan
        standing = STANDING._replace(stop_distance=distance)
        level, which = stop_of(plan_of(cell), standing) or (None, None)
        assert (level, which) == (pytest.approx(number(here), rel=1e-12), codes(code)[0]), cell
        found[which] = True
    assert set(found) == set(STOP_CODES)


def test_which_code_stops_at_the_same_price_have() -> None:
    assert "the code is `stop_loss_exit`, else `trail_exit`, else `breakeven_exit`" in PAGE
    first = ExitSpec(stop_loss_pct=10, trail_pct=50)
    assert stop_of(first, Standing(100.0, peak=180.0)) == (90.0, "stop_loss_exit")
    second = ExitSpec(trail_pct=50, breakeven_pct=5)
    assert stop_of(second, Standing(100.0, peak=200.0)) == (100.0, "trail_exit")


def test_the_targets_of_the_table_and_which_of_them_counts() -> None:
    for cell, _, here, code in table_under(PAGE, EXITS, 1):
        distance = 15.0 if "target_distance" in cell else np.nan
        assert target_of(plan_of(cell), STANDING._replace(target_distance=distance)) == pytest.approx(number(here))
        assert codes(code) == ["take_profit_exit"]
    all_of_them = ExitSpec(take_profit_pct=20, take_profit_by_bars=((1, 25), (5, 12), (20, 3)))
    assert target_of(all_of_them, STANDING._replace(target_distance=15.0)) == pytest.approx(112)
