"""Texts as answers of a linear model over their words: the same bits on both paths, by rows of other folds, no word."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from perennial.contract.plan import Plan
from tests.training.jobs import PEOPLE, Job, plan_of
from tests.training.test_encodings import TEXTS, told
from training import amending, estimators, fitting, words
from training.fast import extraction
from training.fast import words as plain
from training.fast.encoding import encoding
from training.model import Model
from training.served import Served
from training.updates import NotAmendableError
from training.words import Words

SOME = ["wonderful service", "dreadful, slow :(", "so-so; don't ask", "東京 は 広い", "", "😀 👩‍👧 great", "Straße İ"]
ODD = st.sampled_from(["\0", "a\0b", " \t\n\u2028", "😀" * 40, "ﬁn", "x" * 5_000, "\u0301", "'’'", "İ" * 1_999])
TEXT = st.one_of(st.none(), st.text(max_size=40), ODD, st.lists(st.sampled_from(SOME), max_size=4).map(" ".join))


def column(texts: list[Any]) -> pd.Series:
    return pd.Series([*texts, None], dtype=object)[:-1]


def learnt(classes: int = 1) -> Words:
    texts = [f"{text} {place % 3}" for place, text in enumerate(SOME * 12)]
    return Words(classes).fit(column([*texts, None]), np.arange(len(texts) + 1) % max(2, classes))


FITTED = {classes: learnt(classes) for classes in (1, 2, 5)}


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=6), st.sampled_from(sorted(FITTED)))
def test_any_texts_have_the_same_bits_on_both_paths_alone_and_together(texts: list[Any], classes: int) -> None:
    encoder = FITTED[classes]
    fast = encoding(json.loads(json.dumps(extraction.encoding(encoder))))
    expected = encoder.transform(column(texts))
    assert expected.shape == (len(texts), len(encoder.names("c")))
    np.testing.assert_array_equal(fast.many(texts), expected)
    np.testing.assert_array_equal([fast.one(text) for text in texts], expected)
    np.testing.assert_array_equal(np.isnan(expected).all(axis=1), [text is None for text in texts])


def test_a_text_of_100_kb_counts_to_its_limit_and_lone_surrogates_raise_nothing() -> None:
    fast = encoding(extraction.encoding(FITTED[1]))
    long = ("wonderful service " * 6_000)[:100_000]
    assert fast.one(long) == fast.one(long[: plain.LONGEST] + " dreadful")
    assert np.isfinite(fast.one("\ud800 wonderful \udfff")).all()


@settings(max_examples=12, deadline=None)
@given(st.lists(TEXT, max_size=8), st.sampled_from([1, 2, 3]))
def test_the_same_rows_give_the_same_model_whatever_they_are(texts: list[Any], classes: int) -> None:
    truth = np.arange(len(texts)) % max(2, classes)
    both = [Words(classes).fit(column(texts), truth) for _ in range(2)]
    assert len({json.dumps(extraction.encoding(each)) for each in both}) == 1
    crossed = [each.crossed(column(texts), truth) for each in both]
    np.testing.assert_array_equal(crossed[0], crossed[1])
    assert np.isnan(crossed[0]).any(axis=1).tolist() == [text is None for text in texts]


def test_places_are_the_crc_of_what_scikit_learn_finds() -> None:
    text = "The quick brown fox; a dog, the fox"
    simple = text.lower().replace(";", " ;").replace(",", " ,")
    pairs = CountVectorizer(ngram_range=(2, 2), token_pattern=r"\S+").build_analyzer()(simple)
    letters = CountVectorizer(analyzer="char_wb", ngram_range=(3, 5)).build_analyzer()(simple)
    places = Counter(crc32(word.encode("utf-32-le"), 1) % plain.PLACES for word in simple.split())
    places += Counter(crc32(pair.encode("utf-32-le"), 2) % plain.PLACES for pair in pairs)
    places += Counter(crc32(ngram.encode("utf-32-le")) % plain.PLACES for ngram in letters)
    assert Counter(next(plain.places([text], {}))) == places


def test_answers_are_those_of_a_ridge_on_tf_idf_written_by_hand() -> None:
    rows = told(600)
    texts, truth = rows["remark"], rows["spent"].to_numpy(dtype=float)
    mine = Words(1).fit(texts, truth)
    ngrams = TfidfVectorizer(analyzer=lambda text: next(plain.places([text], {})), min_df=2, sublinear_tf=True)
    middle, spread = truth.mean(), truth.std()
    theirs = make_pipeline(ngrams, Ridge(mine.penalty)).fit(texts, (truth - middle) / spread)
    np.testing.assert_allclose(mine.transform(texts)[:, 0], theirs.predict(texts) * spread + middle, atol=0.02 * spread)


def test_whole_numbers_are_summed_exactly() -> None:
    most = plain.LONGEST * (len(plain.SIZES) + 2)  # n-grams of a text
    rarest = 1 + np.log(1 + words.MOST_CHARACTERS)
    count = plain.DAMPED[-1] * rarest * plain.PARTS + 1
    assert most * count * plain.LARGEST_WEIGHT * plain.WEIGHT_PARTS < 2**53
    assert most * count * count < 2**53
    line = FITTED[5].line
    for whole in (line.places, line.rarity, line.weights):
        assert np.array_equal(whole, np.rint(whole))


def test_the_number_of_a_training_row_has_no_part_of_its_own_target() -> None:
    noise = np.random.default_rng(2).normal(size=400)
    texts = column([f"w{place} u{place % 50} v{place % 50}" for place in range(400)])
    encoder = Words(1).fit(texts, noise)
    assert np.corrcoef(encoder.crossed(texts, noise)[:, 0], noise)[0, 1] < 0.1
    assert np.corrcoef(encoder.transform(texts)[:, 0], noise)[0, 1] > 0.3


def test_equal_texts_and_rows_of_a_group_are_in_one_fold() -> None:
    chance, groups = np.random.default_rng(3), np.arange(400) % 40
    noise = chance.normal(size=40)[groups]
    equal = column([f"text number {group}" for group in groups])
    signed = column([f"number {place} by author {group}" for place, group in enumerate(groups)])
    alone = Words(1).fit(equal, noise).crossed(equal, noise)[:, 0]
    encoder = Words(1).fit(signed, noise)
    together = encoder.crossed(signed, noise, groups.astype(np.uint64))[:, 0]
    assert abs(np.corrcoef(alone, noise)[0, 1]) < 0.4
    assert abs(np.corrcoef(together, noise)[0, 1]) < 0.4
    assert np.corrcoef(encoder.crossed(signed, noise)[:, 0], noise)[0, 1] > 0.6


def test_rows_and_ngrams_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "MOST_CHARACTERS", 400)
    monkeypatch.setattr(words, "_FEWEST_ROWS", 10)
    monkeypatch.setattr(words, "MOST_NGRAMS", 50)
    rows = told(200)
    encoder = Words(1).fit(rows["remark"], rows["spent"].to_numpy(dtype=float))
    assert len(encoder.line.places) == 50
    crossed = encoder.crossed(rows["remark"], rows["spent"].to_numpy(dtype=float))[:, 0]
    first = int((crossed != encoder.transform(rows["remark"])[:, 0]).sum())
    assert first == int((rows["remark"].str.len().cumsum() <= 400).sum())


@pytest.mark.parametrize("target", [np.full(50, 3.0), np.linspace(-1e300, 1e300, 50), np.zeros(50)])
def test_targets_that_teach_nothing_give_one_finite_number(target: Any) -> None:
    texts = column([f"word{place % 7} again" for place in range(50)])
    found = Words(1).fit(texts, target).transform(texts)
    assert np.isfinite(found).all()
    assert np.ptp(found) == 0


def test_the_archive_has_no_word_beside_its_golden_rows(job: Job) -> None:
    only = {name: PEOPLE[name] if name != "remark" else TEXTS["remark"] for name in PEOPLE}
    only = {name: column.decided(feature=name == "remark") for name, column in only.items()}
    rows = told(500)
    rows["remark"] = rows["remark"].str.replace("wonderful", "zyxwvonderful")
    job.prepare([rows], only).run()
    assert "words" in job.manifest["encodings"]["chosen"]["remark"]
    assert job.manifest["serving"]["path"] == "fast"
    assert job.manifest["serving"]["difference"] <= 1e-12
    assert Served(job.paths.model).check_golden() > 20
    named = {path.name for path in sorted(job.paths.model.rglob("*")) if path.is_file() and holds(path)}
    assert named == {"golden.json"}
    with pytest.raises(NotAmendableError, match="has learnt the targets of the rows to replay"):
        amending._require_same(plan_of(only), Model.load(job.paths.model), job.manifest["classes"])


def test_the_rows_of_a_group_of_the_split_are_in_one_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    crossed = Words.crossed

    def seen(self: Words, values: pd.Series, target: Any, groups: Any = None) -> Any:
        given.append(groups)
        return crossed(self, values, target, groups)

    monkeypatch.setattr(Words, "crossed", seen)
    rows = told(200)
    answers, group = rows["spent"].to_numpy(dtype=float), {"group": ["city"], "time": False}
    changes: dict[str, Any] = {"problem": "regression", "target": "spent"}
    for plan in (plan_of(TEXTS, **changes), Plan.read(plan_of(TEXTS, **changes).to_json() | {"split": group})):
        fitting.pipeline_on(plan, rows, answers, [], {"remark": "words"})
    alone, grouped = given
    assert alone is None
    cities = pd.Series(grouped).groupby(rows["city"])
    assert (cities.nunique() == 1).all()
    assert pd.Series(grouped)[rows["city"].isna()].is_unique


def holds(path: Path) -> bool:
    return b"zyxwvonderful" in path.read_bytes()


@pytest.mark.parametrize("problem", ["binary", "regression", "multiclass"])
def test_a_boosted_models_answer_never_falls_where_that_by_the_words_grows(problem: str) -> None:
    plan = plan_of(columns=TEXTS, problem=problem, estimator="hist_gradient_boosting")
    ways = dict.fromkeys((name for name, each in plan.features.items() if each.type == "text"), "ngrams+words")
    classes = {"binary": 2, "regression": 1, "multiclass": 3}[problem]
    names = [f"{name}.words" for name in ways] if classes < 3 else []
    built = estimators.build(plan, classes, Path(), ways)
    rising = built[-1].get_params()["monotonic_cst"]
    matrix = built[0].fit(told(60), np.arange(60) % max(2, classes)).get_feature_names_out()
    assert [name for name, sign in zip(matrix, rising or [0] * len(matrix), strict=True) if sign] == names
