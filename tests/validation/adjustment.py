"""Variance reduction.

CUPED, regression with several covariates, interacted regression, post-stratification.
"""

import numpy as np
from reference import adjustment_runs as runs
from reference.adjustment_cases import comparison_of, removed_by_strata, strata
from reference.adjustment_tools import peer_entries

from experimentos import estimators
from experimentos.inference import welch
from experimentos.inference.effect import evaluate
from validation.entries import Reference, Simulation, stored


def _field(case, kind, name, i):
    return lambda: getattr(comparison_of(case, kind)[1], name)[i]


CASES = {
    "nsw_demographic": "NSW job training, earnings of 1978 by 7 covariates",
    "nsw_1975": "NSW job training, earnings of 1978 by those of 1975",
    "nsw": "NSW job training, earnings of 1978 by 9 covariates",
    "star_experience": "Project STAR, score in kindergarten by the teacher's experience",
    "star": "Project STAR, score in kindergarten by 4 covariates",
    "hillstrom": "Hillstrom's e-mail, spending by last year's",
    "hillstrom_visit": "Hillstrom's e-mail, visits (0 or 1) by 3 covariates",
    "ratio": "a ratio by a ratio and a mean, 300 and 600 simulated units",
    "collinear": "5 covariates of which 2 repeat others and 1 is constant",
}


def _arm(case, i):
    arms = len(stored("adjustment")[case]["moments"]["n"])
    return CASES[case] + (f", arm {i + 1}" if arms > 2 else "")


def _from_r(kind, method, sources):
    """Entries of one kind of regression: every number that R gave for every arm."""
    entries = []
    for case in CASES:
        given = stored("adjustment")[case].get("ancova" if kind == "regression" else "interacted")
        for i, _ in enumerate(np.atleast_1d(given["estimate"]) if given else []):
            for quantity, (name, source) in sources.items():
                entries.append(
                    Reference(
                        method, quantity, _arm(case, i), source,
                        float(np.atleast_1d(given[name])[i]),
                        _field(case, kind, quantity.replace("standard error", "std_error"), i),
                    )
                )  # fmt: skip
    return entries


_ANCOVA = _from_r(
    "regression",
    "Regression with covariates",
    {
        "estimate": ("estimate", "R, lm(y ~ arm + x)"),
        "standard error": ("std_error", "R, lm, sandwich with a residual variance for each arm"),
        "df": ("df", "R, Welch-Satterthwaite on the sums of 1 - hatvalues(lm)"),
    },
)
_INTERACTED = _from_r(
    "interacted",
    "Interacted regression",
    {
        "estimate": ("lin_estimate", "R, estimatr::lm_lin"),
        "standard error": (
            "std_error", "R, predict(lm(y ~ x) of each arm, se.fit) and var of the means",
        ),
        "df": ("df", "R, Welch-Satterthwaite on df.residual of each arm's lm"),
    },
)  # fmt: skip


def _r_value(case, kind, name):
    return float(np.atleast_1d(stored("adjustment")[case][kind][name])[0])


def _share(case):
    moments = estimators.CrossMoments(**stored("adjustment")[case]["moments"])
    return lambda: estimators.share_explained(moments, np.zeros(moments.n.size, int))[0]


def _known(name):
    def ours():
        comparison = comparison_of("nsw_1975", "within")[1]
        effect = evaluate(welch.METHOD, comparison)
        return {"df": comparison.df, "p_value": effect.p_value, "std_error": effect.std_error}[
            name
        ][0]

    return ours


