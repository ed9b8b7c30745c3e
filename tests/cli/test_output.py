"""Text of others leaves neither as a terminal command nor as a formula of a spreadsheet."""

import csv
import io
import json
from pathlib import Path

import polars as pl
import pytest

from cli import output, traffic
from perennial.client import batches

HOSTILE = "\x1b]0;owned\x07\x9b31m\u202eevil\r"


def test_control_characters_are_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    output.line(f"a\tb\n{HOSTILE}")
    output.note(HOSTILE)
    output.complain(HOSTILE)
    output.show(output.table(["name"], [[HOSTILE]]))
    told = "".join(capsys.readouterr())
    assert not any(sign in told for sign in HOSTILE if not sign.isprintable())
    assert "\\u001b]0;owned\\u0007\\u009b31m\\u202eevil" in told
    assert "a\tb\n" in told


def test_json_stays_json(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit({HOSTILE: HOSTILE})
    assert json.loads(capsys.readouterr().out) == {HOSTILE: HOSTILE}


@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx", "=HYPERLINK(1)"])
def test_a_label_that_would_be_a_formula_is_text_in_a_batch(label: str) -> None:
    answers = [{"label": label, "probabilities": {label: -0.5, "plain": 0.5}}]
    header, row = csv.reader(io.StringIO(batches.as_csv(answers, {}), newline=""))
    told = output.printable(f"'{label}")
    assert header == ["label", told, "plain"]
    assert row == [told, "-0.5", "0.5"]


def test_a_text_that_would_be_a_formula_is_text_in_exported_traffic(tmp_path: Path) -> None:
    frame = pl.DataFrame({"name": ["=1+1", "plain", None], "number": [-1, 2, 3]})
    traffic._write(frame, tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").read_text() == "name,number\n'=1+1,-1\nplain,2\n,3\n"
