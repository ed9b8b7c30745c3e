"""Names in the documents exist: links, verbs and options of the command, targets of make, packages."""

import re
import textwrap
from pathlib import Path

import pytest
from typer.main import get_command

from cli.main import app
from perennial.contract.dataset import Data
from perennial.contract.values import read
from perennial.spec import parse
from perennial.validation import CODES

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
VERBS = {name: {option for parameter in verb.params for option in (*parameter.opts, *parameter.secondary_opts)}
         for name, verb in get_command(app).commands.items()}  # type: ignore[attr-defined]  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_project_leads_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_shown_is_a_verb_with_these_options(page):
    shown = re.findall(r"(?:\$ |\$\(|; |`)perennial ([a-z]+)([^`\n#;)]*)", page.read_text(encoding="utf-8"))
    for verb, rest in shown:
        assert verb in VERBS, f"{page.name} shows perennial {verb}"
        assert set(re.findall(r"(?<!\S)--[a-z-]+", rest)) <= VERBS[verb], f"{page.name} shows perennial {verb}{rest}"


def test_every_target_of_make_that_is_shown_exists():
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        for target in re.findall(r"(?:\$ |`)make ([a-z-]+)", page.read_text(encoding="utf-8")):
            assert target in known, f"{page.name} shows make {target}"


def test_the_architecture_names_every_room():
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    text = (ROOT / "docs" / "architecture.md").read_text()
    assert [room for room in sorted(rooms) if f"`{room}/`" not in text] == []


def test_decisions_are_numbered_without_a_double():
    numbers = [path.name[:4] for path in (ROOT / "docs" / "adr").glob("*.md")]
    assert len(set(numbers)) == len(numbers)
    for path in (ROOT / "docs" / "adr").glob("*.md"):
        assert path.read_text().startswith(f"# {path.name[:4]}"), path.name


def test_every_code_of_a_problem_is_explained():
    text = (ROOT / "docs" / "validation.md").read_text()
    assert [code for code in CODES if f"`{code}`" not in text] == []


def test_the_declarations_that_are_shown_are_a_specs():
    shown, formats, uploads = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "validation.md").read_text(), re.DOTALL)
    types = {"dewp": "number", "temp": "number", "origin": "text", "dest": "text", "day": "date"}
    more = "".join(f"  {name}: {{type: {type_}}}\n" for name, type_ in types.items())
    head = "name: x\nproblem: regression\ntarget: distance\nevent_time: day\ncard: {origin: o, licence: l, terms: t}\n"
    contract = parse(head + shown.replace("\n\nvalidation", "\n" + more + "\nvalidation")).contract()
    assert [rule.name for rule in contract.validation.rules] == ["dew point", "goes somewhere"]
    assert parse(head + uploads + "columns: {distance: {type: number}, day: {type: date}}\n").data == Data()
    columns = parse("name: x\nproblem: regression\ntarget: price\ncolumns:\n" + textwrap.indent(formats, "  ")).columns
    for line in formats.splitlines():
        name, texts = line.split(":")[0], re.split(r" {2,}", line.partition("#")[2].strip())
        for text in texts:
            assert read(text, columns[name], ()) is not None


def test_the_release_that_is_shown_is_a_specs():
    (shown,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "release.md").read_text(), re.DOTALL)
    head = "name: x\nproblem: binary\ntarget: y\ncard: {origin: o, licence: l, terms: t}\n"
    spec = parse(head + "columns: {x: {type: number}, y: {type: boolean}}\n" + shown)
    assert spec.release.traffic == "canary"
    assert spec.release.shadow is not None


def test_every_path_that_contributing_names_exists():
    named = re.findall(r"`([\w./*-]+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    paths = [name for name in named if "/" in name or name.endswith((".py", ".md", ".toml"))]
    assert len(paths) > 60
    for path in paths:
        pattern = re.sub(r"\b[A-Z]{2,}\b", "*", path).rstrip("/")  # functions/NOUN/handler.py: any noun
        assert path.startswith("build/") or path == "models/*.py" or any(ROOT.glob(pattern)), (
            f"CONTRIBUTING.md names {path}"
        )


def test_the_site_lists_every_page():
    listed = re.findall(r"^ +- [^:]+: (\S+\.md)$", (ROOT / "website" / "mkdocs.yml").read_text(), re.MULTILINE)
    pages = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert pages | {"index.md", "contributing.md", "changelog.md", "adr/index.md"} == set(listed)
