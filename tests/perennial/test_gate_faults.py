"""The gate of a spec is checked against the model's own columns, with file and line."""

import re
from pathlib import Path
from typing import Any

import pytest

from perennial import strict_yaml
from perennial.contract.gate import Gate
from perennial.contract.model import ModelSpec
from perennial.gate.arithmetic import Expression
from perennial.spec import SpecError, load_all, parse
from perennial.spec.reading import read_part
from perennial.strict_yaml import Document

SPEC = """\
name: churn
problem: {problem}
target: {target}
card: {{origin: CRM, licence: proprietary, terms: internal}}
key: [id]
columns:
  id: {{type: text}}
  age: {{type: integer, minimum: 0, maximum: 120}}
  amount: {{type: number, nullable: true}}
  plan: {{type: category, values: [basic, gold, plus]}}
  sex: {{type: category, values: [f, m], sensitive: true, feature: false}}
  joined: {{type: date, nullable: true}}
  left: {{type: boolean}}
  spent: {{type: number}}
  next: {{type: category, values: [a, b, c]}}
gate:
"""
TARGETS = {"binary": "left", "regression": "spent", "multiclass": "next"}


def spec_of(gate: str, problem: str = "binary") -> ModelSpec:
    return parse(SPEC.format(problem=problem, target=TARGETS[problem]) + gate, "models/churn.yaml")


GOOD = """\
  threshold: {aim: value}
  fairness:
    - {columns: [sex], groups: [f, m], max_difference: {selection_rate: 0.1}, min_ratio: {error: 0.8}}
    - {columns: [sex, plan], max_difference: {calibration: 0.1}}
  value: {tp: 0.02 * amount + "age", fp: -1, rows_per_month: 1000}
  slices:
    named: [{name: gold, where: {plan: [gold, plus], age: 40}, floor: 0.6}]
    columns: [age, plan]
    metric: log_loss
  behaviour:
    - {name: a, kind: invariance, set: {plan: gold, joined: 2026-01-01}}
    - {name: b, kind: direction, add: {age: 1, amount: 0.5}}
    - {name: c, kind: answer, row: {age: 30, plan: gold, spent: 1, next: a}, at_least: 0.5, label: true}
"""


def test_checks_that_fit_the_model_are_accepted() -> None:
    gate = spec_of(GOOD).gate_checks()
    assert gate.value is not None
    assert gate.value.tp == '0.02 * amount + "age"'
    assert gate.fairness[0].groups == ("f", "m")


def test_slices_are_looked_for_in_all_features_and_sensitive_columns_are_reported_unless_said_otherwise() -> None:
    gate = spec_of("  metric: roc_auc\n").gate_checks()
    assert gate.slices.columns == ("age", "amount", "plan", "joined", "spent", "next")
    assert [(rule.columns, dict(rule.max_difference)) for rule in gate.fairness] == [(("sex",), {})]
    assert len(spec_of(GOOD).gate_checks().fairness) == 2