_OTHER_R = [
    Reference(
        "CUPED", "theta", CASES["nsw_1975"], "R, lm(y ~ arm + x)",
        _r_value("nsw_1975", "ancova", "theta"),
        lambda: comparison_of("nsw_1975", "within")[0].theta[0],
    ),
    Reference(
        "CUPED", "estimate", CASES["nsw_1975"], "R, lm(y ~ arm + x)",
        _r_value("nsw_1975", "ancova", "estimate"), _field("nsw_1975", "within", "estimate", 0),
    ),
    *(
        Reference(
            "CUPED", quantity, CASES["nsw_1975"], "R, t.test(y - theta * x ~ arm)",
            _r_value("nsw_1975", "ancova", f"known_{name}"), _known(name),
        )
        for name, quantity in (
            ("std_error", "standard error"), ("df", "df"), ("p_value", "p-value"),
        )
    ),
    *(
        Reference(
            "Share explained", "adjusted R-squared within arms", CASES[case],
            "R, 1 - sigma(lm(y ~ arm + x))^2 / sigma(lm(y ~ arm))^2",
            _r_value(case, "ancova", "explained"), _share(case),
        )
        for case in ("nsw", "star", "hillstrom", "hillstrom_visit", "collinear")
    ),
    Reference(
        "Interacted regression", "standard error of control", CASES["star"],
        "R, predict(lm(y ~ x), se.fit) and var of the means",
        _r_value("star", "interacted", "std_error_control"),
        lambda: comparison_of("star", "interacted")[1].var_control[0] ** 0.5,
    ),
    Reference(
        "Regression with covariates", "standard error", CASES["star"] + ", one variance",
        "R, summary(lm)", _r_value("star", "ancova", "std_error_equal"),
        _field("star", "regression", "std_error", 0), agrees=False,
        why="each arm has its own residual variance, as in Welch's test",
    ),
    Reference(
        "Regression with covariates", "standard error", CASES["star"] + ", HC2",
        "R, estimatr::lm_robust", _r_value("star", "ancova", "hc2"),
        _field("star", "regression", "std_error", 0), agrees=False,
        why="HC2 needs units; moments give one residual variance for each arm",
    ),
    Reference(
        "Interacted regression", "standard error", CASES["star"] + ", HC2",
        "R, estimatr::lm_lin", _r_value("star", "interacted", "lin_hc2"),
        _field("star", "interacted", "std_error", 0), agrees=False,
        why="HC2 needs units, and takes the covariate means of all arms for known",
    ),
]  # fmt: skip

# ---------------------------------------------------------------- published tables

_MHE = "Angrist and Pischke (2009), Mostly Harmless Econometrics, table 3.3.3"
_STAR = "Hanck, Arnold, Gerber, Schmelzer, Introduction to Econometrics with R, section 13.3"
_SPEND = "Hillstrom's e-mail, spending by last year's, three arms"


def _hillstrom(name, i):
    return lambda: getattr(
        evaluate(welch.METHOD, comparison_of("hillstrom", "pooled")[1]), name
    )[i]  # fmt: skip


_PUBLISHED = [
    *(
        Reference(
            "Regression with covariates", "effect", CASES[case] + ", published", _MHE,
            value, _field(case, "regression", "estimate", 0), atol=0.5,
        )
        for case, value in (("nsw_demographic", 1670), ("nsw_1975", 1750), ("nsw", 1676))
    ),
    *(
        Reference(
            "Regression with covariates", "effect", f"{_arm('star_experience', i)}, published",
            _STAR, value, _field("star_experience", "regression", "estimate", i), atol=5e-6,
        )
        for i, value in enumerate((14.00613, -0.60058))
    ),
    Reference(
        "Regression with covariates", "theta", CASES["star_experience"] + ", published", _STAR,
        1.46903, lambda: comparison_of("star_experience", "regression")[0].theta[0, 0], atol=5e-6,
    ),
    Reference(
        "CUPED, theta pooled over units", "theta", _SPEND, "numpy, cov(x, y) / var(x) of all units",
        0.0012754870330541727, lambda: comparison_of("hillstrom", "pooled")[0].theta[0],
    ),
    *(
        Reference(
            "CUPED, theta pooled over units", name, f"{_SPEND}, arm {i + 1}",
            "scipy, ttest_ind of the adjusted units", value, _hillstrom(field, i),
        )
        for i, values in enumerate(
            (
                (0.7673357755525777, 1.270227156782526e-07, 0.4827099896074842, 1.0519615614976712),
                (0.42230258560577305, 0.0011930745345922317, 0.166892728113048, 0.6777124430984981),
            )
        )
        for name, field, value in zip(
            ("estimate", "p-value", "lower limit", "upper limit"),
            ("estimate", "p_value", "lower", "upper"), values, strict=True,
        )
    ),
    Reference(
        "Share explained", "share", _SPEND, "numpy, squared correlation over all units",
        0.02172900014413947**2, _share("hillstrom"), atol=3e-5,
        why="ours is within arms and adjusted for one slope; both say that CUPED saves 0.05 %",
    ),
]  # fmt: skip

# ---------------------------------------------------------------- strata


