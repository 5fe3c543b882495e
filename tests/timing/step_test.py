import keras
import pytest

from byola_keras.models.norm_stats import NormStats
from byola_keras.timing import step
from byola_keras.timing.step import forward_flops, step_flops
from byola_keras.timing.turns import Timings
from byola_keras.training.build_model import build_model
from tests.factories import tiny_byol, tiny_encoder


def test_flops_of_the_full_model():
    """By hand for one clip: convolutions 3.54 and 56.6, perceptron 151, heads 13.6 and 2.1 million."""
    model = build_model(NormStats(-8.0, 4.0, 0), 15200)
    encoder = 96 * 64 * 9 * 64 + 48 * 32 * 64 * 64 * 9 + 24 * (1024 * 2048 + 2048 * 2048)
    projector, predictor = 3072 * 4096 + 4096 * 256, 256 * 4096 + 4096 * 256
    online, target = encoder + projector + predictor, encoder + projector
    assert step_flops(model, 1) == pytest.approx(2 * 2 * (3 * online + target))
    assert step_flops(model, 64) == pytest.approx(231.8e9, rel=1e-3)


def test_share_of_the_machines_own_rate(monkeypatch, tmp_path):
    """A step that takes a quarter of a matrix product's time for a hundredth of its work reaches 4 %."""
    seconds = {"matmul": (4.0, 8.0), "step": (1.0, 4.0), "frontend": (0.1, 0.1), "augment": (0.2, 0.2)}

    def timed(functions, rounds, uncounted):
        timings = {name: Timings() for name in functions}
        assert {name for _, name in functions} == seconds.keys()
        for precision, name in functions:
            faster = 2.0 if (precision, name) == ("mixed_bfloat16", "step") else 1.0
            timing = timings[precision, name]
            timing.wall, timing.cpu = ([each / faster] * rounds for each in seconds[name])
        return timings

    model = tiny_byol(samples=15200)
    model.compile("sgd")
    built = []
    monkeypatch.setattr(
        step, "build_model", lambda stats, length, recipe, jit: built.append(recipe.precision) or model
    )
    monkeypatch.setattr(step, "time_in_turns", timed)
    monkeypatch.setattr(step, "step_flops", lambda *a: step._MATMUL_FLOPS / 100)
    figures = step.time_step(batch_size=8, rounds=3, trace_dir=str(tmp_path))
    assert figures["matmul_share"] == pytest.approx(0.04)
    assert figures["matmul_share_of_cpu_seconds"] == pytest.approx(0.02)
    assert figures["clips_per_second"] == 8 and figures["cpu_seconds_per_step"] == 4
    assert figures["frontend_and_augment_share"] == pytest.approx(0.3)
    assert 0.1 < figures["peak_gib_of_main_memory"] < 100
    # The files that TensorBoard's profile plugin looks for.
    (profile,) = tmp_path.glob("plugins/profile/*/*.xplane.pb")
    assert b"Conv2D" in profile.read_bytes()
    both = step.time_step(batch_size=8, rounds=3, precisions=("float32", "mixed_bfloat16"))
    assert both["float32_matmul_share"] == figures["matmul_share"]
    assert both["mixed_bfloat16_step_seconds"] == 0.5 and both["mixed_bfloat16_over_float32"] == 2
    assert built == ["float32", "float32", "mixed_bfloat16"]


def test_flops_without_a_predictor_and_of_another_log_mel():
    model = tiny_byol(use_predictor=False)
    encoder = 24 * 16 * 9 * 4 + 12 * 8 * 4 * 4 * 9 + 6 * (16 * 16 + 16 * 16)
    projector = 32 * 32 + 32 * 8
    assert step_flops(model, 3, frames=24, n_mels=16) == 3 * 2 * 2 * 4 * (encoder + projector)


def test_flops_of_any_layers():
    encoder = tiny_encoder(conv_blocks=3, features="global", mlp_units=(5,))
    encoder.build((None, None, 16))
    expected = 16 * 16 * 9 * 4 + 8 * 8 * 9 * 16 + 4 * 4 * 9 * 16 + 2 * 8 * 5
    assert forward_flops(encoder, [1, 16, 16]) == 2 * expected
    model = keras.Sequential(
        [
            keras.layers.Conv2D(6, 3, strides=2, padding="same"),
            keras.layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2),
            keras.layers.Reshape((16, 12)),
            keras.layers.Dense(5),
        ]
    )
    model.build((None, 8, 8, 2))
    assert forward_flops(model, [1, 8, 8, 2]) == 2 * (16 * 6 * 18 + 16 * 12 * 9 + 16 * 12 * 5)
