"""One Chromium for all tests, and the pages of made-up runs as files that it opens."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

from perennial.reports import card_contents, index_contents, page, run_contents
from tests.browser import chromium
from tests.perennial.reports import cases, sites

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-domain-reliability", "--no-pings", "--font-render-hinting=none",
    "--no-proxy-server", "--host-resolver-rules=MAP evil.test 127.0.0.1",  # a name that leads here, as after rebinding
)  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = chromium.find()
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=found.path, args=ARGUMENTS, env={**os.environ, **found.environment}
        )
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each page as a file, by name: every outcome of a run, two other problems, a card and an index."""
    made: dict[str, dict[str, Any]] = {outcome: run_contents(cases.data(outcome)) for outcome in cases.CAME_TO}
    made |= {"regression": run_contents(cases.regression()), "multiclass": run_contents(cases.multiclass())}
    made |= {
        "card": card_contents(cases.data("promoted"), cases.version()),
        "index": index_contents(cases.history()),
    }
    folder = tmp_path_factory.mktemp("pages")
    made |= sites.pages()
    paths = {name: folder / f"{name.removesuffix('.html')}.html" for name in made}
    for name, path in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(made[name]), encoding="utf-8")
    return paths


class Visit:
    """An open page, and everything that a page must not do."""

    def __init__(self, opened: Page, url: str) -> None:
        self.page, self.faults = opened, []
        opened.on("console", lambda message: self.faults.append(f"console: {message.text}"))
        opened.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        opened.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))
        opened.on("request", lambda request: request.url == url or self.faults.append(f"request: {request.url}"))
        opened.goto(url)

    def keep(self, path: Path, tries: int = 10) -> None:
        """Writes the whole page as a picture. Without a GPU Chromium drops some frames: it is repeated."""
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in reversed(range(tries)):
            try:
                self.page.screenshot(path=path, full_page=True)
            except Error as error:
                if "Unable to capture" not in str(error) or not left:
                    raise
                self.page.wait_for_timeout(300)
            else:
                return


@pytest.fixture(scope="session")
def visit(browser: Browser, pages: dict[str, Path]) -> Iterator[Callable[..., Visit]]:
    """`visit(name, width, scheme)` opens a page."""
    contexts: dict[tuple[int, str], Any] = {}

    def open_page(name: str, width: int = 1440, scheme: str = "light") -> Visit:
        where = (width, scheme)
        if where not in contexts:
            size = {"width": width, "height": 900}
            contexts[where] = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
        return Visit(contexts[where].new_page(), pages[name].as_uri())

    yield open_page
    for context in contexts.values():
        context.close()
