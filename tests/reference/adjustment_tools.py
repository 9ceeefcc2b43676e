"""Entries of `validation.adjustment` from the numbers of other tools."""

from validation.entries import Reference, stored

from reference.adjustment_cases import two_arms


def _peer(cases, tool, case, theta, quantity, field, expected, why=""):
    kind = {"pooled": ", theta pooled over units", "within": ""}[theta]
    return Reference(
        "CUPED" + kind, quantity, cases[case] + ", two arms", tool, expected,
        lambda: two_arms(case, theta)[field], agrees=not why, why=why,
    )  # fmt: skip


def peer_entries(cases):
    """CUPED as other tools have it, on the same moments."""
    peers = stored("adjustment_peers")
    own = "our theta is from within arms, so that an effect does not enter it"
    entries = []
    for case, found in peers["tea_tasting"].items():
        tool = "tea-tasting 2.0"
        for quantity, field, name in (
            ("control mean", "mean_control", "control"),
            ("treatment mean", "mean_treatment", "treatment"),
            ("estimate", "estimate", "effect_size"),
            ("p-value", "p_value", "pvalue"),
            ("lower limit", "lower", "effect_size_ci_lower"),
            ("upper limit", "upper", "effect_size_ci_upper"),
            ("lift", "lift", "rel_effect_size"),
        ):
            entries.append(_peer(cases, tool, case, "pooled", quantity, field, found[name]))
        entries.append(
            _peer(cases, tool, case, "within", "estimate", "estimate", found["effect_size"], own)
        )
        why = (
            "Fieller, with the covariance that the common covariate mean brings; theirs is of logs"
        )
        name = "rel_effect_size_ci_lower"
        entries.append(
            _peer(
                cases,
                tool,
                case,
                "pooled",
                "lower limit of the lift",
                "lift_lower",
                found[name],
                why,
            )
        )
    for case, found in peers["gbstats"].items():
        tool, test = "gbstats 0.8", found["absolute"]
        entries += [
            _peer(cases, tool, case, "pooled", "theta", "theta", found["theta"]),
            _peer(cases, tool, case, "pooled", "estimate", "estimate", test["expected"]),
            _peer(cases, tool, case, "pooled", "p-value", "p_value", test["p_value"]),
            _peer(cases, tool, case, "pooled", "lower limit", "lower", test["ci"][0]),
            _peer(cases, tool, case, "pooled", "upper limit", "upper", test["ci"][1]),
            _peer(cases, tool, case, "within", "theta", "theta", found["theta"], own),
            _peer(
                cases, tool, case, "pooled", "lift", "lift", found["relative"]["expected"],
                "theirs divides by the control mean before adjustment, ours by the adjusted one",
            ),
        ]  # fmt: skip
    for case, found in peers["abkit"].items():
        mixed = (
            "theirs divides a covariance over n - 1 by a variance over n, an arm counting as one"
        )
        entries.append(
            _peer(
                cases,
                "ab-analysis-kit 0.8",
                case,
                "within",
                "theta",
                "theta",
                found["theta"],
                mixed,
            )
        )
    # 2 (1 - cdf) keeps the 16th decimal, not the 9th digit.
    return [
        one if one.source != "gbstats 0.8" or one.quantity != "p-value"
        else Reference(**(vars(one) | {"atol": 1e-15}))
        for one in entries
    ]  # fmt: skip
