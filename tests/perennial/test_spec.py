"""A spec is checked when it is read: every fault says file, line, field and what was expected."""

import json
import time

import pytest

from perennial.contract.drift import Drift, Threshold
from perennial.contract.model import ModelSpec
from perennial.spec import SpecError, json_schema, load, load_all, parse

GOOD = """\
name: churn
problem: binary
target: left
card:
  origin: CRM export
  licence: proprietary
  terms: internal use
key: [id]
columns:
  id: {type: text}
  age: {type: integer, minimum: 0, maximum: 120}
  plan: {type: category, values: [basic, "NO", plus]}
  left: {type: boolean}
retrain: drift
"""


def _reversed_columns(spec: ModelSpec) -> dict:
    data = spec.to_json()
    return data | {"columns": dict(reversed(data["columns"].items()))}


def faults(text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        parse(text, "models/churn.yaml")
    return caught.value.faults


def test_a_good_spec_gives_its_features_in_order_without_key_text_and_target():
    spec = parse(GOOD)
    assert spec.features() == ("age", "plan")
    assert spec.retrain.on == "drift"
    assert spec.metric() == "roc_auc"


def test_an_unknown_field_is_refused_with_line_and_a_suggestion():
    assert faults(GOOD + "retran: always\n") == [
        "models/churn.yaml:15: retran: unknown field; did you mean 'retrain'?",
    ]


def test_an_unknown_field_of_a_column_is_found_at_its_line():
    (fault,) = faults(GOOD.replace("maximum: 120", "maxmum: 120"))
    assert fault == "models/churn.yaml:11: columns.age.maxmum: unknown field; did you mean 'maximum'?"


def test_a_misspelt_target_is_refused_with_a_suggestion():
    (fault,) = faults(GOOD.replace("target: left", "target: lef"))
    assert "target: 'lef' is not among the columns; did you mean 'left'?" in fault


def test_a_missing_field_is_named():
    assert faults(GOOD.replace("problem: binary\n", "")) == ["models/churn.yaml:1: problem: this field is required"]


def test_all_faults_are_reported_at_once():
    assert len(faults(GOOD.replace("type: integer", "type: int").replace("problem: binary", "problem: yesno"))) == 2


def test_a_card_may_be_left_to_the_upload_but_not_misspelt():
    assert parse(GOOD.replace("  licence: proprietary\n", "")).card.licence is None
    assert parse(GOOD[: GOOD.index("card:")] + GOOD[GOOD.index("key:") :]).card.origin is None
    assert faults(GOOD.replace("licence", "license")) == [
        "models/churn.yaml:6: card.license: unknown field; did you mean 'licence'?"
    ]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("minimum: 0", "minimum: 200", "minimum 200 is above maximum 120"),
        ("type: boolean", "type: number", "a binary target needs classes"),
        ("id: {type: text}", 'id: {type: text, pattern: "["}', "not a regular expression"),
        ("retrain: drift", "gate: {floors: {rmse: 1}}", "binary has no metric 'rmse'"),
        (
            "retrain: drift",
            "gate: {threshold: {aim: value}}",
            "needs gate.value, which gives the value of each outcome",
        ),
        (
            "problem: binary",
            "problem: multiclass\ngate: {threshold: {aim: f_beta}}",
            "a multiclass model has no threshold",
        ),
        ("retrain: drift", "training: {held_out: 1.5}", "less than 0.9"),
        ("name: churn", "name: Churn Model", "is not allowed; expected: "),
        ("  age: {", '  "*": {type: text}\n  age: {', "cannot be called '*'"),
        ("key: [id]", "key: [id, plan, id]", "models/churn.yaml:8: key.2: two columns of the key are called 'id'"),
        ("maximum: 120", f"maximum: {'9' * 400}", f"{'9' * 400} is no bound of a integer column"),
        ("maximum: 120", f"maximum: {'9' * 5000}", f"churn.yaml:11: '{'9' * 40}' cannot be read as a number"),
        ("maximum: 120", f"values: [{'9' * 400}]", "is no integer"),
        ("type: text}", "type: datetime, minimum: '0001-01-01T00:00+14:00'}", "is no bound of a datetime column"),
        ("type: text}", "type: date, minimum: 2020-W10-1}", "'2020-W10-1' is no bound of a date column"),
    ],
)
def test_a_rule_that_cannot_hold_is_refused(before, after, message):
    assert any(message in fault for fault in faults(GOOD.replace(before, after)))