FAULTS: list[tuple[str, str, str]] = [
    ("fairness: [{columns: [sxe]}]", "fairness.0.columns", "'sxe' is not among the columns; did you mean 'sex'?"),
    ("fairness: [{columns: [left]}]", "fairness.0.columns", "'left' is the target"),
    ("fairness: [{columns: [id]}]", "fairness.0.columns", "'id' is text"),
    ("fairness: [{columns: [sex, sex]}]", "fairness.0.columns", "cannot be crossed with itself"),
    ("fairness: [{columns: [sex], groups: [f, x]}]", "fairness.0.groups", "'x' is not among the values of 'sex'"),
    ("fairness: [{columns: [sex], groups: [f, f]}]", "fairness.0.groups", "two different groups"),
    ("fairness: [{columns: [amount], groups: [1, 2]}]", "fairness.0.groups", "needs? a column of few values"),
    ("fairness: [{columns: [sex, plan], groups: [f, m]}]", "fairness.0.groups", "groups are of one column"),
    ("fairness: [{columns: [sex], min_ratio: {calibration: 0.8}}]", "fairness.0.min_ratio.calibration", "to zero"),
    ("fairness: [{columns: [sex], max_difference: {error: .nan}}]", "fairness.0.max_difference.error", "at least 0"),
    ("value: {tp: 0.02 * amuont}", "value.tp", "'amuont' is not among the columns; did you mean 'amount'?"),
    ("value: {tp: amount ** 2}", "value.tp", "is not allowed; only numbers, columns"),
    ("value: {tp: 2 * plan}", "value.tp", "an amount needs numbers, 'plan' is category"),
    ("value: {tp: amount +}", "value.tp", "is no arithmetic"),
    ("value: {tp: .inf}", "value.tp", "not finite"),
    ("value: {tp: 1, over: -1}", "value.over", "a binary model has no over; it has tp, fp, fn, tn"),
    ("value: {floor: 1}", "value", "no amount is given"),
    ("slices: {metric: rmse}", "slices.metric", "binary has no metric 'rmse'"),
    ("slices: {columns: [left]}", "slices.columns", "'left' is the target"),
    ("slices: {named: [{name: a, where: {left: true}}]}", "slices.named.0.where.left", "'left' is the target"),
    ("slices: {named: [{name: a, where: {plan: gld}}]}", "slices.named.0.where.plan", "did you mean 'gold'?"),
    ("slices: {named: [{name: a, where: {age: 200}}]}", "slices.named.0.where.age", "above the maximum 120"),
    ("slices: {named: [{name: a, where: {age: old}}]}", "slices.named.0.where.age", "'old' is no integer"),
    ("slices: {named: [{name: a, where: {age: 1}}, {name: a, where: {age: 2}}]}", "slices.named.1", "two slices"),
    ("behaviour: [{name: a, kind: invariance, set: {left: true}}]", "behaviour.0.set.left", "is the target"),
    ("behaviour: [{name: a, kind: invariance, set: {sex: f}}]", "behaviour.0.set.sex", "'sex' is no feature"),
    ("behaviour: [{name: a, kind: invariance, set: {plan: silver}}]", "behaviour.0.set.plan", "not among the values"),
    ("behaviour: [{name: a, kind: invariance, set: {joined: soon}}]", "behaviour.0.set.joined", "'soon' is no date"),
    ("behaviour: [{name: a, kind: direction, add: {plan: 1}}]", "behaviour.0.add.plan", "only numbers can be added to"),
    ("behaviour: [{name: a, kind: direction, add: {age: 0.5}}]", "behaviour.0.add.age", "must be one"),
    ("behaviour: [{name: a, kind: direction, add: {age: 1}, set: {age: 1}}]", "behaviour.0.add.age", "set already"),
    ("behaviour: [{name: a, kind: answer, row: {age: 1}, at_least: 0}]", "behaviour.0.row", "needs a value of 'plan'"),
    ("behaviour: [{name: a, kind: invariance, add: {age: 1}}, {name: a, kind: invariance, add: {age: 2}}]",
     "behaviour.1", "two behaviour tests are called 'a'"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "field", "told"), FAULTS)
def test_a_check_that_cannot_be_met_is_refused_with_file_line_and_field(line: str, field: str, told: str) -> None:
    with pytest.raises(SpecError, match=told) as caught:
        spec_of(f"  metric: roc_auc\n  {line}\n")
    assert any(fault.startswith(f"models/churn.yaml:18: gate.{field}: ") for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("problem", "line", "told"),
    [
        ("regression", "fairness: [{columns: [sex], max_difference: {selection_rate: 1}}]", "has no selection_rate"),
        (
            "multiclass",
            "fairness: [{columns: [sex], max_difference: {true_positive_rate: 1}}]",
            "it has calibration, error",
        ),
        ("regression", "value: {tp: 1}", "a regression model has no tp; it has over, under"),
        ("multiclass", "value: {over: 1}", "it has right, wrong"),
        (
            "regression",
            "behaviour: [{name: a, kind: invariance, add: {age: 1}, label: 1}]",
            "predicts numbers, not labels",
        ),
        ("multiclass", "behaviour: [{name: a, kind: direction, add: {age: 1}}]", "class whose probability is meant"),
        ("multiclass", "behaviour: [{name: a, kind: direction, add: {age: 1}, label: z}]", "not among the values"),
    ],
)
def test_a_check_of_another_problem_is_refused(problem: str, line: str, told: str) -> None:
    with pytest.raises(SpecError, match=told):
        spec_of(f"  {line}\n", problem)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        spec_of("  value: {tp: x, fp: y}\n  slices: {metric: z}\n")
    assert [fault.split(": ")[0] for fault in caught.value.faults] == [
        "models/churn.yaml:17", "models/churn.yaml:17", "models/churn.yaml:18",
    ]  # fmt: skip


@pytest.mark.parametrize("amount", [1, -2.5, "3"])
def test_an_amount_may_be_a_plain_number(amount: Any) -> None:
    assert spec_of(f"  value: {{tp: {amount}}}\n").gate_checks().value is not None


ROOT = Path(__file__).parents[2]


def test_what_the_docs_show_of_a_gate_can_be_written_so() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "gate.md").read_text(), re.DOTALL)
    assert len(blocks) >= 4
    gates = [read_part(Gate, Document(strict_yaml.read(block).data["gate"], {}), "gate.md") for block in blocks]
    (money,) = [gate.value for gate in gates if gate.value is not None]
    assert [Expression(amount).names for amount in (money.tp, money.fn)] == [("amount",), ("amount in EUR",)]


def test_the_demos_models_ask_for_all_of_it() -> None:
    for spec in load_all(ROOT / "models").values():
        gate = spec.gate_checks()
        assert gate.fairness
        assert gate.value
        assert gate.slices.named
        assert gate.behaviour
