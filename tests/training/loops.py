"""From a file to its endpoint in one process: validated, trained on, served."""

import json
import shutil
from pathlib import Path
from typing import Any

from perennial.contract.model import ModelSpec
from perennial.contract.plan import Origin, Plan
from perennial.validation import Verdict, inspect
from training.job import Paths
from training.serve import App
from training.train import train


class Loop:
    """A file that a spec accepts, the verdict over it, the model that was trained on it, and its server."""

    def __init__(self, file: Path, spec: ModelSpec, folder: Path, **plan: Any) -> None:
        found = inspect(file, spec.contract(), folder / "out")
        self.verdict: Verdict = found.verdict
        assert found.verdict.accepted, found.verdict.sentence
        assert found.rows is not None
        self.rows = found.rows
        paths = Paths.of({"SAGEMAKER_BASE_DIR": str(folder / "ml")})
        paths.data.mkdir(parents=True)
        paths.plan.mkdir(parents=True)
        shutil.copyfile(found.rows, paths.data / "00000.parquet")
        origin = Origin(datasets=("ds",), newest="ds")
        made = Plan.of(spec, "run-1", None, origin, found.verdict.words).to_json() | plan
        (paths.plan / "plan.json").write_text(json.dumps(made))
        train(paths)
        self.model = paths.model
        self.app = App(paths.model)
        assert self.app.fault == ""

    @property
    def manifest(self) -> dict[str, Any]:
        return dict(json.loads((self.model / "manifest.json").read_text()))
