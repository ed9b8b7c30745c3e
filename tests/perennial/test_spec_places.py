"""Every validator of a spec cites the line of the field that is wrong, not that of an ancestor or of line 1."""

import pytest

from perennial.contract.part import RENAMED
from perennial.spec import SpecError, parse

#: one field a line; a case replaces or adds lines, and marks the one that the fault must cite with `# here`
SPEC = """\
name: loans
problem: binary
target: late
positive: true
key:
  - id
event_time: at
columns:
  id:
    type: text
  age:
    type: integer
    minimum: 0
    maximum: 120
  amount:
    type: number
    nullable: true
  sex:
    type: category
    values: [f, m]
    sensitive: true
  at:
    type: datetime
  late:
    type: boolean
"""
# fmt: off
CASES: list[tuple[str, str, str]] = [
    # (text to replace, or "" to add at the end; its replacement; a part of the sentence)
    ("name: loans", "name: Loans # here", "is not allowed; expected: "),
    ("problem: binary", "problem: yesno # here", "Input should be 'binary'"),
    ("target: late", "target: lat # here", "did you mean 'late'"),
    ("  - id\n", "  - idd # here\n", "did you mean 'id'"),
    ("event_time: at", "event_time: att # here", "did you mean 'at'"),
    ("positive: true", "positive: 3.5 # here", "'3.5' is no value of 'late'"),
    ("positive: true", "positive: maybe # here", "'maybe' is no value of 'late'"),
    ("problem: binary\ntarget: late\npositive: true", "problem: regression\ntarget: amount\npositive: 1 # here",
     "a regression problem has no positive class"),
    ("  late:\n    type: boolean", "  late:\n    type: number # here", "a binary target needs classes"),
    ("problem: binary\ntarget: late\npositive: true", "problem: regression\ntarget: late",
     "a regression needs an integer or number target"),
    ("    minimum: 0", "    minimum: 200 # here", "minimum 200 is above maximum 120"),
    ("    minimum: 0", "    minimum: '0' # here", "a bound of a integer column is a number"),
    ("    type: number\n", "    type: number\n    minimum: .nan # here\n", "is no bound of a number column"),
    ("    type: datetime", "    type: datetime\n    maximum: soon # here", "'soon' is no bound of a datetime column"),
    ("    type: text", "    type: text\n    minimum: 1 # here", "minimum and maximum need one of"),
    ("    type: number\n", "    type: number\n    min_length: 1 # here\n", "min_length needs a text or"),
    ("    type: text", "    type: text\n    max_length: -1 # here", "greater than or equal to 0"),
    ("    type: text", "    type: text\n    min_length: 9 # here\n    max_length: 3", "9 is above max_length 3"),
    ("    type: number\n", "    type: number\n    pattern: a # here\n", "pattern needs a text or category column"),
    ("    type: text", "    type: text\n    pattern: '[' # here", "not a regular expression"),
    ("    type: text", "    type: text\n    pattern: '(?=a)b' # here", "is not a regular expression"),
    ("    values: [f, m]", "    replace: {F: f, f: x} # here", "twice must not differ from once"),
    ("    type: number\n", "    type: number\n    values:\n      - 1\n      - one # here\n", "'one' is no number"),
    ("    type: number\n", "    type: number\n    tolerance: 2 # here\n", "less than or equal to 1"),
    ("    nullable: true", "    nullable: perhaps # here", "valid boolean"),
    ("  age:\n", "  '*': # here\n    type: text\n  age:\n", "cannot be called '*'"),
    ("", "validation:\n  tolerance: 7 # here", "less than or equal to 1"),
    ("", "validation:\n  volume:\n    min_ratio: 3 # here\n    max_ratio: 2", "min_ratio 3 is above max_ratio 2"),
    ("", "validation:\n  min_rows: 9\n  max_rows: 3 # here", "max_rows 3 is below min_rows 9"),
    ("", "validation:\n  rules:\n    - {name: a, holds: age > 1}\n    - {name: b, holds: age > 2}\n"
         "    - {name: c, holds: age > 3}\n    - {name: d, holds: age > 4}\n    - name: e\n      holds: aeg > 1 # here",
     "rule 'e' names 'aeg', which is not a column"),
    ("", "validation:\n  rules:\n    - {name: a, holds: age > 1}\n    - {name: a, holds: age > 2} # here", "two rules"),
    ("event_time: at\n", "validation:\n  max_age_days: 3 # here\n", "needs an event_time"),
    ("", "training:\n  held_out: 1.5 # here", "less than 0.9"),
    ("", "split:\n  group:\n    - sex\n    - sxe # here", "did you mean 'sex'"),
    ("", "split:\n  group:\n    - late # here", "'late' is the target"),
    ("", "split:\n  group:\n    - sex\n    - sex # here", "two columns of the group"),
    ("event_time: at\n", "split:\n  time: true # here\n", "split.time needs event_time"),
    ("", "gate:\n  forward: # here\n    champion: true", "gate.forward needs `split: {time: true}`"),
    ("", "gate:\n  forward:\n    floors:\n      rmse: 1 # here", "binary has no metric 'rmse'"),
    ("", "training:\n  estimator: no estimator # here", "is not allowed; expected: "),
    ("", "training:\n  fallback_instances:\n    - ml.m5.large\n    - large # here", "no SageMaker instance type"),
    ("", "gate:\n  metric: rmse # here", "binary has no metric 'rmse'"),
    ("", "gate:\n  floors:\n    roc_auc: 0.6\n    rocauc: 0.6 # here", "did you mean 'roc_auc'"),
    ("", "gate:\n  floors:\n    roc_auc: .inf # here", "a floor is a finite number"),
    ("", "gate:\n  threshold:\n    aim: vaule # here", "Input should be 'fixed'"),
    ("", "gate:\n  threshold:\n    aim: value # here", "needs gate.value"),
    ("", "gate:\n  fairness:\n    - columns: [sex]\n      max_difference:\n        error: -1 # here", "at least 0"),
    ("", "gate:\n  fairness:\n    - columns: [sex]\n      min_ratio:\n        error: 1.5 # here", "at most 1"),
    ("", "gate:\n  fairness:\n    - columns: [sex]\n      groups: [f, x] # here", "not among the values of 'sex'"),
    ("", "gate:\n  value:\n    tp: 0.02 * amuont # here", "did you mean 'amount'"),
    ("", "gate:\n  value: # here\n    floor: 1", "no amount is given"),
    ("", "gate:\n  slices:\n    metric: rmse # here", "binary has no metric 'rmse'"),
    ("", "gate:\n  slices:\n    columns: [agge] # here", "did you mean 'age'"),
    ("", "gate:\n  behaviour:\n    - {name: a, kind: invariance} # here", "needs something to change"),
    ("", "gate:\n  behaviour:\n    - name: a\n      kind: answer\n      row: {age: old} # here\n      at_least: 0",
     "'old' is no integer"),
    ("", "gate:\n  approval:\n    hours: 0 # here", "greater than 0"),
    ("", "retrain:\n  on: never # here", "Input should be 'always'"),
    ("", "retrain: never # here", "Input should be 'always'"),
    ("", "drift:\n  psi:\n    warn: 0.3 # here\n    alert: 0.2", "warn 0.3 is above alert 0.2"),
    ("", "drift:\n  psi:\n    warn: 0.3 # here", "alert: this field is required"),
    ("", "release:\n  instances: 3\n  max_instances: 2 # here", "max_instances 2 is below instances 3"),
    ("", "release:\n  traffic: canary # here", "takes at least 2 instances"),
    ("", "release:\n  instances: 2\n  traffic: linear\n  share: 0.05 # here", "a linear step is at least 0.1"),
    ("", "release:\n  instances: 2\n  traffic: canary\n  share: 0.004 # here", "at least 0.01 of the fleet"),
    ("", "training:\n  max_minutes: 1500 # here", "the run waits 24 hours for a training"),
    ("", "training:\n  spot: true\n  max_minutes: 800 # here", "with spot capacity it may take 1600 minutes"),
    ("", "release:\n  serverless: {}\n  traffic: canary # here", "has no fleet to divide"),
    ("", "release:\n  serverless: {}\n  shadow: {} # here", "takes no shadow"),
    ("", "monitoring:\n  every_hours: 0 # here", "greater than or equal to 1"),
    ("    sensitive: true\n", "", "no column is marked"),
    *[("", f"gate:\n  value:\n    tp: 1\n    {old}: 0.1 # here", f"it is called '{new}' now")
      for old, new in RENAMED.items() if old == "may_lack"],
]
# fmt: on


@pytest.mark.parametrize(("before", "after", "sentence"), CASES)
def test_a_fault_cites_its_own_line(before: str, after: str, sentence: str) -> None:
    text = SPEC.replace(before, after, 1) if before else SPEC + after + "\n"
    if sentence == "no column is marked":
        text += "serving:\n  sensitive: drop # here\n"
    if "# here" not in text:  # the fault is where the document has stood
        text = text.replace("  late:\n    type: boolean", "  late:\n    type: boolean # here")
    line = next(at for at, each in enumerate(text.splitlines(), 1) if "# here" in each)
    with pytest.raises(SpecError) as caught:
        parse(text, "models/loans.yaml", training_hours=24)
    found = [fault for fault in caught.value.faults if sentence in fault]
    assert found, caught.value.faults
    cited = int(found[0].split(":")[1])
    # A field that is absent is cited at the place that should hold it.
    assert cited == (line - 1 if "is required" in sentence else line), found