_HC2 = "R, estimatr::lm_robust(y ~ 0 + cell), HC2"
_SURVEY = "R, survey::postStratify"
_STRATA = {
    "nsw_degree": "NSW job training, strata with and without a degree",
    "nsw_education": "NSW job training, strata by years of school, 6 of 14 sparse",
    "schools": "Project STAR, small and regular classes in 78 schools",
}


def _stratum(case, name):
    return lambda: getattr(strata(case), name)[0]


def _from_strata():
    entries = []
    for case, text in _STRATA.items():
        given = stored("adjustment")[case]
        found = {
            "estimate": ("estimate", given["estimate"], _HC2),
            "std_error": (
                "standard error",
                given["std_error"],
                _HC2 + " and the weights' variance",
            ),
            "df": ("degrees of freedom", given["df"], _HC2),
            "covariance": ("covariance of the arms", given["covariance"], "R, from strata means"),
            "mean_control": ("control mean", given["survey_mean"][0], _SURVEY),
            "mean_treatment": ("treatment mean", given["survey_mean"][1], _SURVEY),
        }
        entries += [
            Reference("Post-stratification", quantity, text, source, value, _stratum(case, name))
            for name, (quantity, value, source) in found.items()
        ]
        entries.append(
            Reference(
                "Variance removed", "share, by strata", text, _HC2 + " and var",
                1 - (given["std_error"] / given["plain_std_error"]) ** 2,
                lambda case=case: removed_by_strata(case),
            )
        )  # fmt: skip
    given = stored("adjustment")["schools"]["survey_std_error"][0]
    return [
        *entries,
        Reference(
            "Post-stratification", "standard error of control", _STRATA["schools"], _SURVEY, given,
            lambda: strata("schools").var_control[0] ** 0.5, agrees=False,
            why="theirs takes weights for known, and n / (n - 1) over the arm, not the stratum",
        ),
    ]  # fmt: skip


REFERENCES = [*_PUBLISHED, *_ANCOVA, *_INTERACTED, *_OTHER_R, *peer_entries(CASES), *_from_strata()]

# ---------------------------------------------------------------- simulations

_ALIKE = {"n": 100, "slope": [0.98]}
_FIVE = {"n": 100, "slope": [0.5, 0.5, 0.5, 0.0, 0.0]}
_TWENTY = {"n": 100, "slope": [0.3] * 20}
_SMALL, _LARGE = {"n": 200, "slope": [2.0, 0.0]}, {"n": 800, "slope": [0.0, 1.0], "noise": 2.0}
_LIFTED = {"n": 150, "slope": [0.8], "mean": 2.0}, {"n": 600, "slope": [1.2], "mean": 2.4}
_OPPOSITE = {"n": 400, "slope": [3.0]}, {"n": 1_600, "slope": [-1.5]}
_TIED = (200, 200), [0.05] * 20, np.arange(20) / 5, [0] * 20
_FOUR = [0.4, 0.3, 0.2, 0.1]
_RARE = [0.6, 0.3, 0.05, 0.03, 0.015, 0.005]

