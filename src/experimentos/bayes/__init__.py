"""Exact posteriors of proportions and means: nothing is sampled.

`beta_binomial` (rates under beta priors), `normal` (means, ratios and adjusted means under normal
priors) and `lift_prior` (the same under a prior on the lift) answer the same questions with the
same names: `better`, `sides`, `difference_interval`, `lift_interval`. `best_of` compares many arms;
`differences` many treatments under a prior on each one's difference from control.
"""

from experimentos.bayes import beta_binomial, differences, lift_prior, normal
from experimentos.bayes.differences import Differences, best_of_differences
from experimentos.bayes.many_arms import Best, best_of
from experimentos.bayes.posteriors import BetaPosterior, MeansPosterior, NormalPosterior
from experimentos.bayes.priors import BetaPrior, NormalPrior, skeptical
from experimentos.bayes.results import Better, CredibleInterval, Sides

__all__ = [
    "Best",
    "BetaPosterior",
    "BetaPrior",
    "Better",
    "CredibleInterval",
    "Differences",
    "MeansPosterior",
    "NormalPosterior",
    "NormalPrior",
    "Sides",
    "best_of",
    "best_of_differences",
    "beta_binomial",
    "differences",
    "lift_prior",
    "normal",
    "skeptical",
]
