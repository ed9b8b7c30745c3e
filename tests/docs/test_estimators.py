"""docs/estimators.md: the worked estimator trains, and a change of its parameters is seconds."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

from tests.cli.conftest import Perennial, checkout, perennial

__all__ = ["checkout", "perennial"]  # fixtures

PAGE = (Path(__file__).parents[2] / "docs" / "estimators.md").read_text(encoding="utf-8")
URGENT, CALM = ("server down", "data lost", "cannot log in"), ("new mouse", "question about holidays", "nice to have")


def block(language: str) -> str:
    """The first block of the page in a language."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def tickets(rows: int) -> str:
    chance = random.Random(7)
    lines = ["subject,waited_hours,urgent"]
    for number in range(rows):
        urgent = chance.random() < 0.4
        words = chance.choice(URGENT if urgent == (chance.random() < 0.9) else CALM)
        lines.append(f"{words} {number},{chance.uniform(0, 9):.2f},{str(urgent).lower()}")
    return "\n".join(lines) + "\n"


def test_the_worked_estimator_uses_the_text(perennial: Perennial, checkout: Path) -> None:
    (checkout / "models" / "tickets.yaml").write_text(block("yaml"))
    (checkout / "models" / "tickets.py").write_text(block("python"))
    (checkout / "tickets.csv").write_text(tickets(600))
    done = perennial("train", "tickets.csv", "--model", "tickets", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    metrics = {row["name"]: row["candidate"]["value"] for row in told["metrics"]}
    assert metrics["roc_auc"] > 0.8, "the hours say nothing: it is the words"
    assert told["decision"]["outcome"] == "promote"
    assert "<html" in Path(told["report"]).read_text()
    assert (Path(told["model"]) / "model.joblib").is_file()
    (checkout / "models" / "tickets.yaml").write_text(
        block("yaml").replace("C: 2.0", "c: 2.0").replace("words", "word")
    )
    assert perennial("check", "tickets.csv", "--model", "tickets").exit_code == 0, "this estimator takes any parameter"
    (checkout / "models" / "tickets.py").write_text("import lightgbm\n")
    refused = perennial("train", "tickets.csv", "--model", "tickets")
    assert (refused.exit_code, "not in the training image" in refused.stderr) == (1, True)
    (checkout / "tickets.csv").write_text("subject,urgent\nx,true\n")
    (checkout / "models" / "tickets.py").write_text(block("python"))
    assert perennial("train", "tickets.csv", "--model", "tickets").exit_code == 3
    assert perennial("train", "nothing.csv", "--model", "tickets").exit_code == 1
