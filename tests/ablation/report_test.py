"""The report: differences, intervals, correlation, and what stands in which column."""

import csv
import dataclasses

import numpy as np
import pytest
from scipy import stats

from byola_keras.ablation import charts, report, scales, tables

VI = tables.TABLES["VI"]


def outcome(name, *averages, table=VI):
    return report.Outcome(table.row(name), averages, {"t": float(np.mean(averages))})


def test_rank_correlation_is_spearmans():
    draws = np.random.default_rng(0)
    for _ in range(20):
        ours, printed = draws.integers(0, 6, (2, 8)).astype(float)
        expected = stats.spearmanr(ours, printed).statistic
        assert report.rank_correlation(ours, printed) == pytest.approx(expected, abs=1e-12)
    assert np.isnan(report.rank_correlation([1, 2], [1, 2]))
    assert np.isnan(report.rank_correlation([1, 1, 1], [1, 2, 3]))


def test_differences_are_those_of_seeds():
    base, other = outcome("a", 50.0, 60.0, 70.0), outcome("f", 49.0, 58.0, 69.0)
    mean, interval = other.difference(base)
    expected = stats.t.interval(0.95, 2, loc=0, scale=stats.sem([-1.0, -2.0, -1.0]))[1]
    assert (mean, interval) == pytest.approx((-4 / 3, expected), rel=1e-3)
    # An encoder without training stands beside every seed.
    mean, interval = outcome("random", 50.0).difference(base)
    assert (mean, interval) == pytest.approx((-10.0, base.interval))
    # A row whose seeds are not all there.
    mean, interval = outcome("f", 50.0, 50.0).difference(base)
    assert mean == -10.0 and np.isnan(interval)
    mean, interval = outcome("f", 50.0).difference(base)
    assert mean == -10.0 and np.isnan(interval)


def test_report(tmp_path):
    found = [outcome("a", 50.0, 52.0), outcome("e", 51.0, 52.0), outcome("g", 40.0, 42.0)]
    text = report.write_report(VI, found, scales.SMOKE, str(tmp_path))
    assert (tmp_path / "table_VI.md").read_text(encoding="utf-8") == text
    assert "this is not the paper's scale: steps=100, global_batch_size=64, learning_rate=5e-4." in text
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")][1:]
    assert [row[2:7] for row in rows] == [
        ["51.0 ± 12.7", "", "70.32", "", "2"],
        ["51.5 ± 6.4", "+0.5 ± 6.4", "70.30", "-0.02", "2"],
        ["41.0 ± 12.7", "-10.0 ± 0.0", "62.47", "-7.85", "2"],
    ]
    assert "(Spearman): 0.50." in text and "Without results: b, c, d, f, h, random." in text
    assert VI.note in text
    with open(tmp_path / "table_VI.csv", encoding="utf-8", newline="") as file:
        assert [(row["row"], row["mean"], row["printed"], row["t"]) for row in csv.DictReader(file)] == [
            ("a", "51.000", "70.32", "51.000"),
            ("e", "51.500", "70.30", "51.500"),
            ("g", "41.000", "62.47", "41.000"),
        ]
    assert (tmp_path / "table_VI.png").read_bytes().startswith(b"\x89PNG")


def test_report_without_the_base_and_without_rows(tmp_path):
    text = report.write_report(VI, [outcome("f", 50.0)], scales.FSD50K, str(tmp_path))
    assert "| f | RRC | 50.0 |  | 68.68 | -1.64 | 1 | 50.0 |" in text
    assert "this is the paper's scale: FSD50K, 500 epochs, nine tasks." in text
    assert "Without results: a" in report.write_report(VI, [], scales.SMOKE, str(tmp_path))
    assert not (tmp_path / "table_VI.png").exists()


def test_head_leaves_out_what_differs_between_rows(tmp_path):
    text = report.write_report(tables.TABLES["XIII"], [], scales.SMOKE, str(tmp_path))
    assert "not the paper's scale: steps=100, learning_rate=5e-4." in text


def test_chart_has_both_bars_of_each_row():
    own = dataclasses.replace(outcome("g", 50.0), row=tables.Row("mine", "mine (own)", None, own=True))
    others = [outcome("f", 47.0), own]
    figure = charts.difference_chart(VI, outcome("a", 48.0), others, "tiny")
    bars = [bar.get_width() for bar in figure.axes[0].patches]
    np.testing.assert_allclose(bars, [-1.0, 2.0, 68.68 - 70.32, np.nan])
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["f: RRC", "mine: mine (own)"]
