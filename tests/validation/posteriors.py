"""Posteriors.

Rates under beta priors, means under normal priors, a prior on the lift, best of many arms.
"""

from experimentos import bayes
from experimentos.bayes import BetaPosterior, NormalPosterior, beta_binomial
from validation.entries import Reference, Simulation, stored

INTEGRATE = "R, integrate() over one rate"
MANY = "R, integrate()"


def _betas(case):
    return BetaPosterior([case["a_c"]], [case["b_c"]]), BetaPosterior([case["a_t"]], [case["b_t"]])


def _rates(case, quantity):
    arms = _betas(case)
    found = {
        "P(better)": lambda: beta_binomial.better(*arms).probability,
        "P(worse)": lambda: beta_binomial.better(*arms).complement,
        "expected loss of control": lambda: beta_binomial.better(*arms).loss_control,
        "expected loss of treatment": lambda: beta_binomial.better(*arms).loss_treatment,
        "P(lift > 5 %)": lambda: beta_binomial.sides(*arms, lift=0.05).above,
        "lower limit of the difference": lambda: beta_binomial.difference_interval(*arms).lower,
        "upper limit of the difference": lambda: beta_binomial.difference_interval(*arms).upper,
        "lower limit of the lift": lambda: beta_binomial.lift_interval(*arms).lower,
        "upper limit of the lift": lambda: beta_binomial.lift_interval(*arms).upper,
    }
    return found[quantity]()[0]


RATES = {
    "P(better)": "better",
    "P(worse)": "worse",
    "expected loss of control": "loss_control",
    "expected loss of treatment": "loss_treatment",
    "P(lift > 5 %)": "lift_above_5",
    "lower limit of the difference": "difference_lower",
    "upper limit of the difference": "difference_upper",
    "lower limit of the lift": "lift_lower",
    "upper limit of the lift": "lift_upper",
}


def _references():
    results = stored("bayes")
    for case in results["rates"]:
        for quantity, name in RATES.items():
            yield Reference(
                "Beta-binomial", quantity, case["name"], INTEGRATE, case[name],
                lambda case=case, quantity=quantity: _rates(case, quantity), rtol=1e-9, atol=1e-15,
            )  # fmt: skip
    for kind, title, struct, fields in (
        ("beta_arms", "Beta posteriors", BetaPosterior, ("a", "b")),
        ("normal_arms", "Normal posteriors", NormalPosterior, ("mean", "sd")),
    ):
        for case in results[kind]:
            arms = struct(*([case[field]] for field in fields))
            for arm in range(len(case["probability"])):
                for quantity, name in (("P(best)", "probability"), ("expected loss", "loss")):
                    yield Reference(
                        f"{title}, best of many", f"{quantity}, arm {arm + 1}", case["name"], MANY,
                        case[name][arm],
                        lambda arms=arms, arm=arm, name=name: (
                            getattr(bayes.best_of(arms), name)[0, arm]
                        ),
                        rtol=1e-9, atol=1e-10,
                    )  # fmt: skip


def _drawn(runs, rng):
    """Rates from the prior, Beta(2, 18), and what 200 and 300 units showed."""
    prior = bayes.BetaPrior(2.0, 18.0)
    truth = rng.beta(2, 18, (2, runs))
    arms = [
        beta_binomial.posterior(rng.binomial(n, rate).astype(float), float(n), prior=prior)
        for n, rate in zip((200, 300), truth, strict=True)
    ]
    return truth, arms


def _covered(runs, rng):
    truth, arms = _drawn(runs, rng)
    found = beta_binomial.difference_interval(*arms, alpha=0.1)
    difference = truth[1] - truth[0]
    return int(((found.lower <= difference) & (difference <= found.upper)).sum()), runs


def _better(runs, rng):
    """A coin with the posterior probability, beside the truth: equal rates if calibrated."""
    truth, arms = _drawn(runs, rng)
    probability = beta_binomial.better(*arms).probability
    sure = (probability > 0.7) & (probability < 0.8)
    centre = probability[sure].mean()
    events = (truth[1] > truth[0])[sure]
    # Shifted so that the promise is one number whatever probabilities came.
    return round(events.sum() + (0.75 - centre) * events.size), int(events.size)


def _loss(runs, rng):
    """Mean loss against the mean of what was expected, as the share of runs above it."""
    truth, arms = _drawn(runs, rng)
    lifted = beta_binomial.sides(*arms, lift=0.2).above
    above = truth[1] > 1.2 * truth[0]
    return round(above.sum() + (0.4 - lifted.mean()) * runs), runs


REFERENCES = list(_references())
SIMULATIONS = [
    Simulation(
        "Beta-binomial", "coverage", "rates drawn from the prior, 90 % limits of the difference",
        0.9, _covered, short=2_000, long=40_000,
    ),
    Simulation(
        "Beta-binomial", "treatment better where P(better) is .7 to .8",
        "rates drawn from the prior; centred at .75", 0.75, _better, short=5_000, long=200_000,
    ),
    Simulation(
        "Beta-binomial", "lift above 20 % against the mean of its probability",
        "rates drawn from the prior; centred at .4", 0.4, _loss, short=5_000, long=100_000,
    ),
]  # fmt: skip
