"""What a large validation costs once the moments have been read."""

import sys
import time
from pathlib import Path

import numpy as np
import pytest

from experimentos.rerandomise import Aim, Design, Effect, Kind, Metric, rerandomise

sys.path.insert(0, str(Path(__file__).parent))
from made import cells_of

UNITS, BUCKETS, DAYS, RUNS = 1_000_000, 4096, 28, 5000


@pytest.mark.bench
def test_ten_metrics_of_a_million_units_take_under_two_minutes_of_one_core():
    generator = np.random.default_rng(1)
    bucket, day = generator.integers(0, BUCKETS, UNITS), generator.integers(0, DAYS, UNITS)
    num = generator.lognormal(0, 1.5, UNITS) * (generator.random(UNITS) < 0.3)
    before, den = num + generator.lognormal(0, 1, UNITS), 1.0 + generator.poisson(2, UNITS)
    rate = cells_of(bucket, day, BUCKETS, num=(num > 1) * 1.0)
    mean = cells_of(bucket, day, BUCKETS, num=num, num_cov=before)
    ratio = cells_of(bucket, day, BUCKETS, num=num, den=den, num_cov=before, den_cov=den)
    design = Design("group_sequential", 0.05, np.array([6, 13, 20, 27]))
    kinds = [(Kind("proportion"), rate), (Kind("mean", has_covariate=True), mean)]
    kinds += [(Kind("ratio", has_covariate=True), ratio)]
    metrics = [
        Metric(f"m{i}", "success", *kinds[i % 3][:1], Aim(), kinds[i % 3][1], design,
               Effect(0.02, is_relative=True), 0.8)
        for i in range(10)
    ]  # fmt: skip
    before_run = time.process_time()
    rates = rerandomise(metrics, share=0.5, runs=RUNS, salt="bench")
    assert time.process_time() - before_run < 120
    assert len({rate.metric for rate in rates}) == 10
