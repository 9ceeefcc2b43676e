"""Write `multiplicity_peers.json`: corrections by tea-tasting and ab-analysis-kit.

Run as ``python multiplicity_peers.py`` with a Python that has tea-tasting 2.0 and ab-analysis-kit
0.8. Both get the p-values that `multiplicity.R` has put into `multiplicity.json`.
"""

import json
from pathlib import Path

HERE = Path(__file__).parent
CASES = ("thrombolysis (Benjamini and Hochberg 1995)", "down to 1e-300")


def tea_tasting(p):
    from tea_tasting.experiment import ExperimentResult
    from tea_tasting.multiplicity import adjust_fdr, adjust_fwer

    given = ExperimentResult({str(i): {"pvalue": value} for i, value in enumerate(p)})

    def of(found):
        metrics = next(iter(found.values()))
        rows = [metrics[str(i)] for i in range(len(p))]
        return {name: [float(row[name]) for row in rows] for name in ("pvalue_adj", "alpha_adj")}

    bonferroni = {"alpha": 0.05, "method": "bonferroni"}
    return {
        "BH": of(adjust_fdr(given, alpha=0.05)),
        "BY": of(adjust_fdr(given, alpha=0.05, arbitrary_dependence=True)),
        "hochberg": of(adjust_fwer(given, **bonferroni)),
        "holm": of(adjust_fwer(given, arbitrary_dependence=True, **bonferroni)),
        "default": of(adjust_fwer(given, alpha=0.05)),
    }


def ab_analysis_kit(p):
    from abkit.stats.correction import benjamini_hochberg, holm_adjusted

    return {"BH": list(benjamini_hochberg(p)), "holm": list(holm_adjusted(p))}


def main():
    stored = json.loads((HERE / "multiplicity.json").read_text(encoding="utf-8"))["p_adjust"]
    found = {
        case: {"tea-tasting": tea_tasting(p), "ab-analysis-kit": ab_analysis_kit(p)}
        for case in CASES
        for p in [stored[case]["p"]]
    }
    text = json.dumps(found, indent=1) + "\n"
    (HERE / "multiplicity_peers.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
