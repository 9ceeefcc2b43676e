import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from memo import example_full, examples

from experimentos.estimators import Comparison
from experimentos.inference import choices, mixed, stratified
from experimentos.memo.templates import templates
from experimentos.multiplicity import CORRECTIONS
from experimentos.resources import bundle_path

EXPECTED = Path(examples.__file__).parent
TEMPLATES = sorted(bundle_path("reports").rglob("*.md.j2"))


@pytest.mark.parametrize("name", sorted(examples.expected_texts()))
def test_a_section_is_as_it_was_read_and_accepted(name):
    """After a meant change: ``python tests/memo/accept.py``, then read the difference."""
    expected = (EXPECTED / f"{name}.md").read_text(encoding="utf-8")
    assert examples.expected_texts()[name] == expected


def test_every_expected_section_is_still_rendered():
    files = {str(path.relative_to(EXPECTED).with_suffix("")) for path in EXPECTED.rglob("*.md")}
    assert files == set(examples.expected_texts())


def test_sections_are_found_by_file_name_in_number_order():
    numbers = [int(re.search(r"/(\d+)_", path)[1]) for _, path in templates().sections]
    assert numbers == sorted(numbers)
    assert templates().sections[0][0] == "verdict"
    folder = bundle_path("reports") / "sections"
    assert len(templates().sections) == len(list(folder.glob("*.md.j2")))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_says_first_what_it_reads_and_leaves_work_to_filters(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith("{# ")
    inside = " ".join(re.findall(r"\{[{%](.*?)[}%]\}", text, re.DOTALL))
    inside = re.sub(r'"[^"]*"', '""', inside)
    assert not re.search(r"\|\s*(safe|join|format|round|e|escape)\b|~|[*/%]| - ", inside)
    assert "{%-" not in text
    assert "-%}" not in text
    assert not re.search(r"https?://", text)


@pytest.mark.parametrize("correction", [*CORRECTIONS, None])
def test_the_method_names_the_correction_and_what_it_needs(correction):
    memo = examples.memo_of(examples.launch())
    memo = replace(memo, experiment=replace(memo.experiment, correction=correction))
    text = dict(templates().render_sections(memo))["method"]
    assert ("Corrected p of success metrics: " in text) == (correction is not None)
    assert ("positively dependent" in text) == (correction == "hommel")
    if correction is not None:
        assert re.search(rf"Corrected p of success metrics: {correction}\b", text, re.IGNORECASE)


def all_names():
    """What ``name_methods`` calls comparisons of every kind, adjusted and combined ones too."""
    counted = [(9000, 9000, 0.1), (50, 50, 0.02), (20000, 400, 0.1), (50, 50, 0.02)]
    averaged = [(900, 900, 3.0)] * 7
    n_c, n_t, mean = np.array(counted + averaged).T
    var = np.where(mean < 1, mean * (1 - mean), 2.0)
    comparison = Comparison(n_c, n_t, mean, mean, var / n_c, var / n_t, 0 * mean, n_c + n_t - 2)
    k = np.arange(len(mean))
    method = choices.choose_methods(
        comparison, mean < 1, np.isin(k, [5, 7]), is_quantile=k == 8,
        mean_skewness=np.where(np.isin(k, [6, 7]), 0.1, np.nan),
    )  # fmt: skip
    goal = mixed.Goal(np.ones(len(k)), np.where(k == 3, 0.05, np.nan), np.zeros(len(k), dtype=bool))
    names = mixed.name_methods(
        mixed.Mixed(comparison, method), goal, k == 9, np.where(k == 10, 2, 1)
    )
    return [str(name) for name in names]


def test_kinds_of_comparisons_have_names_of_their_own():
    assert all_names() == [
        "score", "conditional binomial", "skewness-corrected score", "unconditional exact",
        "welch", "delta", "skewness-corrected welch", "skewness-corrected delta", "quantile",
        "welch, cuped", "welch, combined over 2 phases",
    ]  # fmt: skip
    # And no other is chosen: those of strata are told by the names of one comparison.
    assert set(stratified.NAMES) == {"stratified score", "stratified binomial"}


BULLETS = {
    "score": "Shares:", "conditional binomial": "Rare shares, equality:",
    "unconditional exact": "Rare shares, margin:",
    "skewness-corrected score": "Few events in variants of different sizes:",
    "welch": "Means:", "delta": "Ratios:", "quantile": "Quantiles:", "cuped": "Adjustment:",
    "skewness-corrected welch": "Skewed values in variants of different sizes:",
    "skewness-corrected delta": "Skewed values in variants of different sizes:",
    "combined over 2 phases": "Ramps, combined over phases:",
}  # fmt: skip


@pytest.mark.parametrize("name", all_names())
def test_every_method_that_is_named_is_explained(name):
    """Of each part of a name, what it is; of what was not used, nothing."""
    memo = examples.memo_of(examples.launch())
    findings = tuple(
        replace(finding, effect=replace(finding.effect, method=name)) for finding in memo.findings
    )
    text = dict(templates().render_sections(replace(memo, findings=findings)))["method"]
    parts = name.split(", ")
    used = {BULLETS[part] for part in parts} | {
        bullet for part, bullet in BULLETS.items() if any(part in one for one in parts)
    }
    assert {bullet for bullet in BULLETS.values() if f"- {bullet}" in text} == used


@pytest.mark.parametrize(
    ("part", "bullet"),
    [
        ("posteriors", "Posterior probabilities:"),
        ("days", "Effect by day:"),
        ("segments", "Segments:"),
        ("power", "Power:"),
    ],
)
def test_what_a_memo_shows_beside_the_verdict_is_explained(part, bullet):
    memo = examples.memo_of(example_full.full())
    shown = dict(templates().render_sections(memo))["method"]
    without = dict(templates().render_sections(replace(memo, **{part: ()})))["method"]
    assert f"- {bullet}" in shown
    assert f"- {bullet}" not in without


@pytest.mark.parametrize(
    ("details", "told"),
    [
        (
            {"metric_type": "quantile", "quantile_level": 0.95, "quantile_of": "events"},
            "| quantile 0.95 of events |",
        ),
        (
            {"metric_type": "retention", "from_text": "7 days", "to_text": "14 days"},
            "| retention from 7 days to 14 days after exposure |",
        ),
        ({"threshold": 3.0}, "| proportion of units whose total is at least 3 |"),
        (
            {"metric_type": "funnel", "steps": "step = 'cart' > step = 'paid' of fct_paid"},
            "| steps in this order: step = 'cart' &gt; step = 'paid' of fct_paid |",
        ),
        ({"by_column": "country"}, "; sliced by country |"),
        ({"missing": "zero"}, "; units without a value count as 0 |"),
    ],
)
def test_a_definition_says_what_is_measured(details, told):
    memo = examples.memo_of(examples.launch())
    (use, *others) = memo.metrics
    kind = {"metric_type": details.pop("metric_type", use.metric_type)}
    changed = replace(use, definition=replace(use.definition, **kind, **details), **kind)
    memo = replace(memo, metrics=(changed, *others))
    text = dict(templates().render_sections(memo))["method"]
    (row,) = [line for line in text.splitlines() if line.startswith(f"| {use.metric} | ")]
    assert told in row


@pytest.mark.parametrize("rate", [0.001, 0.2])
def test_the_method_names_the_error_rate_of_a_rollback(rate):
    memo = examples.memo_of(examples.launch())
    memo = replace(memo, experiment=replace(memo.experiment, alpha_harm=rate))
    text = dict(templates().render_sections(memo))["method"]
    assert f"| Error rate of a rollback, one-sided | {rate:g} over all success metrics" in text
    assert "| Of it for a launch, one-sided | 0.025 over" in text


def test_no_two_rows_of_the_appendix_are_of_the_same_name():
    """Moments of mature units stand beside those of all, so each says which it is."""
    text = dict(templates().render_sections(examples.memo_of(example_full.full())))["appendix"]
    moments = text.partition("Sums are of squared")[2]
    rows = [line.split(" | ")[:3] for line in moments.splitlines() if line.startswith("| ordered")]
    assert len(rows) == 6
    assert len({tuple(row) for row in rows}) == len(rows)
    assert {row[2] for row in rows} == {"mature", "all"}
