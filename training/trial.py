"""`python -m training.trial FOLDER < plans.json`: tries the estimators of plans, without data, as their jobs would.

Writes a JSON object on stdout: the fault of each plan, by the model's name; a plan without one has ''. FOLDER holds
models/. Runs in a process of its own, because it runs the users' code.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

from perennial.contract.plan import Plan
from training import image


def main() -> None:
    """Reads plans, tries each, writes the faults."""
    folder = Path(sys.argv[1]).resolve()
    plans = [Plan.read(data) for data in json.load(sys.stdin)]
    sys.meta_path.insert(0, image.OnlyOfTheImage())
    sys.path.append(str(folder))
    with contextlib.redirect_stdout(sys.stderr):  # what a user's module prints
        faults = {plan.model: fault(plan, folder) for plan in plans}
    json.dump(faults, sys.stdout)


def fault(plan: Plan, folder: Path) -> str:
    """The fault of a plan's estimator in a sentence; '' if it can be made."""
    from training import estimators
    from training.job import TrainingError

    classes = 1 if plan.problem == "regression" else 2
    try:
        made = estimators.build(plan, classes, folder)
        for _, step in made.steps:
            if hasattr(step, "_parameter_constraints"):
                step._validate_params()
    except TrainingError as error:
        return _of_a_package(plan, error) or str(error)
    except ValueError as error:  # scikit-learn's InvalidParameterError
        return f"training.parameters: {error}"
    return ""


def _of_a_package(plan: Plan, error: Exception) -> str:
    """The sentence about a module that is missing; '' if the cause is another."""
    cause = error.__cause__
    while cause is not None and not isinstance(cause, ModuleNotFoundError):
        cause = cause.__cause__ or cause.__context__
    if cause is None or cause.name is None:
        return ""
    module = cause.name
    if module.split(".")[0] == "models" or module == plan.estimator.split(":")[0]:
        return f"The estimator {plan.estimator} needs {module.replace('.', '/')}.py, which is not there."
    facts = image.facts()
    return (
        f"The estimator {plan.estimator} imports '{module}', which is not in the training image ({facts['image']}, "
        f"Python {facts['python']}). The image holds: {image.told()}. See docs/estimators.md."
    )


if __name__ == "__main__":
    main()
