"""The launch of `examples`, with all that a memo can show: days, ages, looks, segments, beliefs."""

from memo import examples
from memo.example_marts import (
    Marts,
    age_rows,
    bin_rows,
    day_rows,
    level_row,
    look_row,
    posterior_row,
)


def full() -> Marts:
    """A group sequential experiment at its last look."""
    marts = examples.launch()
    marts["experiments"][0] |= {"design": "group_sequential"}
    deciding = [row for row in marts["effects"] if row["used_for_decision"]]
    decided = [row for row in deciding if row["role"] != "explore"]
    ordered = [row for row in deciding if row["metric"] == "ordered"]
    marts["effects_by_age"] = [one for row in decided[:3] for one in age_rows(row)]
    marts["looks"] = [look for row in ordered for look in _looks(row)]
    marts["looks"] += [
        look_row(row, "noninferior", 4, 3.1, 2.02, "crossed")
        for row in deciding
        if row["metric"] == "page_load"
    ]
    marts["distributions"] = bin_rows(examples.LAUNCH, "revenue", {
        "control": (52000, 2100, 3300, 1900, 805),
        "one_page": (51400, 2300, 3500, 1950, 850),
        "two_step": (52100, 2050, 3250, 1850, 750),
    })  # fmt: skip
    marts["posteriors"] = [
        posterior_row(row, method="beta-binomial" if row["metric"] == "ordered" else "normal")
        for row in deciding
    ]
    levels = [
        level_row(row, *level)
        for row in ordered
        for level in (
            ("country", "DE", 0.5, 0.0004),
            ("country", "FR", 0.3, 0.21),
            ("platform", "(none)", 0.2, 0.62),
        )
    ]
    marts["effects"] += [one for row in decided for one in day_rows(row)] + levels
    # The marts have moments of mature units and of all: the same columns, other numbers.
    marts["moments"] += [
        row | {"basis": "all", "n_units": row["n_units"] + 900} for row in marts["moments"]
    ]
    for row in marts["moments"]:
        row |= {"mean_num_cov": 0.11 + 0.0001 * len(row["variant"]), "m2_num_cov": row["m2_num"]}
    return marts


def _looks(row: dict) -> list[dict]:
    shown = 1.0 if row["variant"] == "one_page" else 0.4
    path = [(1, 1.4, None), (2, 2.1, 2.96), (3, 3.2, 2.36), (4, 4.2, 2.01)]
    return [
        look_row(row, test, look, sign * shown * z, bound, _outcome(sign * shown * z, bound))
        for test, sign in (("superior", 1), ("harm", -1))
        for look, z, bound in path
    ]


def _outcome(statistic: float, bound: float | None) -> str:
    return "crossed" if bound is not None and statistic >= bound else "not crossed"


def texts() -> dict[str, str]:
    """Sections that only this example fills, by file name."""
    from experimentos.memo.render import render_sections

    sections = dict(render_sections(examples.memo_of(full())))
    names = ("effects", "monitoring", "by_day", "by_age", "segments", "posteriors", "health")
    return {f"full/{name}": sections[name] for name in names}
