"""The packages run with the content of the Lambda layer: no numpy, no pandas, no pyarrow."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tests.perennial.validation.conftest import ROWS, text

ROOT = Path(__file__).parents[3]
PROGRAM = """
import sys
sys.path[:0] = sys.argv[1:3]
from pathlib import Path
from perennial.drift import compare
from perennial.profile import Profile, freeze
from perennial.contract.dataset import Validation
from perennial.validation import Column, Contract, inspect, merge, sample

columns = {"id": Column("integer", True), "carrier": Column("category", True)}
columns |= {"distance": Column("number", True, minimum=1)}
columns |= {"late": Column("boolean", True), "at": Column("datetime", True)}
contract = Contract(columns, "late", key=("id",), validation=Validation(tolerance=0.5))
folder = Path(sys.argv[3])
for name in ("a.csv", "out/rows.parquet"):
    grid = freeze(sample(folder / name, contract, 100), contract)
    found = inspect(folder / name, contract, folder / ("out" if name == "a.csv" else "again"), grid)
    assert merge([found.verdict], contract).accepted, found.verdict
    compare(found.profile, Profile.from_dict(found.profile.as_dict()))
assert not {"numpy", "pandas", "pyarrow"} & set(sys.modules)
"""


def test_the_domain_runs_on_polars_and_isal_alone(tmp_path: Path) -> None:
    layer = tmp_path / "layer"
    layer.mkdir()
    for name in ("polars", "_polars_runtime_32", "isal"):
        spec = find_spec(name)
        assert spec is not None
        assert spec.submodule_search_locations is not None
        (layer / name).symlink_to(spec.submodule_search_locations[0])
    rows = [f"{row},2013-01-01 05:00" for row in (*ROWS, "2,UA,-7,true", "3,UA,7,true", "x,UA,7,true")]
    (tmp_path / "a.csv").write_bytes(text(*rows, header="id,carrier,distance,late,at"))
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, str(layer), str(ROOT), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
