"""The reports in a real browser: no scripts, no requests, a layout for phones, and accessible."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from perennial import layout
from tests.browser.chromium import ROOT
from tests.perennial.reports import cases

SHOTS = ROOT / "build" / "screenshots"
HOME, LINEAGE = layout.home(), layout.lineage_page("loans")
DATASET = layout.dataset_page("loans", "ds-loans-000000000010")
SITE = [HOME, LINEAGE, DATASET]
NAMES = [*cases.CAME_TO, "regression", "multiclass", "card", "index", *SITE]
RICH = ["promoted", "card", "index", *SITE]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_runs_nothing_fetches_nothing_and_is_no_wider_than_its_window(visit, name):
    seen = visit(name, 360)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 360
    seen.page.set_viewport_size({"width": 1440, "height": 900})
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 1440
    assert seen.faults == []
    assert seen.page.evaluate("document.images.length + document.scripts.length") == 0
    seen.page.close()


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        *(("promoted", "light"), ("refused", "dark"), ("card", "light"), ("index", "dark"), ("failed", "light")),
        *((name, scheme) for name in SITE for scheme in ("light", "dark")),
    ],
)
def test_axe_finds_no_serious_violation(visit, name, scheme):
    seen = visit(name, 1440 if scheme == "light" else 360, scheme)
    seen.page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    found = Axe().run(seen.page, options={"resultTypes": ["violations"]}).response["violations"]
    seen.page.close()
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["help"], [node["html"] for node in one["nodes"]][:3]) for one in serious] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("name", RICH)
def test_what_it_looks_like_is_kept(visit, name, width, scheme):
    seen = visit(name, width, scheme)
    path = SHOTS / f"{name.removesuffix('.html').replace('/', '-')}-{width}-{scheme}.png"
    seen.keep(path)
    seen.page.close()
    assert path.stat().st_size > 20_000


def test_an_attack_in_a_columns_name_is_read_as_text(visit):
    seen = visit("promoted")
    assert seen.page.get_by_text(cases.EVIL, exact=True).count() > 0
    assert cases.EVIL in seen.page.locator("#drift").inner_text()
    assert seen.faults == []
    seen.page.close()


def test_the_keyboard_reaches_the_report_and_everything_that_scrolls(visit):
    seen = visit("promoted", 360)
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.textContent") == "To the report"
    seen.page.keyboard.press("Enter")
    assert seen.page.url.endswith("#main")
    hidden = """() => [...document.querySelectorAll('*')]
      .filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === 'auto')
      .filter((one) => one.tabIndex < 0)
      .map((one) => one.outerHTML.slice(0, 80))"""
    assert seen.page.evaluate(hidden) == []
    seen.page.close()


def test_every_chart_has_a_name_and_says_what_it_shows(visit):
    seen = visit("promoted")
    charts = seen.page.locator("svg[role=img]")
    words = "all => all.map((one) => [...one.querySelectorAll('title, desc')].map((word) => word.textContent))"
    told = charts.evaluate_all(words)
    assert len(told) > 10
    assert all(len(both) == 2 and all(both) for both in told)
    seen.page.close()


def test_lineage_is_walked_both_ways_by_click_and_by_keyboard(visit):
    seen = visit(LINEAGE)
    opened = seen.page
    opened.locator("#version-000000000010").get_by_role("link", name="2026-015.csv").click()
    assert opened.url.endswith("#ds-loans-00000000000f")
    back = opened.locator("#ds-loans-00000000000f").get_by_role("link", name="loans@000000000010")
    back.focus()
    opened.keyboard.press("Enter")
    assert opened.url.endswith("#version-000000000010")
    drawn = opened.locator("svg.links a").first
    drawn.focus()
    opened.keyboard.press("Enter")
    assert "#ds-loans-" in opened.url
    assert seen.faults == []
    opened.close()


def test_the_site_is_walked_from_all_models_to_a_dataset(visit):
    seen = visit(HOME)
    seen.page.get_by_role("link", name="loans", exact=True).click()
    assert seen.page.get_by_role("heading", level=1).inner_text() == "loans"
    seen.page.get_by_role("link", name="Lineage").click()
    seen.page.get_by_role("link", name="Dataset ds-loans-000000000011").click()
    assert seen.page.get_by_role("heading", level=1).inner_text() == "2026-017.csv"
    seen.page.get_by_role("link", name="All models").click()
    assert seen.page.get_by_role("heading", level=1).inner_text() == "Models"
    seen.page.close()


def test_in_print_nothing_is_folded_away(visit):
    seen = visit("promoted")
    seen.page.emulate_media(media="print")
    assert not seen.page.locator("nav.contents").is_visible()
    assert seen.page.locator("details table").first.is_visible()
    seen.page.close()
