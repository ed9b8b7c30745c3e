"""Sentences about classes name none of a sensitive target."""

from dataclasses import replace

import pandas as pd
import pytest

from tests.training.jobs import PEOPLE, plan_of
from training import labels
from training.job import TrainingError

CLASSES = ["marker-1", "marker-2"]


@pytest.mark.parametrize("sensitive", [True, False])
def test_the_classes_of_a_sensitive_target_are_not_named(sensitive: bool) -> None:
    columns = PEOPLE | {"plan": replace(PEOPLE["plan"], sensitive=sensitive)}
    plan = plan_of(columns, problem="multiclass", target="plan")
    binary = replace(plan, problem="binary", positive="gold")
    told = [labels.other_classes(plan, CLASSES, ["marker-3"])]
    for of, values in ((plan, CLASSES[:1]), (binary, CLASSES)):
        with pytest.raises(TrainingError) as caught:
            labels.find(of, pd.Series(values))
        told.append(str(caught.value))
    told.append(labels._fault(binary, pd.Series([*CLASSES, "marker-3"])) or "")
    assert all(("marker" in sentence) != sensitive for sentence in told), told
