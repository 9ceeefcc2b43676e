"""What the numbers of a comparison allow to be said, as codes; the templates hold the words.

The policy is the decision's. These readings only describe one comparison, they never say more
than its corrected test, and a missing number never becomes a claim.
"""

from collections.abc import Callable

from experimentos.memo.context import Effect, Experiment

WITHHELD = "withheld"
"""A health check is blocked: nothing is read."""
NOT_DUE = "not_due"
"""The planned end is not reached, and nothing acts before it."""
NOT_SHOWN = "not_shown"
"""The test did not reject, or there is no test."""
BETTER = "better"
"""Success metric: better after correction."""
WORSE = "worse"
"""Worse after the correction of the harm family."""
NONINFERIOR = "noninferior"
"""Guardrail: not worse than its margin."""
NONINFERIOR_WORSE = "noninferior_worse"
"""Guardrail: inside its margin, and its interval is on the wrong side of 0."""
BEYOND_MARGIN = "beyond_margin"
"""Guardrail: worse than its margin after the correction of the harm family."""
NOT_SHOWN_WORSE = "not_shown_worse"
"""Guardrail without a margin: tested, not shown worse, not shown safe."""
WORSE_UNCORRECTED = "worse_uncorrected"
"""Without a margin: its own interval is on the wrong side of 0, and the family's test is not."""
FAVOURABLE = "favourable"
"""Exploratory metric: the interval excludes 0 in the direction of the goal."""
UNFAVOURABLE = "unfavourable"
"""Exploratory metric: the interval excludes 0 against the goal."""
INCLUDES_ZERO = "includes_zero"
"""Exploratory metric: the interval includes 0."""
SEGMENT_UP = "segment_up"
"""Level of a segment: better than control after correction over the levels."""
SEGMENT_DOWN = "segment_down"
"""Level of a segment: worse than control after correction over the levels."""
UNVERIFIED = "unverified"
"""Harm is indicated, but a health check is blocked."""


def read_effect(effect: Effect, experiment: Experiment, *, blocked: bool) -> str:
    """Say what one deciding comparison shows.

    Parameters
    ----------
    effect : Effect
        Row used for the decision.
    experiment : Experiment
        Its experiment: error rate, and whether the planned end is reached.
    blocked : bool
        Whether a health check withholds its readings.

    Returns
    -------
    str
        One of the codes of this module.
    """
    held = held_by(effect, experiment, blocked=blocked)
    is_tested = held != WITHHELD and effect.role != "explore"
    if is_tested and _rejects(effect.p_value_harm_corrected, experiment.alpha_harm):
        return BEYOND_MARGIN if effect.margin is not None else WORSE
    if held is not None:
        return held
    return _READ.get(effect.role or "", _read_nothing)(effect, experiment)


def is_due(effect: Effect, experiment: Experiment) -> bool:
    """Say whether one deciding comparison may be read at this time.

    Parameters
    ----------
    effect : Effect
        Row used for the decision.
    experiment : Experiment
        Its experiment.

    Returns
    -------
    bool
        Of a fixed design at its end; of others where it has an interval: at a look, or from the
        start of an always-valid sequence on.
    """
    if experiment.design in {"group_sequential", "always_valid"}:
        return experiment.is_final or effect.level is not None
    return experiment.is_final


def held_by(effect: Effect, experiment: Experiment, *, blocked: bool) -> str | None:
    """Say what keeps one deciding comparison from being read.

    Parameters
    ----------
    effect : Effect
        Row used for the decision.
    experiment : Experiment
        Its experiment.
    blocked : bool
        Whether a health check withholds its readings.

    Returns
    -------
    str or None
        'withheld' or 'not_due'; None where it may be read.
    """
    if blocked:
        return WITHHELD
    return None if is_due(effect, experiment) else NOT_DUE


