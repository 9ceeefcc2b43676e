"""Why an experiment has its verdict: its rules in order, and the numbers that each of them read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from experimentos.errors import ProjectError
from experimentos.project.answers import ask
from experimentos.project.gateway import Project

POLICY: Final = {
    "health_blocked": "hold",
    "plan_changed": "hold",
    "harmed": "rollback",
    "no_look_due": "hold",
    "launchable": "launch",
    "guardrail_unsettled": "hold",
    "looks_remain": "hold",
    "ruled_out": "hold",
    "inconclusive": "hold",
}
"""Rules in the order of the policy, each with the verdict of variants that it decides."""
PARTS: Final = {
    "plan_changed": ("dates_changed",),
    "launchable": ("superior", "noninferior", "worse", "not_shown_safe"),
    "ruled_out": ("bounded",),
    "inconclusive": ("power_reached",),
}
"""What a rule is made of: evidence that decides nothing by itself."""
READS: Final = (
    "decisions", "variant_decisions", "decision_evidence", "experiments", "experiment_metrics",
    "effects", "health", "power",
)  # fmt: skip
_MOMENTS, _DECISIONS = "moments", "decisions"
_INPUTS: Final = "experimentos__inference_inputs"

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """One rule of the policy, as it stood for one variant.

    Parameters
    ----------
    rule, verdict : str
        Its name, and the verdict where it is the first to fire.
    fired, decides : bool
        Whether it fired, and whether it was the first to.
    evidence : tuple of mapping
        What it looked at: metric, fired, observed, threshold, distance, message.
    parts : tuple of mapping
        The same of what it is made of, each with its own ``rule``.
    """

    rule: str
    verdict: str
    fired: bool
    decides: bool
    evidence: tuple[Row, ...]
    parts: tuple[Row, ...]


@dataclass(frozen=True)
class Variant:
    """How one treatment was decided on.

    Parameters
    ----------
    decision : mapping
        Its row of ``variant_decisions``.
    rules : tuple of Rule
        In the order of the policy.
    effects : tuple of mapping
        The comparisons that decide, with ``adjusted_because`` and the ``sql`` of their rows.
    """

    decision: Row
    rules: tuple[Rule, ...]
    effects: tuple[Row, ...]

    @property
    def nearest(self) -> Row | None:
        """The evidence of the rule that would change the verdict and came closest to firing."""
        rule = self.decision["nearest_rule"]
        found = [
            row
            for one in self.rules
            for row in one.evidence
            if one.rule == rule and not row["fired"] and (row["distance"] or 0) > 0
        ]
        return min(found, key=lambda row: row["distance"], default=None)


@dataclass(frozen=True)
class Verdict:
    """Why an experiment has its verdict.

    Parameters
    ----------
    decision, experiment : mapping
        Its rows of ``decisions`` and ``experiments``.
    defined_hash : str
        Of its definition as it is now.
    file : str
        Where that stands.
    variants : tuple of Variant
        One per treatment.
    health : tuple of mapping
        Checks that warn or block, and those of the split.
    power : tuple of mapping
        Its rows of ``power``.
    conditions : mapping
        Metric to what rows are read for it, in the warehouse's words.
    sql : mapping
        Model to compiled SQL, from the raw rows to the policy; empty unless asked for.
    is_archived : bool
        Whether its numbers are a copy that builds do not compute any more.
    edit_note : str or None
        Of an archived one whose definition was edited: what becomes of the edit.
    """

    decision: Row
    experiment: Row
    defined_hash: str
    file: str
    variants: tuple[Variant, ...]
    health: tuple[Row, ...]
    power: tuple[Row, ...]
    conditions: Mapping[str, Sequence[Row]]
    sql: Mapping[str, str]
    is_archived: bool
    edit_note: str | None

    @property
    def has_changed(self) -> bool:
        """Whether the definition is not the one that the verdict was made by."""
        is_other = self.decision["definitions_hash"] != self.defined_hash
        return bool(is_other or self.edit_note is not None)


def explain_verdict(project: Project, answer: Row, *, sql: bool = False) -> Verdict:
    """Read why an experiment has its verdict from the tables that the last build left.

    Parameters
    ----------
    project : Project
        Built.
    answer : mapping
        Of the macro ``explain`` for an experiment.
    sql : bool
        Whether to compile the models that made the numbers too.

    Returns
    -------
    Verdict
        Of the experiment.

    Raises
    ------
    ProjectError
        If the last build did not know the experiment.
    """
    rows = {mart: _rows(project, mart, answer["literal"]) for mart in READS}
    if not rows["decisions"] or not rows["experiments"]:
        msg = (
            f"experiment '{answer['experiment_id']}' ({answer['file']}) is defined, but the last "
            "build did not know it: run `dbt build` (or `experimentos build --full`)"
        )
        raise ProjectError(msg)
    deciding = [row for row in rows["effects"] if row["used_for_decision"]]
    return Verdict(
        decision=rows["decisions"][0],
        experiment=rows["experiments"][0],
        defined_hash=answer["definitions_hash"],
        file=answer["file"],
        variants=tuple(
            Variant(
                decision=decision,
                rules=_rules(decision, rows["decision_evidence"]),
                effects=tuple(
                    _explained(project, row, rows, answer)
                    for row in _in_order(deciding, rows["experiment_metrics"])
                    if row["variant"] == decision["variant"]
                ),
            )
            for decision in sorted(rows["variant_decisions"], key=lambda row: str(row["variant"]))
        ),
        health=tuple(_health(rows["health"])),
        power=tuple(rows["power"]),
        conditions=answer["conditions"],
        sql=_compiled(project) if sql else {},
        is_archived=answer["is_archived"],
        edit_note=answer["edit_note"],
    )


def named(project: Project, name: str, experiment: str | None, kind: str | None) -> dict[str, Any]:
    """Ask what a name is: a metric or an experiment.

    Parameters
    ----------
    project : Project
        With the package installed.
    name : str
        Of either.
    experiment : str, optional
        Only its use of the metric.
    kind : str, optional
        ``metric`` or ``experiment``, where a name is both.

    Returns
    -------
    dict
        ``kind``, and what the macro ``explain`` says of it.
    """
    return ask(project, "explain", {"name": name, "experiment": experiment, "kind": kind})


def _rows(project: Project, mart: str, literal: str) -> list[dict[str, Any]]:
    relation = project.relation_name(mart)
    return project.query(f"select * from {relation} where experiment_id = {literal}")  # noqa: S608


def _rules(decision: Row, evidence: Sequence[Row]) -> tuple[Rule, ...]:
    """Put the evidence of a variant under the rules of the policy."""
    mine = [row for row in evidence if row["variant"] == decision["variant"]]
    mine.sort(key=lambda row: (row["distance"] is None, row["distance"] or 0, row["metric"]))

    def of(*rules: str) -> tuple[Row, ...]:
        return tuple(row for rule in rules for row in mine if row["rule"] == rule)

    return tuple(
        Rule(
            rule=rule,
            verdict=verdict,
            # What is left over when nothing else fires has fired whatever its evidence says.
            fired=any(row["fired"] for row in of(rule)) or rule == decision["rule"],
            decides=rule == decision["rule"],
            evidence=of(rule),
            parts=of(*PARTS.get(rule, ())),
        )
        for rule, verdict in POLICY.items()
    )


def _in_order(effects: Sequence[Row], uses: Sequence[Row]) -> Iterator[Row]:
    """Success metrics first, each role in the order of its definition."""
    place = {row["metric"]: row["position"] for row in uses}
    roles = {"success": 0, "guardrail": 1, "explore": 2}
    return iter(
        sorted(
            (row for row in effects if row["role"] != "explore"),
            key=lambda row: (roles.get(row["role"], 3), place.get(row["metric"], 0)),
        )
    )


def _explained(
    project: Project, row: Row, rows: Mapping[str, Sequence[Row]], answer: Row
) -> dict[str, Any]:
    use = next((use for use in rows["experiment_metrics"] if use["metric"] == row["metric"]), {})
    checks = [
        check
        for check in rows["health"]
        if check["metric"] == row["metric"]
        and check["check_name"].startswith("covariate")
        and check["status"] != "healthy"
    ]
    return {
        **row,
        "adjusted_because": _adjustment(row, use.get("covariate_text"), checks),
        "sql": _moments_sql(project, row, answer["literal"]),
    }


def _adjustment(row: Row, covariate: str | None, checks: Sequence[Row]) -> str:
    """Say why the covariate is used or not: by definition, never by comparing results."""
    if row["adjustment"] != "none":
        reduction = row["variance_reduction"]
        takes = "" if reduction is None else f" and takes {100 * reduction:.1f}% of the variance"
        return f"the covariate ({covariate}) passed its pre-check{takes}"
    if covariate in {None, "none"}:
        return "its definition has no covariate"
    why = "; ".join(str(check["message"]) for check in checks) or (
        "fewer than 100 units an arm, a covariate that does not vary, or one that the fact does "
        "not cover for 95% of the units"
    )
    return f"the covariate ({covariate}) did not pass its pre-check: {why}"


def _moments_sql(project: Project, row: Row, experiment: str) -> str:
    """Select the two rows of moments that a comparison was made of."""
    keys = ("metric", "population", "segment", "segment_value", "basis")
    where = [f"experiment_id = {experiment}"]
    where += [f"{key} = {_quoted(row[key])}" for key in keys]
    where.append(f"variant in ({_quoted(row['control'])}, {_quoted(row['variant'])})")
    if row["as_of"] is not None:
        where.append(f"as_of = cast('{row['as_of']}' as timestamp)")
    return f"select * from {project.relation_name(_MOMENTS)}\nwhere " + "\n    and ".join(where)  # noqa: S608


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _health(rows: Sequence[Row]) -> Iterator[Row]:
    order = {"blocked": 0, "warning": 1}
    kept = [
        row
        for row in rows
        if row["status"] != "healthy"
        or (row["check_name"].startswith("sample_ratio") and row["segment"] == "all")
    ]
    return iter(sorted(kept, key=lambda row: (order.get(row["status"], 2), row["check_name"])))


def _compiled(project: Project) -> dict[str, str]:
    """Compile from the raw rows to the moments, and from the effects to the policy."""
    names = project.ancestors(_MOMENTS, ["2_units", "3_moments"])
    names += [_INPUTS, *project.ancestors(_DECISIONS, ["4_inference", "5_decisions"])]
    return project.compile(names)
