"""known_runs.py is for the tests of this folder and of no other."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
