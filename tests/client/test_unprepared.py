"""A text file with a fault that a command mends: it names its place, and the command writes a file that is read."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

import pytest

from perennial.client import unprepared
from perennial.client.errors import ClientError
from perennial.client.tables import read

HEADER = ["id", "area", "town", "price"]
ROWS = [[str(place), f"{place}.5", "Zürich", str(place * 100)] for place in range(40)]
PLAIN = "\n".join(",".join(row) for row in (HEADER, *ROWS)) + "\n"
GERMAN = "\n".join(";".join(cell.replace(".", ",") for cell in row) for row in (HEADER, *ROWS)) + "\n"

FAULTY = {
    "a line above the header": (f"Report of 2025-01-01\n\n{PLAIN}".encode(), "line 3 looks like the header ('id',"),
    "lines filled up by a spreadsheet": (f"Report of May,,,\n,,,\n{PLAIN}".encode(), "line 3 looks like the header"),
    "two lines above the header": (f"Report\nBerlin, 2025\n{PLAIN}".encode(), "line 3 looks like the header"),
    "an empty line above the header": (f"\n{PLAIN}".encode(), "line 2 looks like the header"),
    "UTF-16": (PLAIN.encode("utf-16"), "the text is UTF-16"),
    "UTF-16 without its mark": (PLAIN.encode("utf-16-le"), "the text is UTF-16"),
    "UTF-16 of big ends": (PLAIN.encode("utf-16-be"), "the text is UTF-16"),
    "UTF-32": (PLAIN.encode("utf-32"), "the text is UTF-32"),
    "Latin-1": (PLAIN.encode("latin-1"), "line 2: byte 26 of the file is 0xfc, which is not UTF-8; it may be Latin-1"),
    "Windows-1252": (PLAIN.replace("ü", "€").encode("cp1252"), "it may be WINDOWS-1252"),
    "semicolons": (GERMAN.encode(), "separated by semicolons; commas are expected; decimal commas stay"),
    "tabs": (PLAIN.replace(",", "\t").encode(), "separated by tabs; commas are expected"),
    "bars": (PLAIN.replace(",", "|").encode(), "separated by bars; commas are expected"),
}  # fmt: skip


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
@pytest.mark.parametrize(("data", "sentence"), FAULTY.values(), ids=FAULTY)
def test_the_command_of_a_fault_writes_a_file_that_is_read(
    data: bytes, sentence: str, packed: bool, tmp_path: Path
) -> None:
    path = tmp_path / ("a file.csv.gz" if packed else "a file.csv")
    path.write_bytes(gzip.compress(data) if packed else data)
    with pytest.raises(ClientError) as refused:
        read(path)
    assert sentence in str(refused.value)
    fault = unprepared.of_file(path)
    assert fault is not None
    assert str(refused.value) == f"{path}: {fault}"
    subprocess.run(fault.command, shell=True, check=True)
    written = next(each for each in tmp_path.iterdir() if each != path)
    assert written.suffix == ".csv"
    frame = read(written).frame
    assert frame.columns == HEADER
    assert frame.height == len(ROWS)
    assert unprepared.of_file(written) is None


def test_a_german_file_of_a_spreadsheet_is_mended_step_by_step(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_bytes(f"Bericht; Mai\n\n{GERMAN}".replace("\n", "\r\n").encode("cp1252"))
    commands = []
    while (fault := unprepared.of_file(path)) is not None:
        before = set(tmp_path.iterdir())
        subprocess.run(fault.command, shell=True, check=True)
        commands.append(fault.command.split()[0])
        path = (set(tmp_path.iterdir()) - before).pop()
    assert commands == ["python3", "tail", "python3"]
    assert read(path).frame["area"].to_list() == [row[1].replace(".", ",") for row in ROWS]


SOUND = {
    "a plain table": PLAIN,
    "a first column without a name": PLAIN.removeprefix("id"),
    "one name fewer than values, as R writes": PLAIN.removeprefix("id,"),
    "texts with semicolons": "id,tags\n" + "".join(f"{place},a;b;c\n" for place in range(9)),
    "a short row": "a,b\n1\n2,3\n",
    "a short header above texts alone": "a\nb,c\n",
    "one column": "y\n1\n2\n",
    "broken quotes": 'a,b\n"1,2\n',
    "a last column without a name": "a,\nx,y\nz,w\n",
    "nothing": "",
    "carriage returns alone, which tail does not count": "Report\r" + PLAIN,
}


@pytest.mark.parametrize("text", SOUND.values(), ids=SOUND)
def test_nothing_is_said_of_a_file_where_it_is_not_certain(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    assert unprepared.of_file(path) is None


def test_a_large_file_is_judged_by_its_first_part(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_text("Report\n" + PLAIN + "7,7.5,Bern,1\n" * 50_000)
    fault = unprepared.of_file(path)
    assert fault is not None
    assert "line 2 looks like the header" in fault.sentence
    with pytest.raises(ClientError, match="line 2 looks like the header"):
        read(path)


def test_a_text_from_stdin_is_mended_in_a_pipe() -> None:
    fault = unprepared.find(unprepared.STDIN, PLAIN.encode("utf-16"))
    assert fault is not None
    assert fault.command.startswith("pipe the text through python3 -c 'import sys; ")
    assert ".decode(" in fault.command
