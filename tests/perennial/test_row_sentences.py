"""The rows that a model was trained and judged on, in sentences."""

from perennial.retraining import row_sentences
from tests.perennial.reports.cases import spec


def test_the_rows_of_a_model_that_was_fitted_again_are_those_it_was_fitted_on() -> None:
    told = row_sentences({"train": 800, "held_out": 200, "refitted": 1000, "redivided": 30}, spec())
    assert told[0].startswith("Trained on 1,000 rows, after a model of 800 of them was judged on 200 held-out rows")
    assert told[1].startswith("30 held-out rows were left out")
