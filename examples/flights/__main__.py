"""`python -m examples.flights [--model flights|airtime] [--out FOLDER] [MONTH ...]` writes one CSV file per month."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from examples.flights.data import COLUMNS, MONTHS, DataError, write


def main() -> int:
    """Parses the arguments, writes the files, prints their paths. Exits with 1 without the data, 2 for a wrong
    argument.
    """
    parser = argparse.ArgumentParser(
        prog="python -m examples.flights", description="Monthly files of New York's flights, 2013."
    )
    parser.add_argument("months", metavar="MONTH", type=int, nargs="*", help="1 to 12; all by default")
    parser.add_argument("--model", choices=sorted(COLUMNS), default="flights", help="whose columns; flights by default")
    parser.add_argument("--out", type=Path, default=Path("build/flights"), help="folder; build/flights by default")
    arguments = parser.parse_args()
    if wrong := [number for number in arguments.months if number not in MONTHS]:
        parser.error(f"{wrong[0]} is no month; expected 1 to 12")
    try:
        for path in write(arguments.out, arguments.months or MONTHS, arguments.model):
            print(path)
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
