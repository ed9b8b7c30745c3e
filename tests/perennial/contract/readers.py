"""The readers of a cell, each returning its value, or REFUSED."""

import io
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from perennial.contract import requests
from perennial.contract.columns import Column
from perennial.contract.dataset import Contract, Validation
from perennial.contract.fields import PayloadError
from perennial.contract.schema import Rows, Schema
from perennial.contract.values import ValueRefusedError, read
from perennial.validation import inspect
from training.payloads.parquet import rows_of_parquet

REFUSED = "refused"
Reader = Callable[[Sequence[str], Column, tuple[str, ...]], list[Any]]


def grammar(cells: Sequence[str], column: Column, nulls: tuple[str, ...]) -> list[Any]:
    return [_or_refused(lambda cell=cell: read(cell, column, nulls)) for cell in cells]


def upload_csv(cells: Sequence[str], column: Column, nulls: tuple[str, ...]) -> list[Any]:
    return uploaded(csv_of([["k", "c"], *enumerate(cells)]), len(cells), column, nulls)


def upload_json_lines(cells: Sequence[str], column: Column, nulls: tuple[str, ...]) -> list[Any]:
    lines = [json.dumps({"k": k, "c": cell}) for k, cell in enumerate(cells)]
    return uploaded("\n".join(lines), len(cells), column, nulls)


def upload_json_literals(cells: Sequence[str], column: Column, nulls: tuple[str, ...]) -> list[Any]:
    lines = [f'{{"k": {k}, "c": {literal(cell)}}}' for k, cell in enumerate(cells)]
    return uploaded("\n".join(lines), len(cells), column, nulls)


def upload_parquet(cells: Sequence[str], column: Column, nulls: tuple[str, ...]) -> list[Any]:
    return uploaded(parquet_of(cells), len(cells), column, nulls)


def served_csv(cells: Sequence[str], column: Column, nulls: tuple[str, ...]) -> list[Any]:
    return served(cells, column, nulls, requests.CSV, lambda rows: csv_of([["c", "k"], *([c, 1] for c in rows)]))


def served_csv_without_header(cells: Sequence[str], column: Column, nulls: tuple[str, ...]) -> list[Any]:
    # A byte-order mark at the beginning of a body is not part of its first cell.
    marked = [cell.startswith("\ufeff") for cell in cells]
    plain = [cell.lstrip("\ufeff") for cell in cells]
    found = served(plain, column, nulls, "text/csv; header=absent", lambda rows: csv_of([[c, 1] for c in rows]))
    return [grammar([cell], column, nulls)[0] if mark else value
            for cell, mark, value in zip(cells, marked, found, strict=True)]  # fmt: skip


def served_json(cells: Sequence[str], column: Column, nulls: tuple[str, ...]) -> list[Any]:
    return served(cells, column, nulls, requests.JSON, lambda rows: json.dumps([{"c": c, "k": 1} for c in rows]))


def served_json_lists(cells: Sequence[str], column: Column, nulls: tuple[str, ...]) -> list[Any]:
    return served(cells, column, nulls, requests.JSON, lambda rows: json.dumps({"rows": [[c, 1] for c in rows]}))


def served_json_columns(cells: Sequence[str], column: Column, nulls: tuple[str, ...]) -> list[Any]:
    def body(rows: Sequence[str]) -> str:
        return json.dumps({"columns": {"c": rows, "k": [1] * len(rows)}})

    return served(cells, column, nulls, requests.JSON, body)


def served_json_literals(cells: Sequence[str], column: Column, nulls: tuple[str, ...]) -> list[Any]:
    def body(rows: Sequence[str]) -> str:
        return "[" + ",".join(f'{{"k": 1, "c": {literal(c)}}}' for c in rows) + "]"

    return served(cells, column, nulls, requests.JSON, body)


def served_json_lines(cells: Sequence[str], column: Column, nulls: tuple[str, ...]) -> list[Any]:
    def body(rows: Sequence[str]) -> str:
        return "\n".join(json.dumps({"c": c, "k": 1}, ensure_ascii=False) for c in rows)

    return served(cells, column, nulls, requests.JSONLINES, body)


