"""Units that every program can make for itself: whole numbers, no random generator.

`means.R` has the same formulas. Scores and measurements are published: two groups of scores of
D. G. Bonett, R. M. Price (2020), Journal of Educational and Behavioral Statistics 45, 750-770 (R
package statpsych, ?ci.ratio.mean2), and the pairs of ?ci.ratio.mean.ps.
"""

SCORES_1 = [36, 44, 47, 42, 49, 39, 46, 31, 33, 48]
SCORES_2 = [32, 39, 26, 35, 43, 27, 40, 37, 34, 29, 49, 42, 40]
PAIRS_1 = [3.3, 3.6, 3.0, 3.1, 3.9, 4.2, 3.5, 3.3]
PAIRS_2 = [3.0, 3.1, 2.7, 2.6, 3.2, 3.8, 3.2, 3.0]

# Cookie Cats, rounds played: units, sum and sum of squares of gate_30 (control) and gate_40.
ROUNDS = (44700, 2344795.0, 3068811771.0), (45489, 2333530.0, 605052202.0)


def units(arm: int) -> dict[str, list[float]]:
    """Spend, visits and earlier spend of 400 units of control (0) or 437 of treatment (1)."""
    count = 400 + 37 * arm
    covariate = [(i * 7919 + 13 * arm) % 997 / 50 for i in range(count)]
    return {
        "num": [
            5 + 0.5 * covariate[i] + (i * 10473 + 7 * arm) % 983 / 100 + 0.75 * arm
            for i in range(count)
        ],
        "den": [float(1 + (i * 31 + i % 7) % 5 + (i % 3 == 0) * arm) for i in range(count)],
        "num_cov": covariate,
    }
