"""python tests/kills --kills 1000 --seed 0: see campaign.py."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "workflow")]

from kills.campaign import main  # noqa: E402

if __name__ == "__main__":
    main()
