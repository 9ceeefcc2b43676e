"""Puts this folder on the path: its name is taken by dbt, so it cannot be a package of its own."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
