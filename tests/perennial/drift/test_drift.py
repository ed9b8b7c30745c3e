"""Drift is found if there is some, and not otherwise; its metrics are those of the literature."""

import json

import numpy as np
import polars as pl
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from perennial.contract.columns import Column
from perennial.contract.dataset import Contract
from perennial.drift import DriftReport, compare
from perennial.profile import Profile, freeze, profile

CONTRACT = Contract(
    {
        "price": Column("number", nullable=True),
        "wait": Column("integer", nullable=True),
        "town": Column("category", nullable=True),
        "year": Column("integer", feature=False, nullable=True),
        "late": Column("boolean", nullable=True),
    },
    "late",
)


def table(
    rows: int, seed: int, shift: float = 0.0, nulls: float = 0.01, missing: bool = False, late: float = 0.3
) -> pl.DataFrame:
    chance = np.random.default_rng(seed)
    towns = np.array(["Ulm", "Rom", "Oslo", "Bonn"])
    shares = np.array([0.5, 0.3, 0.15, 0.05 * (not missing)])
    price = chance.normal(shift, 1, rows)
    return pl.DataFrame(
        {
            "price": pl.Series(np.where(chance.random(rows) < nulls, np.nan, price)).fill_nan(None),
            "wait": chance.poisson(4, rows),
            "town": chance.choice(towns, rows, p=shares / shares.sum()),
            "year": np.full(rows, seed),
            "late": chance.random(rows) < late,
        }
    )


REFERENCE = table(20_000, 1)
GRID = freeze(REFERENCE, CONTRACT)


def profiled(frame: pl.DataFrame) -> Profile:
    return profile(frame, GRID)


def test_a_sentence_about_a_boolean_target_has_the_words_of_its_data() -> None:
    moved = profiled(table(20_000, 2, late=0.5))
    plain = compare(profiled(REFERENCE), moved)
    spelt = compare(profiled(REFERENCE), moved, words=("No", "Yes"))
    assert plain.columns["late"].sentence.replace("'false'", "'No'") == spelt.columns["late"].sentence
    assert "'No' changed from" in spelt.sentence
    assert plain.columns["late"].metrics == spelt.columns["late"].metrics


def test_metrics_are_those_of_the_textbooks() -> None:
    current = table(15_000, 2, shift=0.4)
    metrics = compare(profiled(REFERENCE), profiled(current)).columns["price"].metrics
    one, two = REFERENCE["price"].drop_nulls().to_numpy(), current["price"].drop_nulls().to_numpy()
    edges = [-np.inf, *GRID.columns["price"].deciles, np.inf]
    p, q = (np.histogram(-values, bins=-np.array(edges[::-1]))[0][::-1] / len(values) for values in (one, two))
    assert metrics["psi"] == pytest.approx(float(np.sum((q - p) * np.log(q / p))), abs=1e-9)
    assert metrics["js"] == pytest.approx(float(jensenshannon(p, q, base=2)), abs=1e-9)
    assert metrics["ks"] == pytest.approx(stats.ks_2samp(one, two).statistic, abs=1e-3)
    assert metrics["wasserstein"] == pytest.approx(stats.wasserstein_distance(one, two) / one.std(), rel=1e-2)


@pytest.mark.parametrize("rows", [200, 2000, 20_000])
def test_one_population_is_hardly_ever_called_drifted(rows: int) -> None:
    reference = profiled(table(rows, 10))
    verdicts = [compare(reference, profiled(table(rows, 100 + seed))).verdict for seed in range(100)]
    assert verdicts.count("drifted") <= 1
    assert verdicts.count("watch") <= 3


SHIFTS = {
    "a shift of 0.3 standard deviations": ({"shift": 0.3}, "price", "standard deviations"),
    "a missing category": ({"missing": True}, "town", "'Bonn', "),
    "nulls from 1% to 6%": ({"nulls": 0.06}, "price", "missing in"),
    "another share of the target": ({"late": 0.5}, "late", "changed from"),
}


@pytest.mark.parametrize("name", SHIFTS)
@pytest.mark.parametrize("rows", [2000, 20_000])
def test_real_drift_is_found_and_named(name: str, rows: int) -> None:
    changes, moved, sentence = SHIFTS[name]
    reference = profiled(table(rows, 10))
    reports = [compare(reference, profiled(table(rows, 200 + seed, **changes))) for seed in range(40)]  # type: ignore[arg-type]
    assert all(report.verdict == "drifted" for report in reports)
    assert all(report.moved == moved for report in reports)
    assert all(sentence in report.sentence for report in reports)


def test_unseen_values_are_named() -> None:
    current = table(5000, 3).with_columns(town=pl.when(pl.col("price") > 1).then(pl.lit("Atlantis")).otherwise("town"))
    report = compare(profiled(REFERENCE), profiled(current))
    assert report.verdict == "drifted"
    assert "'Atlantis'" in report.columns["town"].sentence
    assert report.columns["town"].metrics["unseen"] > 0.1


def test_columns_that_are_no_features_are_reported_but_do_not_count() -> None:
    report = compare(profiled(REFERENCE), profiled(table(20_000, 5)))
    assert report.verdict == "stable"
    assert report.columns["year"].verdict == "drifted"
    assert report.columns["year"].role == "other"


def test_a_column_that_the_champion_ignores_is_only_watched() -> None:
    current = profiled(table(20_000, 2, shift=0.5))
    weighed = compare(profiled(REFERENCE), current, importance={"wait": 0.9, "town": 0.1, "price": 0.0})
    assert compare(profiled(REFERENCE), current).verdict == "drifted"
    assert weighed.verdict == "watch"


def test_profiles_of_different_grids_are_incomparable() -> None:
    other = profile(REFERENCE, freeze(REFERENCE.head(100), CONTRACT))
    report = compare(profiled(REFERENCE), other)
    assert report.verdict == "incomparable"
    assert report.drifted


def test_a_handful_of_rows_tells_nothing() -> None:
    report = compare(profiled(REFERENCE), profiled(table(20, 2, shift=3)))
    assert report.verdict == "stable"
    assert "20 rows are too few to compare" in report.sentence


def test_a_column_that_was_constant_or_empty_can_be_compared() -> None:
    emptied = REFERENCE.with_columns(price=pl.lit(None, pl.Float64), wait=pl.lit(4, pl.Int64))
    report = compare(profiled(REFERENCE), profiled(emptied))
    assert "missing in 100.0% of rows" in report.columns["price"].sentence
    back = compare(profiled(emptied), profiled(REFERENCE))
    assert back.columns["price"].verdict == "drifted"
    json.dumps(back.as_dict(), allow_nan=False)


def test_a_report_survives_json() -> None:
    report = compare(profiled(REFERENCE), profiled(table(5000, 2, shift=0.4)))
    data = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert DriftReport.from_dict(data).as_dict() == data
