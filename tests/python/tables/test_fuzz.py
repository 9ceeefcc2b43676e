"""Whatever the numbers, no exception, no warning, nothing but finite numbers and NULL."""

import numpy as np
import pytest
from reference.builders import arm, effects

from experimentos import tables

NUMBERS = [
    None, 0.0, 1.0, -1.0, 0.5, 3.7, 100.0, 1e15, -1e15, 1e-300, 1e300, -1e300, 5e-324,
    float("nan"), float("inf"), -float("inf"),
]  # fmt: skip
COUNTS = [None, -1, 0, 1, 2, 5, 99, 100, 1000, 2500, 10**9, 2**53]
NAMES = [f.name for f in tables.EFFECTS_INPUT if str(f.type) == "double"]
WORDS = {
    "role": ["success", "guardrail", "explore", None],
    "metric_type": ["proportion", "mean", "ratio"],
    "goal": ["increase", "decrease", None],
    "margin_kind": ["relative", "absolute", None],
    "mde_kind": ["relative", "absolute", None],
    "is_final": [True, False],
    "has_covariate": [True, False],
}


def pick(rng, options):
    return options[rng.integers(len(options))]


def random_rows(rng, metric):
    shared = {name: pick(rng, options) for name, options in WORDS.items()}
    for variant in ("control", "treatment", "other"):
        row = arm(variant=variant, is_control=variant == "control", metric=metric, **shared)
        tame = rng.random() < 0.7
        for name in NAMES:
            if name == "alpha" and rng.random() < 0.9:
                continue
            wild = not tame or rng.random() < 0.1
            row[name] = pick(rng, NUMBERS) if wild else float(rng.gamma(1.0))
        row |= {"n_units": pick(rng, COUNTS), "n_events": pick(rng, COUNTS)}
        if tame:
            row |= {"mean_num": float(rng.random()), "n_units": int(rng.integers(1, 3000))}
        yield row


@pytest.mark.parametrize("seed", range(10))
def test_nothing_breaks_and_nothing_infinite_leaves(seed):
    rng = np.random.default_rng(seed)
    rows = [row for i in range(100) for row in random_rows(rng, str(i))]
    for row in effects(rows):
        numbers = np.array([v for v in row.values() if isinstance(v, float)])
        assert np.isfinite(numbers).all()
        for name, value in row.items():
            if name.startswith("p_") and value is not None:
                assert 0 <= value <= 1, (name, value)
        if row["lower"] is not None and row["upper"] is not None:
            assert row["lower"] <= row["upper"]
