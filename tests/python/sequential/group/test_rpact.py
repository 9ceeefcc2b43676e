import numpy as np
import pytest
from validation.group_sequential import R, compared


@pytest.mark.parametrize("index", range(len(R["designs"])), ids=lambda i: R["designs"][i]["name"])
def test_every_number_of_rpact_is_ours(index):
    for quantity, value, ours, tolerance in compared(index, R["designs"][index]):
        np.testing.assert_allclose(ours(), value, rtol=0, atol=tolerance, err_msg=quantity)
