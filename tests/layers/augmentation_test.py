import numpy as np

import byola_keras
from tests.factories import tiny_augmentation
from tests.test_case import run_layer_test


def log_mel(batch=4, seed=0):
    return np.random.default_rng(seed).normal(size=(batch, 24, 16)).astype("float32")


def test_layer(tmp_path):
    x = log_mel()
    layer = tiny_augmentation()
    shape = x.shape
    run_layer_test(layer, x, tmp_path, (shape, shape))


def test_views_differ_and_share_their_statistics():
    views = [view.numpy() for view in tiny_augmentation()(log_mel(64))]
    assert np.abs(views[0] - views[1]).mean() > 0.1
    both = np.concatenate(views)
    np.testing.assert_allclose([both.mean(), both.std(ddof=1)], [0.0, 1.0], atol=1e-5)
    # Statistics of both together: each view alone is off.
    assert abs(views[0].mean()) > 1e-4


def test_draws_differ_by_clip_step_and_layer_but_not_by_run():
    first, second = tiny_augmentation(), tiny_augmentation()
    x = np.repeat(log_mel(1), 8, axis=0)
    step_one, step_two = first(x)[0].numpy(), first(x)[0].numpy()
    assert np.abs(step_one[0] - step_one[1]).max() > 1e-3
    assert np.abs(step_one - step_two).max() > 1e-3
    np.testing.assert_array_equal(second(x)[0], step_one)


def test_clean_clips_enter_the_memory_once_a_step():
    layer = tiny_augmentation()
    layer(log_mel(4, seed=1))
    layer(log_mel(4, seed=2))
    mixup = layer.layers[0]
    assert int(mixup.seen) == 8
    np.testing.assert_array_equal(mixup.memory.numpy()[:8], np.concatenate([log_mel(4, 1), log_mel(4, 2)]))


def test_preview_changes_no_state():
    layer = tiny_augmentation()
    layer(log_mel(4, seed=1))
    before = [weight.numpy() for weight in layer.weights]
    stages = layer.preview(log_mel(), seed=3)
    assert len(stages) == 4
    for old, weight in zip(before, layer.weights, strict=True):
        np.testing.assert_array_equal(old, weight)
    again = layer.preview(log_mel(), seed=3)
    np.testing.assert_array_equal(stages[-1][1], again[-1][1])
    assert np.abs(stages[-1][0] - stages[-1][1]).max() > 1e-2
    assert np.abs(stages[-1][0] - layer.preview(log_mel(), seed=4)[-1][0]).max() > 1e-2


def test_a_later_mixup_remembers_the_first_view():
    fader, mixup = byola_keras.RandomLinearFader(seed=1), byola_keras.LogMixupExp(memory_size=8, seed=1)
    byola_keras.Augmentation([fader, mixup])(log_mel())
    faded = byola_keras.Augmentation([byola_keras.RandomLinearFader(seed=1)])(log_mel())
    np.testing.assert_array_equal(mixup.memory.numpy()[:4], faded[0])
    assert np.abs(faded[0] - faded[1]).max() > 0.1