SIMULATIONS = [
    Simulation(
        "CUPED", "type I error", "100 normal units an arm, correlation 0.7, alpha 0.05",
        0.05, runs.misses(runs.cuped(), _ALIKE, _ALIKE), allowance=0.003,
    ),
    Simulation(
        "CUPED, theta pooled over units", "type I error",
        "100 normal units an arm, correlation 0.7, alpha 0.05",
        0.05, runs.misses(runs.cuped("pooled"), _ALIKE, _ALIKE), allowance=0.003,
    ),
    Simulation(
        "CUPED", "type I error", "rates of 35 % by a rate before, 400 and 1,600 units, alpha 0.05",
        0.05, runs.rate_misses, allowance=0.003,
    ),
    Simulation(
        "Regression with covariates", "type I error", "5 covariates, 100 normal units an arm",
        0.05, runs.misses(runs.REGRESSION, _FIVE, _FIVE), allowance=0.001,
    ),
    Simulation(
        "Regression with covariates", "type I error", "20 covariates, 100 normal units an arm",
        0.05, runs.misses(runs.REGRESSION, _TWENTY, _TWENTY), allowance=0.001,
        short=1_000, long=20_000,
    ),
    Simulation(
        "Regression with covariates", "misses of a 95 % interval",
        "2 covariates, slopes and noise that differ by arm, 200 and 800 units",
        0.05, runs.misses(runs.REGRESSION, _SMALL, _LARGE | {"mean": 0.3}), allowance=0.003,
    ),
    Simulation(
        "Regression with covariates", "misses of a 95 % interval",
        "skewed covariates, curved and heteroscedastic outcomes, 200 and 800 units",
        0.05, runs.misses_with_units(runs.REGRESSION, (200, 800), (2.0, 0.5)), allowance=0.007,
        short=1_000, long=10_000,
    ),
    Simulation(
        "Regression with covariates", "misses of a 95 % interval of the lift",
        "slopes 0.8 and 1.2, lift 20 %, 150 and 600 units",
        0.05, runs.misses(runs.REGRESSION, *_LIFTED, lift=True), allowance=0.003,
    ),
    Simulation(
        "Regression with covariates", "type I error", "a ratio by a ratio, 150 and 300 units",
        0.05, runs.ratio_misses, allowance=0.005, short=1_000, long=20_000,
    ),
    Simulation(
        "Interacted regression", "type I error", "5 covariates, 100 normal units an arm",
        0.05, runs.misses(runs.INTERACTED, _FIVE, _FIVE), allowance=0.001,
    ),
    Simulation(
        "Interacted regression", "type I error", "20 covariates, 100 normal units an arm",
        0.05, runs.misses(runs.INTERACTED, _TWENTY, _TWENTY), allowance=0.002,
        short=1_000, long=20_000,
    ),
    Simulation(
        "Interacted regression", "misses of a 95 % interval",
        "2 covariates, slopes and noise that differ by arm, 200 and 800 units",
        0.05, runs.misses(runs.INTERACTED, _SMALL, _LARGE | {"mean": 0.3}), allowance=0.002,
    ),
    Simulation(
        "Interacted regression", "misses of a 95 % interval",
        "skewed covariates, curved and heteroscedastic outcomes, 200 and 800 units",
        0.05, runs.misses_with_units(runs.INTERACTED, (200, 800), (2.0, 0.5)), allowance=0.007,
        short=1_000, long=10_000,
    ),
    Simulation(
        "Interacted regression", "misses of a 95 % interval of the lift",
        "slopes 0.8 and 1.2, lift 20 %, 150 and 600 units",
        0.05, runs.misses(runs.INTERACTED, *_LIFTED, lift=True), allowance=0.003,
    ),
    Simulation(
        "Interacted regression", "standard error larger than without adjustment",
        "slopes 3 and -1.5, 400 and 1,600 units",
        0.0, runs.less_precise(runs.INTERACTED), "at most", 0.001,
    ),
    Simulation(
        "Regression with covariates", "standard error larger than without adjustment",
        "slopes 3 and -1.5, 400 and 1,600 units: Freedman's warning",
        1.0, runs.less_precise(runs.REGRESSION), "at least", 0.001,
    ),
    Simulation(
        "Regression with covariates", "misses of a 95 % interval",
        "slopes 3 and -1.5, 400 and 1,600 units: Freedman's warning",
        0.05, runs.misses(runs.REGRESSION, *_OPPOSITE), allowance=0.003,
    ),
    Simulation(
        "Post-stratification", "type I error", "4 strata, 100 units an arm",
        0.05, runs.misses_of_strata((100, 100), _FOUR, [0, 1, 2, 4], [0] * 4), allowance=0.002,
    ),
    Simulation(
        "Post-stratification", "type I error", "20 strata, 200 units an arm, sparse ones merged",
        0.05, runs.misses_of_strata(*_TIED, merge=True), allowance=0.002, short=1_000, long=20_000,
    ),
    Simulation(
        "Post-stratification", "type I error", "rare strata merged, 60 and 240 units",
        0.05, runs.misses_of_strata((60, 240), _RARE, [0, 1, 2, 3, 4, 5], [0] * 6, merge=True),
        allowance=0.004,
    ),
    Simulation(
        "Post-stratification", "misses of a 95 % interval",
        "effects from -2 to 3 over 4 strata, 200 and 800 units",
        0.05, runs.misses_of_strata((200, 800), _FOUR, [0, 1, 2, 4], [1, -2, 3, 0]),
        allowance=0.003,
    ),
    Simulation(
        "Post-stratification", "misses of a 95 % interval of the lift",
        "effects from 0 to 1 over 4 strata, 200 and 800 units",
        0.05, runs.misses_of_strata((200, 800), _FOUR, [2, 3, 4, 6], [0, 1, 0, 1], lift=True),
        allowance=0.003,
    ),
]  # fmt: skip
