"""Figures of benchmarks: medians, the ratio, and what is told when something was not measured."""

from __future__ import annotations

import json

from tests.benchmarks.figures import Figure, as_data, table
from tests.benchmarks.submit import percentile

START = Figure("one click, ready", "s", ours=(1.5, 9.0, 1.2), stock=(3.0, 2.5, 4.0))
NOTHING = Figure("servers that failed", "", ours=(0,), stock=(0,))


def test_ratio_is_of_medians_so_that_one_slow_start_does_not_decide() -> None:
    assert START.ratio == 0.5


def test_figure_without_a_measurement_of_one_side_has_no_ratio() -> None:
    assert Figure("x", "s", ours=(), stock=(1.0,)).ratio is None
    assert Figure("x", "s", ours=(), stock=(1.0,)).as_data()["ours"] is None


def test_nought_failures_of_stock_are_no_division() -> None:
    assert NOTHING.as_data() == {"ours": 0, "stock": 0, "ratio": None, "ours_range": [0, 0], "stock_range": [0, 0]}


def test_json_is_one_object_with_the_figures_by_their_keys() -> None:
    told = json.loads(json.dumps(as_data("spawn", 10, {"machine": "2 cores"}, {"ready_s": START, "failures": NOTHING})))
    assert (told["name"], told["n"], told["conditions"]) == ("spawn", 10, {"machine": "2 cores"})
    assert {key: told["ready_s"][key] for key in ("ours", "stock", "ratio")} == {
        "ours": 1.5,
        "stock": 3.0,
        "ratio": 0.5,
    }
    assert told["ready_s"]["stock_range"] == [2.5, 4.0]
    assert told["failures"]["ours"] == 0


def test_table_has_a_line_a_figure_and_the_conditions_below() -> None:
    lines = table([START, NOTHING], {"machine": "2 cores"})
    assert lines[1].split("  ")[0] == "one click, ready, s"
    assert lines[1].endswith("0.50")
    assert "1.50 (1.20 to 9.00)" in lines[1]
    assert lines[2].split()[-2:] == ["0", "0"]
    assert lines[-1] == "machine: 2 cores"


def test_percentile_is_a_value_that_was_measured_and_that_so_many_are_not_above() -> None:
    seconds = [float(number) for number in range(1, 151)]
    assert [percentile(seconds, percent) for percent in (50, 99, 100)] == [75, 149, 150]
    assert percentile([2.0], 99) == 2