def test_a_value_is_not_compared_with_a_bound_of_another_type():
    sliced = GOOD.replace("minimum: 0", "minimum: young") + "gate: {slices: {named: [{name: a, where: {age: 20}}]}}\n"
    assert faults(sliced) == [
        "models/churn.yaml:11: columns.age.minimum: a bound of a integer column is a number",
    ]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("type: number, format: {thousands: ',', decimal: ','}", "thousands and decimal are both ','"),
        ("type: number, format: {thousands: '.'}", "thousands and decimal are both '.'"),
        ("type: number, format: {thousand: ','}", "age.format.thousand: unknown field; did you mean 'thousands'?"),
        ("type: number, format: {thousands: x}", "age.format.thousands: Input should be"),
        ("type: number, format: {unit: e}", "'e' is no unit"),
        ("type: integer, format: {unit: 5k}", "'5k' is no unit"),
        ("type: integer, format: '%d'", "the format of type integer is a mapping such as {thousands: ','}"),
        ("type: date, format: {unit: d}", "the format of type date is a text such as '%d/%m/%Y'"),
        ("type: category, format: '%d/%m/%Y'", "a format needs one of integer, number, date, datetime"),
        ("type: boolean, format: {unit: '%'}", "this column is boolean"),
        ("type: datetime, format: '%m/%Y %H:%M'", "must have one day, %d"),
        ("type: number, format: {unit: '(h', negative: parentheses}", "'(h' has a parenthesis"),
        ("type: date, format: '%d/%m'", "must have one year, %Y or %y"),
        ("type: date, format: '%d/%m/%y/%Y'", "must have one year, %Y or %y"),
        ("type: date, format: '%d/%m/%Q'", "has %Q; expected %d"),
        ("type: date, format: '%d/%m/%Y%'", "has a % at its end"),
        ("type: date, format: '%d/%d/%m/%Y'", "has %d twice"),
        ("type: date, format: '%d/%m/%Y %H:%M'", "has a time; a date has none"),
        ("type: datetime, format: '%d/%m/%Y %I:%M'", "has %I without %p"),
        ("type: datetime, format: '%d/%m/%Y %H:%S'", "has %S without %M"),
        ("type: datetime, format: '%d/%m/%Y :%M'", "has a part of a time without its hour"),
        ("type: datetime, format: '%d/%m/%Y %H %I %p'", "has %H and %I"),
        ("type: date, format: '%Y-%d-%m'", "gives texts of ISO 8601 another meaning, such as 2011-03-02"),
        ("type: datetime, format: '%Y-%m-%d %M:%H'", "gives texts of ISO 8601 another meaning"),
    ],
)
def test_a_format_that_cannot_be_is_refused_at_its_line(column, message):
    found = faults(GOOD.replace("age: {type: integer, minimum: 0, maximum: 120}", f"age: {{{column}}}"))
    assert any(message in fault for fault in found), found
    assert all(fault.startswith("models/churn.yaml:11: columns.age.format") for fault in found), found


@pytest.mark.parametrize(
    "column",
    [
        "type: number, format: {thousands: ' ', decimal: ',', unit: '%'}",
        "type: integer, format: {}",
        "type: date, format: '%Y-%m-%d'",
        "type: date, format: '%Y%m%d'",
        "type: datetime, format: '%Y-%m-%d %I:%M %p'",
        "type: datetime, format: '%d/%b/%Y:%H:%M:%S %z'",
    ],
)
def test_a_format_survives_json(column):
    spec = parse(GOOD.replace("age: {type: integer, minimum: 0, maximum: 120}", f"age: {{{column}}}"))
    assert spec.columns["age"].format is not None
    assert ModelSpec.from_json(json.loads(spec.canonical())) == spec


