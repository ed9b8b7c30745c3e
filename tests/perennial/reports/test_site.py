"""The pages of all models, of datasets and of the lineage: what they say, where they lead, and how large they are."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from posixpath import dirname, join, normpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.records import Exclusion, Retirement
from perennial.reports import dataset_contents, glance_contents, home_contents, lineage_contents, page, to_json
from tests.perennial.reports import cases, sites

LIMIT = 500_000  # bytes of a page


def test_models_that_need_a_person_come_first():
    known = sites.history()
    failed = replace(known, model="b", runs=(cases.run("failed"),))
    fresh = replace(known, model="a", look=sites.LOOK | {"verdict": "fresh", "version": known.champion.version})
    stale = replace(known, model="c", look=sites.LOOK | {"verdict": "stale", "version": known.champion.version})
    empty = replace(known, model="d", champion=None)
    made = home_contents([glance_contents(one, None) for one in (empty, fresh, stale, failed)])
    assert [(one["model"], one["state"]) for one in made["models"]] == [
        ("b", "failed"),
        ("c", "stale"),
        ("a", "fresh"),
        ("d", "empty"),
    ]
    html = page(made)
    assert html.index(">b<") < html.index(">c<") < html.index(">a<")
    assert "perennial explain run-loans-9be2410c77aa" in html


def test_a_look_at_an_earlier_champion_says_nothing_about_the_one_that_serves():
    known = replace(sites.history(), look=sites.LOOK | {"version": "loans@ffffffffffff", "verdict": "stale"})
    assert glance_contents(known, None)["state"] == "new"


def test_a_run_that_waits_for_an_approval_is_named():
    known = sites.history()
    waiting = cases.run("running", "run-loans-ffffffffffff", cases.MOMENT + timedelta(days=900))
    waiting = waiting.model_copy(update={"approval_until": cases.MOMENT + timedelta(days=907)})
    made = glance_contents(replace(known, runs=(*known.runs, waiting)), None)
    assert (made["state"], made["last_run"]["state"]) == ("waiting", "waiting")


def test_a_retired_model_is_so_whatever_its_last_look_said():
    gone = Retirement(model="loans", run="run-loans-1", who="ada", why="not asked", since=cases.MOMENT)
    known = replace(sites.history(), champion=None, look=sites.LOOK | {"verdict": "stale"})
    assert glance_contents(known, gone)["state"] == "retired"


def test_the_metric_is_that_of_the_champions_run():
    known = sites.history(21)
    made = glance_contents(known, None)
    assert made["metric"]["value"] == known.summaries[known.champion.run]["headline"]["candidate"]["value"]


def test_the_page_of_a_dataset_names_its_runs_its_versions_and_its_exclusion():
    known = sites.history()
    dataset = known.datasets[4]
    out = Exclusion(
        dataset=dataset.id, model="loans", cause="person", why="sold twice", who="ada", at=cases.MOMENT
    )  # fmt: skip
    made = dataset_contents(known, dataset, out)
    assert [run["id"] for run in made["runs"]] == ["run-loans-000000000004"]
    assert [version["id"] for version in made["versions"]] == ["loans@000000000004"]
    assert "excluded from training: sold twice" in page(made)


def links(html: str) -> set[str]:
    return {found for found in re.findall(r'href="([^"]+)"', html) if "://" not in found}


def test_every_link_leads_to_a_page_or_to_an_anchor_of_one():
    made = {key: page(contents) for key, contents in sites.pages().items()}
    stored = re.compile(r"reports/[a-z0-9-]+/(run-|cards/|datasets/)")  # written by the runs themselves
    for key, html in made.items():
        for link in links(html):
            target, _, anchor = link.partition("#")
            place = normpath(join(dirname(key), target)) if target else key
            assert place in made or stored.match(place), (key, link)
            if anchor and place in made:
                assert f'id="{anchor}"' in made[place], (key, link)


def test_lineage_leads_both_ways():
    made = lineage_contents(sites.history())
    for version in made["versions"]:
        for data in version["datasets"]:
            (dataset,) = [one for one in made["datasets"] if one["id"] == data["id"]]
            assert version["id"] in {one["id"] for one in dataset["versions"]}
    for dataset in made["datasets"]:
        for one in dataset["versions"]:
            (version,) = [found for found in made["versions"] if found["id"] == one["id"]]
            assert dataset["id"] in {found["id"] for found in version["datasets"]}


def test_pages_of_50_models_and_1000_runs_are_small():
    known = sites.history(1000, window=6)
    glances = [glance_contents(replace(known, model=f"model-{number}"), None) for number in range(50)]
    for made in (home_contents(glances), lineage_contents(known), dataset_contents(known, known.datasets[-1], None)):
        assert len(page(made).encode()) < LIMIT, made["kind"]


@pytest.mark.parametrize("key", ["reports/index.html", "reports/loans/lineage.html"])
def test_a_page_is_the_same_when_it_is_made_again(key):
    first, again = sites.pages()[key], sites.pages()[key]
    assert (page(first), to_json(first)) == (page(again), to_json(again))


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_name_becomes_markup(name, sentence):
    known = sites.history(2)
    dataset = known.datasets[-1].model_copy(update={"name": f"<b>{name}", "key": f"<b>{name}"})
    known = replace(
        known, datasets=(*known.datasets[:-1], dataset), look=sites.LOOK | {"sentences": [f"<b>{sentence}"]}
    )
    for made in (
        lineage_contents(known),
        dataset_contents(known, dataset, None),
        home_contents([glance_contents(known, None)]),
    ):
        html = page(made)
        assert "<b>" not in html.replace("<b>Perennial</b>", "")
