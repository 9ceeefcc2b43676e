"""Puts this folder on the path: its name is taken by dbt, so it cannot be a package of its own."""

import sys
from pathlib import Path

from dbt_common.tests import enable_test_caching

sys.path.insert(0, str(Path(__file__).parent))

# dbt's own switch for tests: a process parses the same macro once, not for each project.
enable_test_caching()