def test_the_yaml_traps_are_refused():
    assert faults(GOOD + "name: twice\n") == ["models/churn.yaml:15: 'name' occurs twice"]
    assert "aliases" in faults("a: &x [1]\nb: *x\n")[0]
    assert "not valid YAML" in faults("a: [1\n")[0]
    assert "expected a mapping" in faults("- 1\n")[0]


def test_no_is_text_and_not_a_boolean():
    assert parse(GOOD.replace('"NO"', "NO")).columns["plan"].values == ("basic", "NO", "plus")


def test_a_file_must_bear_its_models_name(tmp_path):
    path = tmp_path / "other.yaml"
    path.write_text(GOOD)
    with pytest.raises(SpecError, match="must be the file's own name"):
        load(path)


def test_the_faults_of_all_files_are_reported_together(tmp_path):
    (tmp_path / "churn.yaml").write_text(GOOD)
    assert set(load_all(tmp_path)) == {"churn"}
    (tmp_path / "a.yaml").write_text("name: a\n")
    (tmp_path / "b.yaml").write_text("- 1\n")
    with pytest.raises(SpecError) as caught:
        load_all(tmp_path)
    assert any("a.yaml" in fault for fault in caught.value.faults)
    assert any("b.yaml" in fault for fault in caught.value.faults)


def test_the_digest_names_the_content_and_not_the_layout_of_the_file():
    spec = parse(GOOD)
    assert spec.digest() == parse(GOOD.replace("[id]", "\n  - id")).digest()
    assert spec.digest() != parse(GOOD.replace("maximum: 120", "maximum: 121")).digest()
    assert spec.digest() != ModelSpec.from_json(_reversed_columns(spec)).digest()
    assert ModelSpec.from_json(json.loads(spec.canonical())).digest() == spec.digest()


def test_the_contract_carries_every_rule_of_the_columns():
    contract = parse(GOOD).contract()
    assert contract.columns["age"].maximum == 120
    assert contract.columns["plan"].values == ("basic", "NO", "plus")
    assert contract.features() == ("age", "plan")
    assert contract.key == ("id",)


def test_the_schema_describes_every_field():
    schema = json_schema()
    assert set(schema["properties"]) == set(ModelSpec.__dataclass_fields__)
    assert schema["additionalProperties"] is False


def test_rules_over_columns_cleaning_and_policies_reach_the_contract():
    more = """\
validation:
  duplicates: drop
  volume: {min_ratio: 0.5, max_ratio: 2}
  rules:
    - {name: adult, holds: "age >= 18 OR plan = 'basic'", on_breach: refuse}
    - {name: old, holds: age < 100, tolerance: 0.1}
"""
    contract = parse(
        GOOD.replace("values: [basic", "trim: true, replace: {Basic: basic}, values: [basic") + more
    ).contract()
    assert [(rule.name, rule.on_breach, rule.tolerance) for rule in contract.validation.rules] == [
        ("adult", "refuse", None),
        ("old", "quarantine", 0.1),
    ]
    assert contract.columns["plan"].trim
    assert contract.columns["plan"].replace == {"Basic": "basic"}
    volume = contract.validation.volume
    assert volume is not None
    assert (volume.min_ratio, volume.max_ratio, contract.validation.duplicates) == (0.5, 2, "drop")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (
            "  rules: [{name: r, holds: sum(age) > 1}]",
            "validation.rules.0.holds: rule 'r' calls sum(), which is not allowed",
        ),
        (
            "  rules: [{name: r, holds: aeg > 1}]",
            "validation.rules.0.holds: rule 'r' names 'aeg', which is not a column",
        ),
        ("  rules: [{name: r, hold: age > 1}]", "validation.rules.0.hold: unknown field; did you mean 'holds'?"),
        ("  volume: {min_ration: 1}", "validation.volume.min_ration: unknown field; did you mean 'min_ratio'?"),
        ("  max_age_days: 3", "validation.max_age_days: max_age_days needs an event_time"),
    ],
)
def test_a_rule_that_cannot_be_computed_is_refused_when_the_spec_is_read(line: str, fault: str):
    found = faults(GOOD + "validation:\n" + line + "\n")
    assert any(line.startswith("models/churn.yaml:16: " + fault) for line in found), found


