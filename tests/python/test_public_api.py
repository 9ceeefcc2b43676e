import subprocess
import sys

import experimentos


def test_every_public_name_can_be_imported():
    for name in experimentos.__all__:
        assert getattr(experimentos, name) is not None
    assert set(experimentos._HOMES) | set(experimentos._MODULES) == set(experimentos.__all__)
    assert set(dir(experimentos)) >= set(experimentos.__all__)


def test_unknown_names_are_attribute_errors():
    assert not hasattr(experimentos, "median")


def test_importing_the_package_imports_nothing_heavy():
    code = (
        "import sys, experimentos; "
        "sys.exit(any(m in sys.modules for m in ('numpy', 'scipy', 'pandas', 'pyarrow')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_statistics_never_import_slow_scipy_stats():
    code = (
        "import sys, experimentos.tables; "
        "sys.exit(any(m in sys.modules for m in ('scipy.stats', 'pandas', 'statsmodels')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
