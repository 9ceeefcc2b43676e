"""The promises of the statistical contract, by simulation: `make validate`.

Whole experiments are drawn, as moments of their mature units at every build. They go through the
entry that the dbt models call and the SQL of the decision policy, and each verdict is compared with
the truth it was drawn from.
"""