def awaits(effect: Effect, experiment: Experiment) -> str:
    """Say what a comparison that is not due waits for.

    Parameters
    ----------
    effect : Effect
        Row used for the decision.
    experiment : Experiment
        Its experiment.

    Returns
    -------
    str
        'look'; 'start', of an always-valid test; or 'end', of the plan.
    """
    if experiment.design == "always_valid":
        return "start"
    if experiment.design == "group_sequential":
        # What is only explored is always-valid under both designs.
        return "start" if effect.role == "explore" else "look"
    return "end"


def read_harm(effect: Effect, experiment: Experiment, *, blocked: bool) -> str:
    """Say what the harm family shows for one comparison.

    Parameters
    ----------
    effect : Effect
        Row used for the decision.
    experiment : Experiment
        Its experiment.
    blocked : bool
        Whether a health check withholds its readings.

    Returns
    -------
    str
        'worse', 'unverified', 'not_shown' or 'withheld'.
    """
    harmed = _rejects(effect.p_value_harm_corrected, experiment.alpha_harm)
    if blocked:
        return UNVERIFIED if harmed else WITHHELD
    return WORSE if harmed else NOT_SHOWN


def read_segment(effect: Effect, experiment: Experiment, held: str | None) -> str:
    """Say what one level of a segment shows.

    Parameters
    ----------
    effect : Effect
        Its row; ``p_value_corrected`` is corrected over the levels, two-sided.
    experiment : Experiment
        Its experiment.
    held : str or None
        What keeps the comparison of all units from being read: no part of them is read then.

    Returns
    -------
    str
        'segment_up', 'segment_down', 'not_shown', 'not_due' or 'withheld'.
    """
    if held is not None:
        return held
    if effect.estimate is None or not _rejects(effect.p_value_corrected, experiment.alpha):
        return NOT_SHOWN
    above = effect.estimate > 0
    return SEGMENT_UP if above == (effect.goal != "decrease") else SEGMENT_DOWN


def _read_success(effect: Effect, experiment: Experiment) -> str:
    shown = _rejects(effect.p_value_corrected, experiment.alpha_one_sided)
    side = _excludes_zero(effect)
    if side == "bad":
        return WORSE_UNCORRECTED
    return BETTER if shown and side == "good" else NOT_SHOWN


def _read_guardrail(effect: Effect, experiment: Experiment) -> str:
    del experiment
    if effect.margin is None:
        if _excludes_zero(effect) == "bad":
            return WORSE_UNCORRECTED
        return NOT_SHOWN if effect.p_value_harm is None else NOT_SHOWN_WORSE
    # The arm's own level is in `level`: Holm over arms may have tested it below alpha / 2.
    one_sided = None if effect.level is None else (1 - effect.level) / 2
    if not _rejects(effect.p_value_noninferior, one_sided):
        return NOT_SHOWN
    return NONINFERIOR_WORSE if _excludes_zero(effect) == "bad" else NONINFERIOR


def _read_explore(effect: Effect, experiment: Experiment) -> str:
    del experiment
    if effect.lower is None and effect.upper is None:
        return NOT_SHOWN
    return {"good": FAVOURABLE, "bad": UNFAVOURABLE}.get(_excludes_zero(effect), INCLUDES_ZERO)


def _read_nothing(effect: Effect, experiment: Experiment) -> str:
    del effect, experiment
    return NOT_SHOWN


_READ: dict[str, Callable[[Effect, Experiment], str]] = {
    "success": _read_success,
    "guardrail": _read_guardrail,
    "explore": _read_explore,
}


def _rejects(p_value: float | None, level: float | None) -> bool:
    return p_value is not None and level is not None and p_value <= level


def _excludes_zero(effect: Effect) -> str:
    """Side of 0 on which the whole interval lies: 'good', 'bad' or 'neither'."""
    if effect.lower is None and effect.upper is None:
        return "neither"
    above = effect.lower is not None and effect.lower > 0
    below = effect.upper is not None and effect.upper < 0
    if not above and not below:
        return "neither"
    return "good" if above == (effect.goal != "decrease") else "bad"