def served_parquet(cells: Sequence[str], column: Column, nulls: tuple[str, ...]) -> list[Any]:
    return served(cells, column, nulls, requests.PARQUET, parquet_of)


CELL_READERS: dict[str, Reader] = {
    name: reader
    for name, reader in globals().items()
    if name.startswith(("upload_", "served_")) and name != "served" and not name.endswith("literals")
}


def uploaded(content: str | bytes, count: int, column: Column, nulls: tuple[str, ...]) -> list[Any]:
    """The value that is accepted in each row, REFUSED for rows that are set aside."""
    columns = {"k": Column("integer", null_values=()), "c": column}
    lenient = Validation(tolerance=1.0, null_values=nulls)
    contract = Contract(columns, "k", "regression", validation=lenient)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        found = inspect(path, contract, Path(folder) / "out")
        broken = [problem.message for problem in found.verdict.problems if problem.scope == "file"]
        assert not broken, broken
        rows = {} if found.rows is None else dict(pl.read_parquet(found.rows).select("k", "c").iter_rows())
    return [rows.get(k, REFUSED) for k in range(count)]


def served(
    cells: Sequence[str],
    column: Column,
    nulls: tuple[str, ...],
    kind: str,
    body: Callable[[Sequence[str]], str | bytes],
) -> list[Any]:
    """The value of each cell alone; those that are accepted give the same together."""
    features = [{"name": "c", **column.to_json()}, {"name": "k", **Column("integer", null_values=()).to_json()}]
    schema = Schema.of({"features": features, "null_values": nulls})

    def values(rows: Sequence[str]) -> list[Any]:
        return asked(body(rows), kind, schema).columns["c"]

    found = [_or_refused(lambda cell=cell: values([cell])[0]) for cell in cells]
    accepted = [(cell, value) for cell, value in zip(cells, found, strict=True) if value is not REFUSED]
    if accepted:
        again = values([cell for cell, _ in accepted] * 2)
        assert list(map(_typed, again)) == list(map(_typed, [value for _, value in accepted] * 2))
    return found


def asked(body: str | bytes, kind: str, schema: Schema) -> Rows:
    content = body.encode() if isinstance(body, str) else body
    name, parameters = requests.content_type(kind)
    if name == requests.PARQUET:
        return rows_of_parquet(content, schema)
    return requests.read(content, name, parameters, schema)


def literal(cell: str) -> str:
    """The cell without quotes, where JSON takes it so."""
    try:
        json.loads(cell, parse_constant=lambda name: json.loads(""))
    except (ValueError, RecursionError):
        return json.dumps(cell)
    return cell if cell.strip()[:1] not in ("{", "[", '"') else json.dumps(cell)


def is_number(cell: str) -> bool:
    """True if the cell is a number in JSON."""
    try:
        return type(json.loads(cell, parse_constant=lambda name: json.loads(""))) in (int, float)
    except (ValueError, RecursionError):
        return False


def csv_of(rows: Sequence[Sequence[Any]]) -> str:
    return "".join(",".join(map(_csv_cell, row)) + "\n" for row in rows)


def _csv_cell(cell: Any) -> str:
    text = str(cell)
    return '"' + text.replace('"', '""') + '"' if set(text) & set('",\r\n') else text


def parquet_of(cells: Sequence[str]) -> bytes:
    file = io.BytesIO()
    k = list(range(len(cells)))
    pl.DataFrame({"k": k, "c": cells}, schema={"k": pl.Int64, "c": pl.String}).write_parquet(file)
    return file.getvalue()


def same(values: Sequence[Any], others: Sequence[Any]) -> bool:
    return list(map(_typed, values)) == list(map(_typed, others))


def _typed(value: Any) -> tuple[type, Any]:
    return type(value), value


def _or_refused(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except (PayloadError, ValueRefusedError):
        return REFUSED
