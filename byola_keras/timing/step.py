"""How fast a training step is, as a share of what the machine can do.

Everything is timed in turns within one run and reported as medians: on a shared machine only figures of the
same minutes compare.
"""

import statistics

import tensorflow as tf

from byola_keras.models.norm_stats import NormStats
from byola_keras.timing.turns import time_in_turns
from byola_keras.training.build_model import build_model

_CROP_LENGTH = 15_200
_MATMUL_SIZE = 2048
_MATMUL_REPEATS = 8


def step_flops(model, batch_size: int, frames: int = 96, mels: int = 64) -> float:
    """Floating-point operations of a training step, two a multiply-add.

    Convolutions and dense layers alone; a forward and backward pass is three forward passes; the online
    network does both, the target network a forward pass, each for two views.

    Args:
        model: a built `BYOL`.
        batch_size: clips.
        frames: of the log-mel.
        mels: of the log-mel.
    """
    encoder = 0
    for convolution in model.encoder.convolutions:
        encoder += convolution.kernel.shape.num_elements() * frames * mels
        frames, mels = frames // 2, mels // 2
    encoder += sum(layer.kernel.shape.num_elements() for layer in model.encoder.mlp) * frames
    head = _head_multiplications(model.projector)
    predictor = _head_multiplications(model.predictor) if model.use_predictor else 0
    online, target = encoder + head + predictor, encoder + head
    return 2.0 * batch_size * 2 * (3 * online + target)


def _head_multiplications(head):
    return head.hidden.kernel.shape.num_elements() + head.output_layer.kernel.shape.num_elements()


def benchmark_step(batch_size: int, rounds: int, jit_compile: bool = False) -> dict:
    """Times the training step, its front end, its augmentation, and a matrix product, in turns.

    Args:
        batch_size: clips.
        rounds: how often each is timed, after two rounds that are not counted.
        jit_compile: forward and backward pass by XLA.

    Returns:
        Medians and what follows from them, JSON values by name.
    """
    model = build_model(NormStats(-8.0, 4.0, 0), _CROP_LENGTH, jit_compile=jit_compile)
    waveforms = tf.random.normal([batch_size, _CROP_LENGTH], stddev=0.1)
    square = tf.random.normal([_MATMUL_SIZE, _MATMUL_SIZE])
    log_mel = model.normalized_log_mel(waveforms)
    functions = {
        "matmul": tf.function(lambda: _products(square)),
        "step": tf.function(lambda: model.train_step(waveforms)["loss"]),
        "frontend": tf.function(lambda: model.normalized_log_mel(waveforms)),
        "augment": tf.function(lambda: model.augmentation(log_mel)),
    }
    timings = time_in_turns(functions, rounds, uncounted=2)
    return _report(batch_size, rounds, step_flops(model, batch_size), timings)


def _products(square):
    result = square
    for _ in range(_MATMUL_REPEATS):
        result = tf.matmul(result, square) * (1.0 / _MATMUL_SIZE)
    return result[0, 0]


def _report(batch_size, rounds, flops, timings):
    seconds = {name: timing.medians()[0] for name, timing in timings.items()}
    cpu_seconds = {name: timing.medians()[1] for name, timing in timings.items()}
    matmul_flops = 2.0 * _MATMUL_SIZE**3 * _MATMUL_REPEATS
    # Round by round, so that a slower minute slows both sides of a ratio.
    shares = [
        (flops / step) / (matmul_flops / matmul)
        for step, matmul in zip(timings["step"].wall, timings["matmul"].wall, strict=True)
    ]
    cpu_shares = [
        (flops / step) / (matmul_flops / matmul)
        for step, matmul in zip(timings["step"].cpu, timings["matmul"].cpu, strict=True)
    ]
    return {
        "batch_size": batch_size,
        "rounds": rounds,
        "clips_per_second": batch_size / seconds["step"],
        "step_seconds": seconds["step"],
        "cpu_seconds_per_step": cpu_seconds["step"],
        "step_gflop": flops / 1e9,
        "matmul_gflop_per_second": matmul_flops / seconds["matmul"] / 1e9,
        "matmul_share": statistics.median(shares),
        "matmul_share_of_cpu_seconds": statistics.median(cpu_shares),
        "frontend_seconds": seconds["frontend"],
        "augment_seconds": seconds["augment"],
        "frontend_and_augment_share": (seconds["frontend"] + seconds["augment"]) / seconds["step"],
    }
