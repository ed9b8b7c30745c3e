"""`python -m examples.replay flights|elec|weather [--write]`: a stream of past days under several policies."""

import sys

from examples.replay.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
