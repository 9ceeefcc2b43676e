"""Write `proportions_peers.json`: proportions by the peers that can be imported.

    python proportions_peers.py       (tea-tasting 2.0.0, ab-analysis-kit 0.8.0)

What a peer that isn't installed had written stays. Counts are events and units of treatment, then
of control.
"""

import importlib.util
import json
from pathlib import Path

import numpy as np

OUTPUT = Path(__file__).with_name("proportions_peers.json")
CASES = {
    "Cookie Cats, after 7 days": (8279, 45489, 8502, 44700),
    "marketing, converted": (14423, 564577, 420, 23524),
    "56/70 and 48/80": (56, 70, 48, 80),
    "7/34 and 1/34": (7, 34, 1, 34),
    "160 and 100 of a billion": (160, 10**9, 100, 10**9),
}
NO_EVENT = (0, 10, 0, 20)


def tea_tasting() -> dict[str, object]:
    from tea_tasting.aggr import Aggregates
    from tea_tasting.metrics import Proportion

    def aggregate(events, units):
        rate = events / units
        variance = rate * (1 - rate) * units / (units - 1)
        return Aggregates(count_=units, mean_={"x": rate}, var_={"x": variance})

    def analyse(counts, **options):
        x_t, n_t, x_c, n_c = counts
        arms = aggregate(x_c, n_c), aggregate(x_t, n_t)
        found = Proportion("x", **options).analyze_aggregates(*arms)
        return {
            "p_value": found.pvalue,
            "lower": found.effect_size_ci_lower,
            "upper": found.effect_size_ci_upper,
            "lift_lower": found.rel_effect_size_ci_lower,
            "lift_upper": found.rel_effect_size_ci_upper,
        }

    return {
        name: {
            "pooled": analyse(counts, method="norm", correction=False),
            "unpooled": analyse(counts, method="norm", correction=False, equal_var=False),
            "corrected": analyse(counts, method="norm", correction=True),
            "fisher": analyse(counts, method="fisher")["p_value"] if counts[1] < 10**6 else None,
            "boschloo": (
                analyse(counts, method="boschloo")["p_value"] if counts[1] < 100 else None
            ),
        }
        for name, counts in CASES.items()
    }


def abkit() -> dict[str, object]:
    from abkit.stats.parametric.ztest import ZTest

    def analyse(counts, **options):
        x_t, n_t, x_c, n_c = (np.array([float(v)]) for v in counts)
        found = ZTest(alpha=0.05, **options).from_suffstats_array(
            {"count": x_c, "nobs": n_c}, {"count": x_t, "nobs": n_t}
        )
        names = ("effect", "left_bound", "right_bound", "pvalue")
        return {name: float(getattr(found, name)[0]) for name in names}

    both = {"absolute": {"test_type": "absolute"}, "relative": {"test_type": "relative"}}
    return {
        name: {
            f"{scale}_{interval}": analyse(counts, interval=interval, **options)
            for scale, options in both.items()
            for interval in ("score", "pooled")
        }
        for name, counts in CASES.items()
    } | {"no event": analyse(NO_EVENT, interval="score", test_type="absolute")}


def main() -> None:
    stored = json.loads(OUTPUT.read_text(encoding="utf-8")) if OUTPUT.exists() else {}
    for peer in (tea_tasting, abkit):
        if importlib.util.find_spec(peer.__name__):
            stored[peer.__name__] = json.loads(json.dumps(peer(), default=float))
    OUTPUT.write_text(json.dumps(stored, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
