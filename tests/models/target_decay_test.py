import numpy as np
import pytest

from byola_keras.models.target_decay import TargetDecay


def test_share_of_the_online_network_keeps_its_digits():
    """In float32, 1 - 0.99 is off by 1e-6 of itself."""
    assert 1.0 - float(TargetDecay(0.99).at(0)) == 1.0 - 0.99
    assert TargetDecay(0.99).get_config() == 0.99


@pytest.mark.parametrize("value", [-0.01, 1.01, np.nan])
def test_what_is_no_share(value):
    with pytest.raises(ValueError, match="Received: target_decay="):
        TargetDecay(value)
