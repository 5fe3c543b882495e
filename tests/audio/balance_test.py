import collections

import numpy as np
import pytest

from byola_keras.audio.balance import Balance, Order

# 60, 30, 9 and 1 clips in folders, the smallest directly in the folder that all share.
NAMES = [
    *(f"music/album_{n % 2}/{n}.wav" for n in range(60)),
    *(f"speech/{n}.wav" for n in range(30)),
    *(f"effects/game/{n}.wav" for n in range(9)),
    "noise.wav",
]
SIZES = {"": 1, "effects": 9, "music": 60, "speech": 30}


def order(strength, depth=1, seed=0, names=NAMES):
    return Order(len(names), lambda: names, Balance(strength, depth), seed)


def folder_counts(clips):
    counts = collections.Counter(NAMES[clip].rpartition("/")[0].split("/")[0] for clip in clips)
    return np.array([counts[folder] for folder in SIZES])


@pytest.mark.parametrize("strength", [0.3, 0.5, 1.0])
def test_folders_have_their_shares_and_an_epoch_its_length(strength):
    balanced = order(strength)
    sizes = np.array(list(SIZES.values()))
    expected = sizes ** (1 - strength) / np.sum(sizes ** (1 - strength))
    np.testing.assert_allclose(balanced.shares, expected, rtol=1e-12)
    seen = []
    for epoch in range(50):
        clips = balanced(epoch)
        assert len(clips) == 100
        assert np.all(np.abs(folder_counts(clips) - 100 * expected) < 2)
        seen.extend(clips)
    assert np.all(np.abs(folder_counts(seen) - len(seen) * expected) <= 1)


def test_within_a_folder_no_clip_is_ahead_of_another():
    balanced, visits = order(0.5), np.zeros(100, int)
    for epoch in range(20):
        np.add.at(visits, balanced(epoch), 1)
        for first, last in ((0, 60), (60, 90), (90, 99)):
            assert np.ptp(visits[first:last]) <= 1
    assert visits[:60].max() < visits[90:99].min()


def test_is_a_function_of_seed_and_epoch():
    first = [order(0.5, seed=1)(epoch) for epoch in (4, 5)]
    np.testing.assert_array_equal(order(0.5, seed=1)(5), first[1])
    assert not np.array_equal(*first)
    assert not np.array_equal(order(0.5, seed=2)(5), first[1])


def test_without_balance_names_are_not_asked_for_and_the_order_is_that_of_old():
    plain = Order(5, lambda: pytest.fail("asked"), seed=3)
    np.testing.assert_array_equal(plain(2), np.random.default_rng((3, 0, 2)).permutation(5))
    assert plain.probabilities() is None and str(plain) == ""


def test_depth_decides_what_a_folder_is():
    assert (order(1.0).folders, order(1.0, depth=2).folders) == (4, 5)
    told = "4 folders balanced by 1: the largest has 25.0 % of the crops in place of 60.0 %"
    assert told in str(order(1.0))
    with pytest.raises(ValueError, match="at least two folders.*balance_depth=1, at which all 9 lie in one"):
        order(0.5, names=[f"effects/{n % 3}/{n}.wav" for n in range(9)])


def test_any_sizes_and_strengths_keep_the_sum_and_never_go_back():
    draws = np.random.default_rng(0)
    for _ in range(30):
        sizes = draws.integers(1, 40, draws.integers(2, 30)) ** draws.integers(1, 3)
        names = [f"{folder}/{n}" for folder, size in enumerate(sizes) for n in range(size)]
        balanced = order(draws.choice([1e-6, 0.01, 0.5, 0.99, 1.0]), names=names)
        begins = np.array([balanced._visits_before(epoch) for epoch in range(30)])
        np.testing.assert_array_equal(begins.sum(1), np.arange(30) * len(names))
        assert np.diff(begins, axis=0).min() >= 0


def test_probabilities_are_those_of_the_visits():
    chances = order(0.5).probabilities()
    shares = np.sqrt([1, 9, 60, 30]) / np.sqrt([1, 9, 60, 30]).sum()
    np.testing.assert_allclose([chances[99], 9 * chances[90], 60 * chances[0], 30 * chances[60]], shares)
