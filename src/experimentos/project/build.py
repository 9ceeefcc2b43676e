"""``dbt build``, with the client step where the warehouse has no Python models."""

from collections.abc import Sequence

from experimentos.project.gateway import PACKAGE, Project
from experimentos.project.summary import BuildSummary

STORES = (
    "experimentos__effects_store",
    "experimentos__sample_ratio_store",
    "experimentos__ages_store",
    "experimentos__posteriors_store",
    "experimentos__power_store",
    "experimentos__values_store",
)
"""What the client step writes: tables that dbt owns and Python fills."""


def needs_client_step(project: Project) -> bool:
    """Tell whether statistics are computed here instead of by dbt Python models.

    Parameters
    ----------
    project : Project
        With the package installed.

    Returns
    -------
    bool
        True where the package has its stores: ``vars.experimentos.inference: client``, or a
        warehouse without Python models.
    """
    return project.has(STORES[0])


def build(project: Project, *, full: bool = False) -> BuildSummary:
    """Build the package's models from staging to decisions.

    Parameters
    ----------
    project : Project
        With the package installed.
    full : bool
        Build the whole project, not the package alone.

    Returns
    -------
    BuildSummary
        What ran, over all of dbt's runs.
    """
    project.check_versions()
    select = () if full else (f"package:{PACKAGE}",)
    if not needs_client_step(project):
        return project.build(select=select)
    after = _after_stores(project)
    before = project.build(select=select, exclude=after)
    estimate(project)
    return before + project.build(select=after)


def estimate(project: Project) -> None:
    """Read the inputs of inference, compute, and write the stores.

    Parameters
    ----------
    project : Project
        Whose stages 1 to 3 are built.
    """
    # SciPy takes a second to import, and most builds leave this step to dbt's Python models.
    from experimentos import tables  # noqa: PLC0415

    inputs = project.fetch_table("inference_inputs", tables.EFFECTS_INPUT)
    looks = project.fetch_table("past_looks", tables.LOOKS_INPUT)
    project.replace_rows(STORES[0], tables.effects(inputs, looks))
    counts = project.fetch_table("sample_ratio_inputs", tables.SAMPLE_RATIO_INPUT)
    project.replace_rows(STORES[1], tables.sample_ratio(counts))
    ages = project.fetch_table("age_inputs", tables.EFFECTS_BY_AGE_INPUT)
    project.replace_rows(STORES[2], tables.effects_by_age(ages))
    deciding = project.fetch_table("deciding_inputs", tables.DECIDING_INPUT)
    project.replace_rows(STORES[3], tables.posteriors(deciding))
    enrolment = project.fetch_table("enrolment", tables.ENROLMENT_INPUT)
    project.replace_rows(STORES[4], tables.power(deciding, enrolment))
    values = project.fetch_table("deciding_inputs", tables.VALUES_INPUT)
    project.replace_rows(STORES[5], tables.value_shares(values))


def _after_stores(project: Project) -> Sequence[str]:
    """Selectors of all that reads the stores, directly or not, tests included."""
    children = project.manifest.child_map
    store_ids = [project.node(store).unique_id for store in STORES]
    found: set[str] = set()
    waiting = list(store_ids)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    nodes = project.manifest.nodes
    return sorted(".".join(nodes[name].fqn) for name in found - set(store_ids) if name in nodes)
