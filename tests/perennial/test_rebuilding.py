"""The comparison of a rebuilt model with the registered one."""

from pathlib import Path
from typing import Any

from perennial.rebuilding import Built, compare, digest_of_source
from stacks.source import Source

VERSIONS = {"python": "3.12.9", "scikit-learn": "1.9.0"}
ROWS = [{"x": 1.0}, {"x": 2.0}]


def built(digest: str = "a" * 64, **changes: Any) -> Built:
    manifest = {"digest": digest, "files": {"model.joblib": digest}, "versions": VERSIONS, "rows": 80} | changes
    return Built(manifest, {"rows": ROWS, "predictions": [{"probabilities": {"a": 0.25}}, {"value": 1.0}]})


def test_equal_models_name_the_libraries_of_both() -> None:
    found = compare("m@1", built(), built(), ("s" * 64, "s" * 64))
    assert found.equal
    assert found.lines() == (
        "m@1: equal, digest aaaaaaaaaaaa",
        "  the same libraries: python 3.12.9, scikit-learn 1.9.0",
    )


def test_a_library_that_differs_is_told_also_where_the_digests_are_equal() -> None:
    now = built(versions=VERSIONS | {"scikit-learn": "1.9.1"})
    found = compare("m@1", built(), now, ("s" * 64, "s" * 64))
    assert found.equal
    assert [each.sentence for each in found.differences] == ["library scikit-learn: registered 1.9.0, rebuilt 1.9.1"]
    assert found.libraries == {"python": "3.12.9"}


def test_files_facts_and_the_largest_change_of_a_prediction_are_told() -> None:
    now = built("b" * 64, rows=79)
    now = Built(now.manifest, {"rows": ROWS, "predictions": [{"probabilities": {"a": 0.5}}, {"value": 1.0}]})
    found = compare("m@1", built(), now, ("s" * 64, "s" * 64))
    assert not found.equal
    assert [(each.kind, each.name, each.now) for each in found.differences] == [
        ("fact", "rows", "79"),
        ("file", "model.joblib", "b" * 12),
        ("prediction", "golden rows", "1 of 2 differ, by 0.25 at most"),
    ]


def test_an_archive_that_was_changed_since_its_registration_is_told() -> None:
    (found,) = compare("m@1", built(), built(), ("s" * 64, "t" * 64)).differences
    assert found.sentence == f"archive sha256: registered {'s' * 12}, rebuilt {'t' * 12}"


def test_a_source_has_the_digest_that_the_deployment_gives_it(tmp_path: Path) -> None:

    for name, text in {"b.py": "two", "a/c.py": "one"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    files = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*.py")}
    assert digest_of_source(files) == Source.of(("", tmp_path, "**/*")).digest
