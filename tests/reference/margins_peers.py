"""Write `margins_peers.json`: margins by statsmodels.

    python margins_peers.py > margins_peers.json      (statsmodels 0.15)

Counts: J. Rodary et al. (1989), childhood nephroblastoma, 83 of 88 against 69 of 76 in control, as
in I. S. F. Chan (1998), Statistics in Medicine 17, 1403-1413; and Cookie Cats, retention after 7
days.
"""

import json
import sys

from means_inputs import SCORES_1, SCORES_2
from statsmodels.stats import proportion, weightstats

NEPHROBLASTOMA = (83, 88, 69, 76)
COOKIE_CATS = (8279, 45489, 8502, 44700)


def rates(counts: tuple[int, int, int, int], value: float, compare: str, alternative: str) -> float:
    return proportion.test_proportions_2indep(
        *counts, value=value, method="score", compare=compare, alternative=alternative,
        correction=False,
    ).pvalue  # fmt: skip


def main() -> None:
    tost = weightstats.ttost_ind(SCORES_1, SCORES_2, -11, 11, usevar="unequal")
    shifted = weightstats.ttest_ind(
        SCORES_1, SCORES_2, alternative="smaller", usevar="unequal", value=12
    )
    equivalent = proportion.tost_proportions_2indep(
        *COOKIE_CATS, -0.015, 0.015, method="score", compare="diff", correction=False
    )
    json.dump(
        {
            "tost": tost[0],
            "noninferior_decrease": shifted[1],
            "rates_noninferior": rates(NEPHROBLASTOMA, -0.1, "diff", "larger"),
            "rates_relative": rates(COOKIE_CATS, 0.93, "ratio", "larger"),
            "rates_relative_decrease": rates(COOKIE_CATS, 0.98, "ratio", "smaller"),
            "rates_equivalent": equivalent.pvalue,
        },
        sys.stdout,
        indent=2,
    )
    print()


if __name__ == "__main__":
    main()