def test_a_pattern_that_needs_backtracking_is_refused_when_the_spec_is_read():
    (fault,) = faults(GOOD.replace("{type: text}", '{type: text, pattern: "(?=a)b"}'))
    assert fault.startswith(
        "models/churn.yaml:10: columns.id.pattern: pattern is not a regular expression of linear time"
    )


def test_thresholds_of_drift_are_those_of_the_comparison_unless_the_spec_says_otherwise():
    assert parse(GOOD).drift == Drift()
    mine = parse(GOOD + "drift: {psi: {warn: 0.2, alert: 0.3}, min_rows: 200}\n").drift
    assert (mine.psi, mine.min_rows, mine.ks) == (Threshold(0.2, 0.3), 200, Drift().ks)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("ks: {warn: 0.3, alert: 0.2}", "drift.ks.warn: warn 0.3 is above alert 0.2"),
        ("ks: {warn: -1, alert: 0.2}", "drift.ks.warn: Input should be greater than or equal to 0, not -1"),
        ("nuls: {warn: 0.1, alert: 0.2}", "drift.nuls: unknown field; did you mean 'nulls'?"),
        ("ks: {warn: 0.1, allert: 0.2}", "drift.ks.allert: unknown field; did you mean 'alert'?"),
        ("false_alarms: 0", "drift.false_alarms: Input should be greater than 0, not 0"),
    ],
)
def test_thresholds_that_make_no_sense_are_refused_with_their_line(written, told):
    assert f"models/churn.yaml:15: {told}" in faults(GOOD + f"drift: {{{written}}}\n")


@pytest.mark.parametrize(
    ("gate", "place", "meant"),
    [
        ("fairness: [{columns: [plan], max_diference: {error: 0.1}}]", "fairness.0.max_diference", "max_difference"),
        ("fairness: [{columns: [plan]}, {colums: [plan]}]", "fairness.1.colums", "columns"),
        ("slices: {named: [{name: a, were: {plan: plus}}]}", "slices.named.0.were", "where"),
        ("behaviour: [{name: a, kind: answer, rwo: {age: 3}}]", "behaviour.0.rwo", "row"),
        ("value: {tpp: 3}", "value.tpp", "tp"),
        ("threshold: {aims: value}", "threshold.aims", "aim"),
        ("approval: {asks: always}", "approval.asks", "ask"),
    ],
)
def test_an_unknown_field_at_any_depth_is_answered_with_the_nearest_one(gate, place, meant):
    told = f"models/churn.yaml:15: gate.{place}: unknown field; did you mean '{meant}'?"
    assert told in faults(GOOD + f"gate: {{{gate}}}\n")


