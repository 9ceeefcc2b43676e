"""Whatever the numbers, no exception, no warning, nothing but finite numbers and NULL."""

import itertools

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
    "metric_type": ["proportion", "mean", "ratio", "retention", "funnel", "quantile"],
    "goal": ["increase", "decrease", None],
    "margin_kind": ["relative", "absolute", None],
    "mde_kind": ["relative", "absolute", None],
    "is_final": [True, False],
    "has_covariate": [True, False],
    "is_deciding": [True, True, False, None],
    "n_phases": [1, 2, 2, None],
}
READOUTS = [("all", "all"), ("phase", "2026-09-01"), ("phase", "2026-09-08"), ("country", "de"),
            ("country", None)]  # fmt: skip


def pick(rng, options):
    return options[rng.integers(len(options))]


def random_rows(rng, metric):
    shared = {name: pick(rng, options) for name, options in WORDS.items()}
    for variant, (segment, level) in itertools.product(
        ("control", "treatment", "other"), READOUTS[: rng.integers(1, 6)]
    ):
        row = arm(variant=variant, is_control=variant == "control", metric=metric,
                  segment=segment, segment_value=level, **shared)  # fmt: skip
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
    rows = [row for i in range(60) for row in random_rows(rng, str(i))]
    for row in effects(rows):
        numbers = np.array([v for v in row.values() if isinstance(v, float)])
        assert np.isfinite(numbers).all()
        for name, value in row.items():
            if name.startswith("p_") and value is not None:
                assert 0 <= value <= 1, (name, value)
        if row["lower"] is not None and row["upper"] is not None:
            assert row["lower"] <= row["upper"]
