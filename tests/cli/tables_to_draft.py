"""Ugly but tidy tables, each with the target that a stranger would name and the problem it is."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Ugly:
    """A CSV file's text, the column to predict and the problem that it makes."""

    name: str
    text: str
    target: str
    problem: str


def _csv(columns: dict[str, list[object]]) -> str:
    frame = pl.DataFrame({name: [None if v is None else str(v) for v in values] for name, values in columns.items()})
    buffer = io.BytesIO()
    frame.write_csv(buffer)
    return buffer.getvalue().decode()


def churn(rows: int = 600) -> Ugly:
    """Spaces and accents in names, yes/no, ids, a constant, money with gaps, free text, ISO dates."""
    r = random.Random(1)
    columns: dict[str, list[object]] = {
        "Customer ID": [f"C-{7919 * i % 100_000:05}" for i in range(rows)],
        "Âge du client": [r.choice([None, r.randint(18, 90)]) for _ in range(rows)],
        "Senior?": [r.choice(["Yes", "No"]) for _ in range(rows)],
        "Signed up": [f"2019-{r.randint(1, 12):02}-{r.randint(1, 28):02}" for _ in range(rows)],
        "Monthly charge (€)": [r.choice(["NA", f"{r.uniform(5, 120):.2f}"]) for _ in range(rows)],
        "Comment": [f'called {r.random()}, said: "fine"' for _ in range(rows)],
        "Country": ["FR"] * rows,
        "Plan": [r.choice(["basic", "plus", "family, large", "no"]) for _ in range(rows)],
        "Churned": [r.choice(["Yes", "No", "No"]) for _ in range(rows)],
    }
    return Ugly("churn", _csv(columns), "Churned", "binary")


def houses(rows: int = 700) -> Ugly:
    """A regression: integers as floats, a question mark for missing, postcodes with zeros in front, true/false."""
    r = random.Random(2)
    size = [r.randint(20, 300) for _ in range(rows)]
    columns: dict[str, list[object]] = {
        "": list(range(rows)),
        "size m2": [f"{s}.0" for s in size],
        "rooms": [r.choice(["?", r.randint(1, 9)]) for _ in range(rows)],
        "postcode": [f"{r.randint(100, 120):05}" for _ in range(rows)],
        "garden": [r.choice(["True", "False", "TRUE"]) for _ in range(rows)],
        "seen at": [f"2021-03-{r.randint(1, 28):02} {r.randint(0, 23):02}:15:00" for _ in range(rows)],
        "# of baths": [r.choice(["1", "2", "N/A"]) for _ in range(rows)],
        "price": [f"{s * 3000 + r.randint(-9999, 9999)}" for s in size],
    }
    return Ugly("houses", _csv(columns), "price", "regression")


def wine(rows: int = 500) -> Ugly:
    """Few whole numbers as the target, written as floats; names that YAML would take for something else."""
    r = random.Random(3)
    columns: dict[str, list[object]] = {
        "null": [r.uniform(0, 1) for _ in range(rows)],
        "yes": [r.uniform(-5, 5) for _ in range(rows)],
        "3.5": [r.randint(0, 1) for _ in range(rows)],
        "a: b #c": [r.choice(["{x}", "[y]", "- z", "&w", "*v", "!u", "%t", "@s", "`r"]) for _ in range(rows)],
        "all empty": [None] * rows,
        "quality": [f"{r.randint(3, 8)}.0" for _ in range(rows)],
    }
    return Ugly("wine", _csv(columns), "quality", "multiclass")


def tickets(rows: int = 500) -> Ugly:
    """Text labels, a target with gaps, only texts and ids to learn from, UUIDs, on/off, line ends in values."""
    r = random.Random(4)
    columns: dict[str, list[object]] = {
        "uuid": [f"{r.getrandbits(32):08x}-0000-4000-8000-{i:012x}" for i in range(rows)],
        "UserId": [r.randint(1, 400) for _ in range(rows)],
        "body\ttext": [f"line one {i}\nline two" for i in range(rows)],
        "switch": [r.choice(["on", "off"]) for _ in range(rows)],
        "opened": [f"2022-01-{r.randint(1, 28):02}T08:00:00+02:00" for _ in range(rows)],
        "queue 🚦": [r.choice(["", "billing", "tech support", "sales & more", "año"]) for _ in range(rows)],
    }
    return Ugly("tickets", _csv(columns), "queue 🚦", "multiclass")


def only_texts(rows: int = 500) -> Ugly:
    """Nothing but an id and free text beside a 0/1 target; a byte-order mark and Windows line ends."""
    r = random.Random(5)
    columns: dict[str, list[object]] = {
        "id": list(range(1000, 1000 + rows)),
        "review": [f"opinion number {r.random()}" for _ in range(rows)],
        "is_good": [r.randint(0, 1) for _ in range(rows)],
    }
    return Ugly("only_texts", "\ufeff" + _csv(columns).replace("\n", "\r\n"), "is_good", "binary")


UGLY = (churn(), houses(), wine(), tickets(), only_texts())
