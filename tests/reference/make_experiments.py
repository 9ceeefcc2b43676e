"""Write `experiments.json`: counts, sums and reference results of real experiments.

They are facts copied from a file that was computed with scipy, statsmodels and pandas and not with
this project (its README names the repository, commit and hash of every raw file). Run::

    cd tests/reference
    python make_experiments.py <path of expected.json> > experiments.json
"""

import json
import sys
from pathlib import Path

SOURCE = (
    "expected.json of the shared data folder: scipy 1.17, statsmodels 0.15, pandas 3.1. Raw files: "
    "cookie_cats (ghaskari/cookie-cats-ab-test @6f566d8), hillstrom (russluber/hillstrom @0643628),"
    " udacity_ab_data (RachelStrate/AB-Testing @f44d799), marketing_ab_cells (Taek-D/ExperimentOS "
    "@4d48e91, a notebook's printed counts), fast_food (MainakRepositor/Datasets @f20fd12)."
)


def main() -> None:
    expected = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    cookies, hillstrom = expected["cookie_cats"], expected["hillstrom"]
    marketing, udacity = expected["marketing_ab"], expected["udacity_ab_data"]
    stores = expected["fast_food_promotions"]["store_level"]
    proportions = {
        "cookie_cats_retention_1": cookies["retention_1"],
        "cookie_cats_retention_7": cookies["retention_7"],
        "udacity_converted": udacity["clean"]["converted"],
        "udacity_naive": udacity["raw"]["naive"],
        "marketing_converted": marketing["overall"],
        "hillstrom_womens_visit_prior_womens": hillstrom["hte_womens_email_visit_by_prior_womens"][
            "womens=1"
        ],
    }
    means = {
        "cookie_cats_rounds": cookies["sum_gamerounds_welch"],
        **{f"hillstrom_{name}": value for name, value in _spend(hillstrom).items()},
        **{f"fast_food_{name}": value for name, value in stores.items()},
    }
    ratios = {
        "cookie_cats": cookies["srm_50_50"],
        "udacity_clean": udacity["clean"]["srm"],
        "marketing_even": marketing["srm_50_50"],
        "marketing_planned": marketing["srm_4_96"],
        "fast_food_stores": expected["fast_food_promotions"]["srm_stores_equal"],
    }
    found = {"source": SOURCE, "proportions": proportions, "means": means, "sample_ratios": ratios}
    json.dump(found, sys.stdout, indent=1)
    sys.stdout.write("\n")


def _spend(hillstrom: dict) -> dict:
    """Welch comparisons of spend, wherever the file keeps them."""
    found = {}
    for name, value in hillstrom.items():
        if isinstance(value, dict) and {"control", "treatment", "t"} <= set(value):
            found[name] = value
        elif isinstance(value, dict):
            for key, inner in value.items():
                if isinstance(inner, dict) and {"control", "treatment", "t"} <= set(inner):
                    found[f"{name}_{key}"] = inner
    return found


if __name__ == "__main__":
    main()