def test_a_key_that_is_none_of_those_allowed_is_named_by_its_place():
    (fault,) = faults(GOOD + "gate: {fairness: [{columns: [plan], max_difference: {eror: 0.1}}]}\n")
    assert fault.startswith(
        "models/churn.yaml:15: gate.fairness.0.max_difference.eror: Input should be 'selection_rate'"
    )
    assert fault.endswith("not 'eror'")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("release: {traffic: canary}", "release.traffic: traffic 'canary' gives at most half of the fleet"),
        (
            "release: {traffic: linear, share: 0.05, instances: 2}",
            "a linear step is at least 0.1",
        ),
        ("release: {traffic: linear, share: 0.6, instances: 2}", "release.share: Input should be less than or equal"),
        (
            "release: {traffic: canary, instances: 2, serverless: {}}",
            "release.traffic: a serverless endpoint has no fleet to divide",
        ),
        ("release: {serverless: {}, shadow: {}}", "release.shadow: a serverless endpoint takes no shadow"),
        ("release: {serverless: {memory_mb: 1000}}", "release.serverless.memory_mb: Input should be 1024, 2048"),
        ("release: {alarms: {lateny_ms: 5}}", "release.alarms.lateny_ms: unknown field; did you mean 'latency_ms'?"),
        ("serving: {sensitive: drop}", "serving.sensitive is 'drop', but no column is marked"),
    ],
)
def test_a_release_that_cannot_be_is_refused_with_the_reason(written, told):
    assert any(told in fault for fault in faults(GOOD + written + "\n")), faults(GOOD + written + "\n")


def test_a_release_says_what_its_cheaper_choices_give_up():
    canary = parse(GOOD + "release: {instances: 2, traffic: canary, bake_minutes: 10, shadow: {minutes: 5}}\n").release
    (sentence,) = canary.limitations()
    assert sentence.endswith("the traffic of 1 instance (50%) shifts first.")
    serverless = parse(GOOD + "release: {serverless: {memory_mb: 1024}}\n").release
    assert any("captures no requests" in sentence for sentence in serverless.limitations())
    assert any("without canary" in sentence for sentence in serverless.limitations())
    assert parse(GOOD).release.limitations() == ()


def test_a_model_of_snapshots_cannot_be_amended_for_no_row_of_an_upload_is_new():
    (fault,) = faults(GOOD + "training: {update: amend}\ndata: {uploads: snapshot}\n")
    assert "amend learns the rows of new uploads" in fault
    assert parse(GOOD + "training: {update: amend}\n").training.amend.generations == 10


MANY = {
    "unknown columns": ("key: [id]", f"key: [{','.join(f'plam{at}' for at in range(2000))}]"),
    "unknown fields": ("age: {", f"age: {{{','.join(f'typ{at}: 1' for at in range(5000))}, "),
    "unknown values": (
        "retrain: drift",
        f"gate: {{slices: {{named: [{{name: a, where: {{plan: [{','.join(f'p{at}' for at in range(9000))}]}}}}]}}}}",
    ),
    "patterns": ("columns:", "columns:\n" + "".join(f"  c{at}: {{type: text, pattern: '('}}\n" for at in range(2000))),
    "rules": ("retrain: drift", "validation: {rules: [" + "{name: r, holds: age > id}," * 2000 + "]}"),
}


@pytest.mark.parametrize("kind", MANY)
def test_a_spec_of_many_faults_tells_the_first_ones_within_a_bound(kind):
    columns = "columns:\n" + "".join(f"  plan{at}: {{type: integer}}\n" for at in range(1000))
    before, after = MANY[kind]
    text = GOOD.replace(before, after).replace("columns:\n", columns)
    started = time.process_time()
    assert 0 < len(faults(text)) <= 25
    assert time.process_time() - started < 5


def test_null_values_and_rules_are_bounded():
    many = ",".join(f"n{at}" for at in range(101))
    assert "at most 100 items" in faults(GOOD + f"validation: {{null_values: [{many}]}}\n")[0]
    assert "at most 100 items" in faults(GOOD.replace("{type: text}", f"{{type: text, null_values: [{many}]}}"))[0]
    rules = ",".join(f"{{name: r{at}, holds: age > 2}}" for at in range(201))
    assert "at most 200 items" in faults(GOOD + f"validation: {{rules: [{rules}]}}\n")[0]
    rules = "".join(f"{{name: r{at}, holds: '{'age > 1 or ' * 9}age > 2'}}," for at in range(110))
    assert "characters together, 10,000 are allowed" in faults(GOOD + f"validation: {{rules: [{rules}]}}\n")[0]
