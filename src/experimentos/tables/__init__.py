"""Arrow tables in, Arrow tables out: the only statistics that know column names.

The dbt Python models are a docstring and one call each, such as
``return tables.effects(dbt.ref("experimentos__inference_inputs").to_arrow_table())``.
"""

from experimentos.tables.ages import EFFECTS_BY_AGE_INPUT, EFFECTS_BY_AGE_OUTPUT, effects_by_age
from experimentos.tables.baselines import Spread, spreads
from experimentos.tables.bayesian import POSTERIORS_OUTPUT, posteriors
from experimentos.tables.comparisons import EFFECTS_OUTPUT, effects
from experimentos.tables.courses import LOOKS_INPUT
from experimentos.tables.enrolment import ENROLMENT_INPUT, coming_week
from experimentos.tables.pairs import DECIDING_INPUT, EFFECTS_INPUT
from experimentos.tables.planning import POWER_OUTPUT, power
from experimentos.tables.splits import SAMPLE_RATIO_INPUT, SAMPLE_RATIO_OUTPUT, sample_ratio
from experimentos.tables.values import VALUES_INPUT, VALUES_OUTPUT, value_shares

__all__ = [
    "DECIDING_INPUT",
    "EFFECTS_BY_AGE_INPUT",
    "EFFECTS_BY_AGE_OUTPUT",
    "EFFECTS_INPUT",
    "EFFECTS_OUTPUT",
    "ENROLMENT_INPUT",
    "LOOKS_INPUT",
    "POSTERIORS_OUTPUT",
    "POWER_OUTPUT",
    "SAMPLE_RATIO_INPUT",
    "SAMPLE_RATIO_OUTPUT",
    "VALUES_INPUT",
    "VALUES_OUTPUT",
    "Spread",
    "coming_week",
    "effects",
    "effects_by_age",
    "posteriors",
    "power",
    "sample_ratio",
    "spreads",
    "value_shares",
]
