"""The content of the pages, and values that must not be on them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace

import pytest
from jinja2 import UndefinedError
from markupsafe import escape

from perennial.environment import Environment
from perennial.profile import ColumnGrid, ColumnProfile, Grid, Profile
from perennial.reports import card_contents, index_contents, page, run_contents, to_json
from perennial.reports.labels import OUTCOMES, SECTIONS
from perennial.reports.pages import environment
from tests.perennial.reports import cases
from tests.perennial.reports.cases import EVIL, SECRET

LIMIT = 2 << 20  # bytes


def contents(name: str) -> dict:
    if name == "card":
        return card_contents(cases.data("promoted"), cases.version())
    if name == "index":
        return index_contents(cases.history())
    return run_contents(
        {"regression": cases.regression, "multiclass": cases.multiclass}.get(name, lambda: cases.data(name))()
    )


NAMES = [*cases.CAME_TO, "regression", "multiclass", "card", "index"]


@pytest.mark.parametrize("outcome", cases.CAME_TO)
def test_a_report_begins_with_the_outcome_and_explains_every_section_it_lacks(outcome):
    made = contents(outcome)
    html = page(made)
    assert OUTCOMES[outcome][0] in html.split("</h1>")[0]
    assert OUTCOMES[outcome][2] in html.replace("&#39;", "'")
    for name in SECTIONS:
        assert (made["sections"][name] is None) == (name in made["left_out"])
        assert made["left_out"].get(name, "a sentence.").endswith((".", ")."))
        assert (f'id="{name}"' in html) == (name not in made["left_out"])


def test_the_search_the_encodings_and_the_interval_stand_in_the_report():
    made = contents("regression")
    text = page(made)
    assert [one["loss"] for one in made["sections"]["fit"]["search"]] == [9.5, 9.1]
    assert 'extra_trees<br><small class="soft">taken</small>' in text
    assert "as ngrams, city as codes." in text
    assert (
        "The lower end lies −7 to −2 from the answer, the upper one 3 to 9, by the size of the answer (2 parts)."
        in text
    )
    by_row = replace(cases.regression(), evaluation=cases.regression().evaluation | {
        "interval": {"share": 0.9, "rows": 300, "low": [-2.0], "high": [3.0], "quantiles": True}})  # fmt: skip
    assert "quantiles that the model predicts for each row; −2 is added" in page(run_contents(by_row))


def test_the_number_of_iterations_stands_in_the_report():
    trials = [cases.trial("hist_gradient_boosting", {}, 0.0) | {"weight": 0}]
    trials.append(cases.trial("hist_gradient_boosting", {"max_iter": 300}, 0.4) | {"weight": 1})
    found = cases.regression().evaluation | {
        "estimator": "hist_gradient_boosting", "parameters": {"max_iter": 300},
        "search": {"of": "iterations", "trials": trials, "gain": {"gain": 0.4, "error": 0.1}, "rows": 20_000},
    }  # fmt: skip
    text = page(run_contents(replace(cases.regression(), evaluation=found)))
    assert "<h3>Number of iterations</h3>" in text
    assert "One fit on two thirds of 20,000 training rows" in text
    assert "Search over estimators" not in text


def test_the_members_of_an_ensemble_stand_in_the_report():
    members = [
        {"weight": 3, "estimator": "hist_gradient_boosting", "parameters": {"max_iter": 50}, "logarithm": True},
        {"weight": 1, "estimator": "linear", "parameters": {}, "logarithm": False},
    ]
    trials = [{"loss": 9.5, "gain": 0.4, "error": 0.1, **each} for each in members]
    trials.append(cases.trial("extra_trees", {}, 0.0) | {"weight": 0})
    found = cases.regression().evaluation | {
        "estimator": "ensemble", "parameters": {"members": members},
        "search": {"trials": trials, "gain": {"gain": 0.4, "error": 0.1}, "rows": 900, "reason": None},
    }  # fmt: skip
    made = run_contents(replace(cases.regression(), evaluation=found))
    text = page(made)
    told = "75% hist_gradient_boosting of the logarithm (max_iter 50); 25% linear"
    assert f"the weighted mean of {told}" in text
    assert 'hist_gradient_boosting of the logarithm<br><small class="soft">taken, weight 3</small>' in text
    assert text.count('<small class="soft">taken') == 2
    assert "The best has a gain of 0.4 (standard error 0.1)" in text
    assert f"members={told}" in text or f"members {told}" in text


def test_a_model_that_was_trained_elsewhere_is_told_from_a_fitted_one():
    imported = {"source": f"models:/risk/3 of {EVIL}", "sha256": "ab" * 32, "file": "", "inputs": []}
    found = cases.data("promoted")
    text = page(run_contents(replace(found, evaluation=found.evaluation | {"imported": imported})))
    assert "Nothing was fitted: the candidate is models:/risk/3 of &lt;" in text
    assert "It is not known which rows it was trained on" in text


def test_a_column_that_gives_the_target_is_asked_about():
    made = contents("promoted")
    (leak,) = made["sections"]["models"]["leakage"]
    assert leak["sentence"] == "income alone explains 99%: is it known when the question is asked?"
    assert leak["sentence"] in page(made)
    assert "A model that sees nothing else has ROC AUC 0.993." in page(made)


def test_near_duplicates_newest_rows_and_new_uploads_stand_in_the_report():
    text = page(contents("promoted"))
    assert "812 training rows equal one of 640 held-out rows in all but at most 3 of 12 columns (amount)" in text
    assert "judged without 120 held-out rows" in text
    assert "without those rows" in text
    assert "fitted on 17,000 older rows alone" in text
    assert "before any model was trained on them" in text
    assert "New rows before training" in page(contents("index"))
    assert [point["score"]["value"] for point in contents("index")["prequential"]] == [0.73, 0.72, 0.71]


def test_the_page_of_a_model_has_time_lines_of_its_looks():
    found = contents("index")["live"]
    assert [point["promoted"] for point in found] == [place == 8 for place in range(12)], "the release is marked"
    assert found[0]["live"] is None
    text = page(contents("index"))
    assert "Live traffic" in text
    for words in ("ROC AUC of 11 looks, from 0.72 to 0.62.", "EUR of 11 looks", "gap of 11 looks", "drift of 12 looks"):
        assert f"<desc>{words}" in text


def test_a_quarantined_run_has_only_its_validation():
    assert [name for name, found in contents("quarantined")["sections"].items() if found] == ["validation"]


@pytest.mark.parametrize("outcome", ["promoted", "quarantined"])
def test_rows_in_are_those_accepted_set_aside_and_dropped(outcome):
    rows = contents(outcome)["sections"]["validation"]["rows"]
    assert rows["in"] == rows["accepted"] + rows["quarantined"] + rows["duplicates"] == 6012


def test_a_run_that_waits_says_how_to_answer():
    assert contents("waiting")["decision"]["next"][0] == "perennial approve run-loans-9be2410c77aa"


def test_the_next_commands_reach_the_environment_of_the_run():
    data = replace(cases.data("waiting"), environment=Environment("staging"))
    assert run_contents(data)["decision"]["next"] == [
        "perennial --env staging approve run-loans-9be2410c77aa",
        'perennial --env staging reject run-loans-9be2410c77aa --why "..."',
    ]


def test_every_check_stands_with_metric_limit_interval_and_sentence():
    made = contents("refused")
    html = page(made)
    for check in made["decision"]["checks"]:
        assert str(escape(check["sentence"])) in html
    (unfair,) = [check for check in made["decision"]["checks"] if check["verdict"] == "failed"]
    assert (unfair["value"], unfair["limit"], unfair["low"], unfair["high"]) == (0.114, 0.1, 0.064, 0.164)


@pytest.mark.parametrize("name", NAMES)
def test_no_value_of_a_sensitive_column_or_of_a_text_is_shown(name):
    made = contents(name)
    assert SECRET not in page(made)
    assert SECRET not in to_json(made)


def test_the_groups_that_a_fairness_rule_compares_are_named():
    made = contents("promoted")
    assert [group["name"] for group in made["sections"]["fairness"]["rules"][0]["groups"]] == ["f", "m"]
    assert made["sections"]["drift"]["withheld"] == ["birthplace", "remark", "sex"]


@pytest.mark.parametrize("name", NAMES)
def test_an_attack_shows_as_text(name):
    html = page(contents(name))
    assert EVIL not in html
    assert "<img" not in html
    if name in ("promoted", "refused", "card", "failed", "quarantined", "multiclass"):
        assert str(escape(EVIL)) in html


@pytest.mark.parametrize("name", NAMES)
def test_a_page_holds_no_script_and_its_policy_allows_its_own_style_alone(name):
    html = page(contents(name))
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert f'content="{escape(policy)}"' in html
    assert not re.search(r"<script|\son[a-z]+=\"|\sstyle=\"|javascript:", html)
    assert set(re.findall(r"https?://[^\"'\s<]+", html)) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("name", NAMES)
def test_the_twin_holds_the_same_with_sorted_keys_and_both_are_the_same_each_time(name):
    made = contents(name)
    assert json.loads(to_json(made)) == made
    assert to_json(made) == json.dumps(made, sort_keys=True, ensure_ascii=False, indent=1) + "\n"
    assert (page(made), to_json(made)) == (page(contents(name)), to_json(contents(name)))


def test_a_name_that_a_template_lacks_is_an_error_and_templates_escape_whatever_they_are_called():
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nothing }}").render()
    assert environment().from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"


def _wide(columns: int, seed: int) -> Profile:
    """A profile of many columns with long, hostile names."""
    grids, found = {}, {}
    for place in range(columns):
        name = f"{EVIL} {'x' * 2000} {place}"
        names = tuple(f"{EVIL}{'y' * 60}{category}" for category in range(20))
        grids[name] = ColumnGrid("category", "categories", "feature", categories=names)
        found[name] = ColumnProfile(
            rows=2000, cells=tuple(50 + (seed * category) % 50 for category in range(20)), other=20
        )
    return Profile(Grid(grids), 2000, found)


def test_a_report_of_a_thousand_columns_stays_below_two_megabytes():
    before, now = _wide(1000, 3), _wide(1000, 7)
    column = {"verdict": "drifted", "role": "feature", "metrics": {"psi": 1.0}, "floors": {"psi": 0.1}, "score": 2.0,
              "sentence": EVIL * 9, "weight": 1.0, "worst": "psi"}  # fmt: skip
    report = {"verdict": "drifted", "sentence": EVIL, "moved": None, "columns": dict.fromkeys(before.columns, column)}
    evaluation = cases.evaluation()
    evaluation["fairness"][0]["groups"] *= 5000
    evaluation["behaviour"] *= 5000
    decision = cases.decision("refuse")
    decision["checks"] *= 500
    data = replace(
        cases.data("refused"), drift=report, profile=now, reference=before, evaluation=evaluation, decision=decision
    )
    made = run_contents(data)
    assert len(page(made).encode()) < LIMIT
    assert len(to_json(made).encode()) < LIMIT


def test_an_index_of_thousands_of_runs_stays_below_two_megabytes():
    made = index_contents(cases.history(3000))
    assert len(page(made).encode()) < LIMIT
    assert made["runs_left_out"] == 2500


def test_an_index_lists_runs_newest_first_and_links_those_that_have_a_report():
    made = contents("index")
    assert [run["started_at"] for run in made["runs"]] == sorted(
        (run["started_at"] for run in made["runs"]), reverse=True
    )
    html = page(made)
    for run in made["runs"]:
        assert (f'href="{run["id"]}.html"' in html) == run["reported"]
    assert {run["state"] for run in made["runs"] if not run["reported"]} == {"failed"}


def test_a_boolean_target_is_shown_in_the_words_of_its_data():
    made, words = cases.data("promoted"), {"false": {"no": 5300, "No": 2}, "true": {"yes": 698}}
    spelt = replace(made, verdict={**made.verdict, "target_words": words})
    for found, names in ((made, ("false", "true")), (spelt, ("no", "yes"))):
        (target,) = (
            each for each in run_contents(found)["sections"]["drift"]["distributions"] if each["name"] == "default"
        )
        assert sorted(category["name"] for category in target["categories"]) == sorted(names)
        assert card_contents(found, cases.version())["purpose"]["positive"] == names[1]


def test_a_card_says_whose_data_it_is_what_may_be_done_with_it_and_how_the_model_is_asked():
    html = page(contents("card"))
    for text in (
        "LicenseRef-internal",
        "sex and age of applicants",
        "1,825 days",
        "perennial-loans",
        "hist_gradient_boosting",
    ):
        assert text in html
    assert "Contract (GDPR" in html
