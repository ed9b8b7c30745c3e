"""The specs in models/ are right, and their estimators can be made with the packages of the training image."""

import json
import subprocess
import sys
import unittest
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1]


class Models(unittest.TestCase):
    """The findings of `perennial doctor`."""

    def test_the_specs_are_right_and_their_estimators_can_be_made(self) -> None:
        command = [sys.executable, "-m", "perennial", "doctor", "--json"]
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
        findings = {found["name"]: found for found in json.loads(done.stdout)["findings"]}
        assert findings["specs"]["ok"], findings["specs"]["found"]


if __name__ == "__main__":
    unittest.main()
