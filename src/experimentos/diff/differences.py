"""What differs between two builds."""

from dataclasses import dataclass

from experimentos.memo import Memo
from experimentos.memo.context import Finding


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One key of a definition, in words; ``before`` or ``after`` is None where it is not set."""

    kind: str
    name: str
    key: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class EffectChange:
    """One deciding comparison of both builds.

    Parameters
    ----------
    metric, variant : str
        What is compared.
    before, after : Finding or None
        None where the build has no such comparison. Of a comparison whose look was recorded: what
        the definitions of the build make of the data of the look today, with the interval of a
        single look.
    moved : float or None
        By how many of its former standard errors the estimate moved.
    recorded : Finding or None
        The look that was recorded and keeps its numbers, if there is one.
    """

    metric: str
    variant: str
    before: Finding | None
    after: Finding | None
    moved: float | None
    recorded: Finding | None


@dataclass(frozen=True, slots=True)
class HealthChange:
    """One health check of both builds; a status is None where the check did not run."""

    check_name: str
    subject: tuple[str, ...]
    before: str | None
    after: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class ExperimentChange:
    """One experiment of both builds.

    Parameters
    ----------
    before, after : Memo or None
        None where the build does not have it.
    is_running : bool
        Whether it runs, or ran in the base.
    effects : tuple of EffectChange
        Those that differ.
    health : tuple of HealthChange
        Those that differ.
    n_effects : int
        Comparisons in either build.
    """

    before: Memo | None
    after: Memo | None
    is_running: bool
    effects: tuple[EffectChange, ...]
    health: tuple[HealthChange, ...]
    n_effects: int

    @property
    def memo(self) -> Memo:
        """The newer memo there is."""
        memo = self.after or self.before
        if memo is None:
            msg = "an experiment must be in one of the two builds"
            raise ValueError(msg)
        return memo

    @property
    def experiment_id(self) -> str:
        """Its id."""
        return self.memo.experiment.experiment_id

    @property
    def recorded(self) -> tuple[Finding, ...]:
        """Recorded looks of the comparisons that differ."""
        return tuple(row.recorded for row in self.effects if row.recorded is not None)

    @property
    def is_new(self) -> bool:
        """Whether the base does not have it."""
        return self.before is None

    @property
    def is_removed(self) -> bool:
        """Whether only the base has it."""
        return self.after is None

    @property
    def verdict_changed(self) -> bool:
        """Whether the verdict or the variant is another."""
        if self.before is None or self.after is None:
            return False
        return _decided(self.before) != _decided(self.after)

    @property
    def rule_changed(self) -> bool:
        """Whether the same verdict has another reason."""
        if self.before is None or self.after is None or self.verdict_changed:
            return False
        return self.before.rule != self.after.rule

    @property
    def definitions_changed(self) -> bool:
        """Whether a definition that can change a number is another."""
        if self.before is None or self.after is None:
            return False
        hashes = (memo.experiment.definitions_hash for memo in (self.before, self.after))
        return len(set(hashes)) > 1

    @property
    def data_moved(self) -> bool:
        """Whether the data end at another time: then not all that moved is due to an edit."""
        if self.before is None or self.after is None:
            return False
        return self.before.experiment.data_as_of != self.after.experiment.data_as_of

    @property
    def units(self) -> tuple[int | None, int | None]:
        """Units analysed, before and after."""
        return (_units(self.before), _units(self.after))

    @property
    def is_changed(self) -> bool:
        """Whether anything differs that a reader would want to see."""
        return (
            self.is_new
            or self.is_removed
            or self.verdict_changed
            or self.rule_changed
            or self.definitions_changed
            or bool(self.effects or self.health)
            or self.units[0] != self.units[1]
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs between a base and this build.

    Parameters
    ----------
    base : str
        The base as it was named.
    shown : tuple of ExperimentChange
        Those to tell: running ones, or all.
    n_compared : int
        Experiments that were looked at for `shown`.
    n_other : int
        Further experiments that changed, and are not running.
    metrics_new, metrics_removed : tuple of str
        By name.
    fields : tuple of FieldChange
        Keys of definitions that differ.
    """

    base: str
    shown: tuple[ExperimentChange, ...]
    n_compared: int
    n_other: int
    metrics_new: tuple[str, ...]
    metrics_removed: tuple[str, ...]
    fields: tuple[FieldChange, ...]

    @property
    def changed(self) -> tuple[ExperimentChange, ...]:
        """Experiments to tell that differ."""
        return tuple(change for change in self.shown if change.is_changed)

    @property
    def verdicts(self) -> tuple[ExperimentChange, ...]:
        """Experiments to tell whose verdict differs."""
        return tuple(change for change in self.shown if change.verdict_changed)

    @property
    def data_moved(self) -> bool:
        """Whether the data of any of them end at another time."""
        return any(change.data_moved for change in self.shown)

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not (
            self.changed or self.n_other or self.metrics_new or self.metrics_removed or self.fields
        )


def _decided(memo: Memo) -> tuple[str, str | None, tuple[str, ...]]:
    return (memo.verdict, memo.variant, memo.harmed_variants)


def _units(memo: Memo | None) -> int | None:
    return None if memo is None or memo.analysed is None else memo.analysed.n_units
