"""Texts and columns of many categories: the encoding that helps on folds is taken, recorded, and served fast."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.contract.columns import Column
from perennial.contract.schema import Rows
from tests.training.jobs import PEOPLE, Job, people
from training.artifact import JUDGED
from training.columns import frame
from training.fast import extraction
from training.fast.encoding import Encoding, encoding
from training.fast.path import Fast
from training.features import Features
from training.model import Model
from training.ngrams import NGrams
from training.served import Served
from training.target_means import TargetMeans

TEXTS = PEOPLE | {"remark": replace(PEOPLE["remark"], feature=True)}
FEW = {"hist_gradient_boosting": {"max_iter": 10}, "random_forest": {"n_estimators": 10}, "linear": {}}
TARGETS = {"binary": "bought", "multiclass": "plan", "regression": "spent"}


def told(rows: int, share: float = 1.0) -> pd.DataFrame:
    """People whose remark and street tell much of their answers; `share` of the remarks do."""
    found, rng = people(rows), np.random.default_rng(3)
    score = found["spent"] + rng.normal(0, 10, rows)
    high, tells = score > score.median(), rng.random(rows) < share
    words = np.where(np.where(tells, high, rng.random(rows) < 0.5), "wonderful service", "dreadful, slow")
    endings = rng.choice(["today", "in the evening", "by the lake"], rows)
    found["remark"] = [f"{word} {ending} {at}" for at, (word, ending) in enumerate(zip(words, endings, strict=True))]
    groups = pd.qcut(found["spent"], 300, labels=False, duplicates="drop")
    found["street"] = [f"street {int(group) * 7919 % 1000}" for group in groups]
    return found


@pytest.mark.parametrize(
    ("estimator", "problem"),
    [*[("hist_gradient_boosting", problem) for problem in TARGETS], ("random_forest", "multiclass"),
     ("linear", "binary"), ("linear", "regression")],
)  # fmt: skip
def test_a_text_and_many_categories_that_tell_the_answer_are_used(estimator: str, problem: str, tmp_path: Path) -> None:
    job = Job(tmp_path).prepare(
        [told(1300)], TEXTS, problem=problem, target=TARGETS[problem], estimator=estimator, parameters=FEW[estimator]
    )
    job.run()
    found = job.evaluation["encodings"]
    assert found == job.manifest["encodings"]
    assert found["chosen"]["remark"] in ("ngrams", "words", "ngrams+words")
    assert "means" in found["chosen"]["street"], found["trials"]
    taken = [trial for trial in found["trials"] if trial["taken"]]
    assert all(trial["gain"] > 2 * trial["error"] for trial in taken)
    assert job.manifest["serving"]["path"] == "fast", job.manifest["serving"]
    assert job.evaluation["importance"]["street"] > job.evaluation["importance"]["constant"] == 0
    assert Served(job.paths.model).check_golden() > 20


def test_a_text_that_tells_nothing_is_left_out_and_the_record_says_so(job: Job) -> None:
    job.prepare([told(400, share=0.0)], TEXTS).run()
    found = job.manifest["encodings"]
    assert found["chosen"] == {"remark": "left out"}
    tried = [(trial["column"], trial["way"], trial["taken"]) for trial in found["trials"]]
    assert tried == [("remark", way, False) for way in ("ngrams", "words", "ngrams+words")]
    assert job.evaluation["importance"]["remark"] == 0
    fast = Fast(job.paths.model / "fast")
    assert fast.explain({name: [None] for name in fast_columns(fast)}, 0, 0)[1]["remark"] == 0


def test_a_model_of_texts_alone_uses_them_and_never_leaves_them_out(job: Job) -> None:
    only = {name: replace(column, feature=name == "remark") for name, column in PEOPLE.items()}
    job.prepare([told(400)], only).run()
    found = job.manifest["encodings"]
    assert [trial["way"] for trial in found["trials"]] == ["words", "ngrams+words"]
    assert found["chosen"]["remark"] != "left out"
    assert job.evaluation["candidate"]["metrics"]["roc_auc"]["value"] > 0.7


def test_a_model_fitted_again_on_all_rows_keeps_the_choice(job: Job) -> None:
    job.prepare([told(500)], TEXTS, refit=True).run()
    judged = Model.load(job.paths.model / JUDGED).manifest["encodings"]
    assert judged == job.manifest["encodings"]
    assert judged["chosen"]["remark"] != "left out"


def test_the_mean_of_a_training_row_is_by_other_rows() -> None:
    noise = np.random.default_rng(1).normal(size=600)
    rows = pd.DataFrame({"c": pd.Series([f"c{place % 200}" for place in range(600)], dtype=object)})
    features = Features({"c": Column("category")}, "ordinal", {"c": "means"})
    crossed = features.fit_transform(rows, noise)[:, 0]
    whole = features.transform(rows)[:, 0]
    assert abs(np.corrcoef(crossed, noise)[0, 1]) < 0.15
    assert np.corrcoef(whole, noise)[0, 1] > 0.3
    unseen = frame({"c": Column("category")}, {"c": ["never", None]})
    assert features.transform(unseen)[:, 0] == pytest.approx([noise.mean(), np.nan], nan_ok=True)


WORDS = st.lists(st.sampled_from(["Müller", "the lake", "I", "ok ok", "ﬁn", "東京", "a-b_c", "\t"]), max_size=5)
TEXT = st.one_of(st.none(), st.text(max_size=30), WORDS.map(" ".join))


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=12), st.lists(TEXT, min_size=1, max_size=6))
def test_texts_and_means_are_the_same_numbers_without_scikit_learn(learnt: list[Any], asked: list[Any]) -> None:
    seen, new = (pd.Series([*values, None], dtype=object)[:-1] for values in (learnt, asked))
    truth = np.arange(len(learnt)) % 3
    for encoder in (NGrams(seed=7).fit(seen), TargetMeans(3).fit(seen, truth), TargetMeans(1).fit(seen, truth)):
        plain: Encoding = encoding(extraction.encoding(encoder))
        expected = encoder.transform(new)
        # n-grams are rounded to six decimals, which the last bit of a sum may decide
        np.testing.assert_allclose(plain.many(asked), expected, atol=1.01e-6)
        np.testing.assert_array_equal(plain.many(asked), [plain.one(value) for value in asked])
        assert expected.shape[1] == len(encoder.names("c"))


def test_a_long_text_is_read_to_its_limit_alone_and_explained(job: Job) -> None:
    job.prepare([told(500)], TEXTS).run()
    fast = Fast(job.paths.model / "fast")
    row = {name: [None] for name in fast_columns(fast)}
    ends = [row | {"remark": ["wonderful " * 200 + ending]} for ending in ("", "dreadful " * 1000)]
    assert fast.one(ends[0]) == fast.one(ends[1])
    answer = Served(job.paths.model).predict(Rows(ends[0], 1)).values[0]
    assert 0 < answer < 1
    assert "remark" in fast.explain(ends[0], 0, 0)[1]


def fast_columns(fast: Fast) -> list[str]:
    return [name for name, _ in fast._encodings]
