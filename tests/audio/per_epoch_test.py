import numpy as np

from byola_keras.audio.per_epoch import PerEpoch


def test_arrays_are_functions_of_seed_stream_and_epoch():
    def drawn(seed, stream, epoch):
        return tuple(PerEpoch(lambda draws, epoch: draws.random(3), seed, stream)(epoch))

    assert drawn(1, 0, 5) == drawn(1, 0, 5)
    assert len({drawn(1, 0, 5), drawn(2, 0, 5), drawn(1, 1, 5), drawn(1, 0, 6)}) == 4


def test_two_epochs_are_kept():
    """Parallel readers go on in an epoch when others have begun the next."""
    made = []
    arrays = PerEpoch(lambda draws, epoch: made.append(0) or draws.random(3), seed=0, stream=0)
    first = arrays(0)
    for epoch in (1, 0, 1, 0):
        arrays(epoch)
    assert len(made) == 2
    arrays(2), arrays(1)
    assert len(made) == 3
    # The memory of older ones is given back; they are made again, and the same.
    np.testing.assert_array_equal(arrays(0), first)
    assert len(made) == 4
