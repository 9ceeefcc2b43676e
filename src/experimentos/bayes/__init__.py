"""Exact posteriors of proportions and means: nothing is sampled.

`beta_binomial` (rates under beta priors), `normal` (means, ratios and adjusted means under normal
priors) and `lift_prior` (the same under a prior on the lift) answer the same questions with the
same names: `better`, `sides`, `difference_interval`, `lift_interval`. `best_of` compares many arms.
"""

from experimentos.bayes import beta_binomial, lift_prior, normal
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
    "MeansPosterior",
    "NormalPosterior",
    "NormalPrior",
    "Sides",
    "best_of",
    "beta_binomial",
    "lift_prior",
    "normal",
    "skeptical",
]
