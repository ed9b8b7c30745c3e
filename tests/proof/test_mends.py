"""The table of mends fits the sources and the documentation; `make mends` reverts each and runs its test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from proof.mends import MENDS, ROOT, Mend, MendError


@pytest.mark.parametrize("mend", MENDS, ids=lambda mend: mend.what)
def test_a_mend_can_be_reverted_and_stands_in_the_documentation(mend: Mend, tmp_path: Path) -> None:
    copy = tmp_path / mend.file
    copy.parent.mkdir(parents=True)
    shutil.copyfile(ROOT / mend.file, copy)
    mend.revert(tmp_path)
    assert copy.read_text() != (ROOT / mend.file).read_text()
    if copy.suffix == ".py":
        compile(copy.read_text(), mend.file, "exec")
    assert f"| {mend.what} | `{mend.tests}` |" in (ROOT / "docs" / "aws.md").read_text()
    assert (ROOT / mend.tests.split("::")[0]).exists()


def test_a_mend_whose_text_has_changed_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one\n")
    with pytest.raises(MendError, match=r"a\.py: 'two' occurs 0 times"):
        Mend("a mend", "a.py", "two", "three", "tests/a.py").revert(tmp_path)
