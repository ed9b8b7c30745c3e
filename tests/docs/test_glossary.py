"""docs/glossary.md: each place exists and uses the term; none of the replaced names is used any more."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
ENTRIES = re.findall(r"^\| (?!term|---)([^|]+) \| ([^|]+) \| ([^|]+) \|$", GLOSSARY.read_text(), re.MULTILINE)

# A replaced name, as a pattern in the text of code, spec and docs, and the term that stands for it now.
REPLACED = {
    r"\bnull_marks?\b": "null_values",
    r"\bnull marks?\b": "null values",
    r"\bmost_apart\b": "max_difference",
    r"\bleast_ratio\b": "min_ratio",
    r"\bmay_fail\b": "max_failure_rate",
    r"\bReach\b": "Threshold",
    r"\bwatch: [\d.]+, drifted: ": "warn, alert",
    r"\"gone\"|`gone`|\bgone[:=] |\.gone\b": "missing_category",
    r"\bover_all\b": "dataset_drift",
    r"(?<!</)(?<!<)\bfigures?\b(?!\.table| \{|, figcaption)|\bfigure_|_figures?\b": "metric",
    r"\bsaid\b(?= = |\(|\[|\.\w|: \w+[,)\[])|\bimport .*\bsaid\b": "predicted",
    r"(?<!\bon[ -])\b_?demands?\b": "gate checks",
    r"\bdossiers?\b|\bDossiers?\b": "report data",
    r"\bveil(s|ed)?\b|\bVeil\b": "redaction",
    r"\bdrawings?\b": "plots",
    r"\btwins?\b": "JSON document",
    r"\bsurrender(s|ed)?\b": "mark_uninspectable",
    r"\bgather repeats\b|\bGather repeats\b": "collect_duplicates",
    r"\btelling\b": "notifications",
    r"\bDesk\b": "context",
    r"\bdef arrived\b|\barrived\(": "on_object_created",
    r"\bdef wake\b|\bwake\(": "start_pending",
    r"\bfunctions[./]approval[./](ask|hear)\b": "request/record_approval",
    r"\brelease[./](begin|restore)\b": "start_deployment/rollback",
    r"\b_?crown(s|ed)?\b": "promote",
    r"\b_?sweeps?\b|\bswept\b": "garbage_collect",
    r"\bRings?\b": "AlarmBreach",
    r"\bwithdraw\b": "trigger_rollback",
    r"\b(gives|also|leaves)=": "result_path/payload/output_path",
    r"\bgrant_(look|hear)\b": "grant_describe_...",
    r"\bfast[./]masks\b|fast import .*\bmasks\b|\"masks\"|`masks`|\bMasks\b": "quickscorer",
    r"\bnursery\b|\bNursery\b": "zygote",
    r"\bguardian\b": "reaper",
    r"\bstandby\b|\bStandby\b": "prewarmed",
    r"\bsuspicions?\b": "duplicate_candidates",
    r"\bscreening\b|\bScreening\b": "batch rules",
    r"\bexaminations?\b|\bExamination\b": "batch validation",
    r"\bjudgements?\b": "decision",
    r"\bstor(y|ies)\b": "demo script",
}
# Modules whose names are ordinary words elsewhere.
MOVED = {
    "perennial/spec/words.py": "suggestions",
    "perennial/reports/words.py": "suggestions",
    "perennial/reports/dossier.py": "report data",
    "perennial/reports/veil.py": "redaction",
    "perennial/reports/drawings.py": "plots",
    "perennial/spec/demands.py": "gate checks",
    "perennial/figures.py": "metric",
    "perennial/validation/suspicion.py": "duplicate_candidates",
    "perennial/validation/repeats.py": "duplicates",
    "perennial/validation/ahead.py": "prefetch",
    "perennial/validation/screening.py": "batch rules",
    "perennial/validation/examination.py": "batch validation",
    "perennial/validation/judgement.py": "decision",
    "cloud/configurations.py": "endpoint_configs",
    "cloud/objects.py": "s3",
    "cloud/dossiers.py": "report data",
    "functions/approval/ask.py": "request_approval",
    "functions/approval/hear.py": "record_approval",
    "functions/release/begin.py": "start_deployment",
    "functions/release/restore.py": "rollback",
    "functions/dispatch/telling.py": "notifications",
    "functions/validation/gather.py": "collect_duplicates",
    "functions/validation/surrender.py": "mark_uninspectable",
    "training/fast/masks.py": "quickscorer",
    "embedded/lambdas/nursery.py": "zygote",
    "embedded/guardian.py": "reaper",
    "embedded/sagemaker/standby.py": "prewarmed",
    "cli/sides.py": "inputs",
    "cli/questions.py": "requests",
    "cli/story.py": "demo script",
}
# The history keeps its words; locks and results are generated.
LEFT_OUT = ("CHANGELOG.md", "tests/docs/test_glossary.py", "bench/results/", "bench/peers/", "requirements")
# Readers of documents that older releases wrote, and their tests: they name the former keys, in quotes.
FORMER_KEYS = (
    "perennial/contract/part.py",
    "tests/perennial/contract/test_part.py",
    "perennial/records.py",
    "perennial/former_keys.py",
    "tests/perennial/test_former_keys.py",
    "tests/perennial/test_records.py",
)


@cache
def texts() -> dict[str, str]:
    """Every file of the project that people read, by its path."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    found = {}
    for path in listed:
        if not path.startswith(LEFT_OUT) and (ROOT / path).is_file():
            text = (ROOT / path).read_text(encoding="utf-8", errors="replace")
            found[path] = re.sub(r'"[a-z_]+"', '""', text) if path in FORMER_KEYS else text
    return found


def plain(text: str) -> str:
    return re.sub(r"[-_\s`]+", " ", text).lower()


@pytest.mark.parametrize(("term", "meaning", "where"), ENTRIES, ids=[entry[0] for entry in ENTRIES])
def test_a_terms_place_exists_and_uses_it(term: str, meaning: str, where: str) -> None:
    places = re.findall(r"`([^`]+)`", where)
    assert places
    for place in places:
        assert (ROOT / place).exists(), f"'{term}' is said to be in {place}, which does not exist"
    files = [
        path
        for place in places
        for path in ([ROOT / place] if (ROOT / place).is_file() else (ROOT / place).rglob("*.py"))
    ]
    assert any(plain(term).rstrip("sy") in plain(path.read_text(encoding="utf-8")) for path in files), (
        f"'{term}' is not in {where}"
    )
    assert meaning.count(". ") <= 1, f"'{term}' takes more than two sentences"


def test_terms_are_in_order_and_each_once() -> None:
    assert len({term.lower() for term, _, _ in ENTRIES}) == len(ENTRIES)
    for section in GLOSSARY.read_text().split("\n## ")[1:]:
        terms = [term.lower() for term in re.findall(r"^\| (?!term|---)([^|]+) \|", section, re.MULTILINE)]
        assert terms == sorted(terms)


@pytest.mark.parametrize("name", REPLACED)
def test_a_replaced_name_is_used_nowhere(name: str) -> None:
    pattern = re.compile(name)
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in texts().items()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == [], f"use {REPLACED[name]}"


@pytest.mark.parametrize("path", MOVED)
def test_a_replaced_module_is_gone(path: str) -> None:
    assert not (ROOT / path).exists(), f"use a name such as {MOVED[path]}"
