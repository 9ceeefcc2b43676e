"""Beta posteriors in closed form: ``python bayes_exact.py > bayes_exact.json``.

Needs python-flint (0.9.0 was used). The sum of E. Miller (2015), Formulas for Bayesian A/B Testing,
has as many terms as treatment has events; the loss is C. Stucchio's difference of two such sums,
which cancel: they are taken with 2,000 bits, and the radius of the ball bounds the error.
"""

import json

from flint import arb, ctx

ctx.prec = 2000

CASES = {
    "no data": (1, 1, 1, 1),
    "100 and 130 of 1,000": (101, 901, 131, 871),
    "100 and 130 of 1e9": (101, 10**9 - 99, 131, 10**9 - 129),
    "20,000 and 20,500 of 1,020,000": (20001, 1000001, 20501, 999501),
    "300 and 100 of 1,000": (301, 701, 101, 901),
    "1,000 and 500 of 10,000": (1001, 9001, 501, 9501),
    "3,000 and 1,000 of 10,000": (3001, 7001, 1001, 9001),
    "899 of 908 and 499 of 898": (900, 10, 500, 400),
    "3 of 1e6 and 1 of 1e12": (4, 10**6 - 2, 2, 10**12),
}


def beta(x, y):
    return x.gamma() * y.gamma() / (x + y).gamma()


def better(a_c, b_c, a_t, b_t):
    """Probability that treatment exceeds control, for whole `a_t`."""
    a_c, b_c, b_t = arb(a_c), arb(b_c), arb(b_t)
    logs = (a_c, b_c + b_t), (arb(1), b_t), (a_c, b_c)
    log_beta = [(x.lgamma() + y.lgamma() - (x + y).lgamma()) for x, y in logs]
    term = (log_beta[0] - log_beta[1] - log_beta[2]).exp() / b_t
    total = arb(0)
    for i in range(a_t):
        total += term
        term *= (a_c + i) / (a_c + i + b_c + b_t) * (b_t + i) / (i + 1)
    return total


def loss_of_control(a_c, b_c, a_t, b_t):
    """Mean of max(treatment - control, 0)."""
    return arb(a_t) / (a_t + b_t) * better(a_c, b_c, a_t + 1, b_t) - arb(a_c) / (
        a_c + b_c
    ) * better(a_c + 1, b_c, a_t, b_t)


def number(ball):
    assert ball.rad() < abs(ball.mid()) * arb(10) ** -20
    return float(ball.str(25, radius=False))


if __name__ == "__main__":
    results = []
    for name, (a_c, b_c, a_t, b_t) in CASES.items():
        case = {"a_c": a_c, "b_c": b_c, "a_t": a_t, "b_t": b_t}
        swapped = a_t, b_t, a_c, b_c
        results.append(
            {
                "name": name, **case,
                "better": number(better(**case)), "worse": number(better(*swapped)),
                "loss_control": number(loss_of_control(**case)),
                "loss_treatment": number(loss_of_control(*swapped)),
            }
        )  # fmt: skip
    print(json.dumps(results, indent=1))
