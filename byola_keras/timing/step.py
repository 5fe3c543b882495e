"""Measures how fast a training step is, also as a share of what the machine can do."""

import math
import os
from collections.abc import Sequence

import keras
import tensorflow as tf

from byola_keras.memory import peak_memory
from byola_keras.models.norm_stats import NormStats
from byola_keras.timing.turns import median_ratio, time_in_turns
from byola_keras.training.build_model import build_model
from byola_keras.training.precision import resolved
from byola_keras.training.recipe import Recipe

CROP_LENGTH = 15_200
_MATMUL_SIZE = 2048
_MATMUL_REPEATS = 8
_TRACED_STEPS = 3
_MATMUL_FLOPS = 2.0 * _MATMUL_SIZE**3 * _MATMUL_REPEATS


def time_step(
    batch_size: int,
    rounds: int,
    jit_compile: bool = False,
    trace_dir: str | None = None,
    precisions: Sequence[str] = ("float32",),
) -> dict:
    """Times the training step, its front end, its augmentation, and a matrix product, in turns.

    Args:
        batch_size: number of clips in a step.
        rounds: how often each is timed, after two rounds that are not counted.
        jit_compile: whether XLA compiles the forward and backward pass.
        trace_dir: folder that gets a profile of some more steps, which TensorBoard shows; None for none. Of
            several precisions each gets a folder in it.
        precisions: of the networks, see `Recipe`; the matrix product is of the type that they compute in.

    Returns:
        JSON values by name: medians of seconds, the share of the machine's own rate of matrix products that
        the step reaches ("matmul_share"), and the peak of memory up to the last step in GiB, of main memory
        and of each GPU, of all precisions together. With several precisions, the names of what differs begin
        with the precision, and "..._over_..." says how many times as fast as the first each is.
    """
    timed = {resolved(each): _Timed(batch_size, jit_compile, resolved(each)) for each in precisions}
    functions = {
        (precision, name): function
        for precision, each in timed.items()
        for name, function in each.functions.items()
    }
    timings = time_in_turns(functions, rounds, uncounted=2)
    memory = peak_memory()
    several = len(timed) > 1
    figures = {"batch_size": batch_size, "precision": ",".join(timed), "rounds": rounds}
    for precision, each in timed.items():
        if trace_dir is not None:
            _trace(each.functions["step"], os.path.join(trace_dir, precision) if several else trace_dir)
        of_precision = each.figures({name: timings[precision, name] for name in each.functions})
        figures |= {f"{precision}_{name}" if several else name: of_precision[name] for name in of_precision}
    return (
        figures
        | _ratios({precision: timings[precision, "step"] for precision in timed})
        | {f"peak_gib_of_{name.replace(' ', '_')}": gib for name, gib in memory.items()}
    )


class _Timed:
    """What is timed of one precision."""

    def __init__(self, batch_size, jit_compile, precision):
        recipe = Recipe(precision=precision)
        model = build_model(NormStats(-8.0, 4.0, 0), CROP_LENGTH, recipe, jit_compile)
        waveforms = tf.random.normal([batch_size, CROP_LENGTH], stddev=0.1)
        square = tf.random.normal([_MATMUL_SIZE, _MATMUL_SIZE])
        square = tf.cast(square, keras.dtype_policies.get(precision).compute_dtype)
        log_mel = model.normalized_log_mel(waveforms)
        self.functions = {
            "matmul": tf.function(lambda: _products(square)),
            "step": tf.function(lambda: model.train_step(waveforms)["loss"]),
            "frontend": tf.function(lambda: model.normalized_log_mel(waveforms)),
            "augment": tf.function(lambda: model.augmentation(log_mel)),
        }
        self._batch_size = batch_size
        self._flops = step_flops(model, batch_size, *log_mel.shape[1:])

    def figures(self, timings):
        """JSON values by name, of the timings of the functions."""
        seconds = {name: timing.medians()[0] for name, timing in timings.items()}
        step, matmul = timings["step"], timings["matmul"]
        work = self._flops / _MATMUL_FLOPS
        return {
            "clips_per_second": self._batch_size / seconds["step"],
            "step_seconds": seconds["step"],
            "cpu_seconds_per_step": step.medians()[1],
            "step_gflop": self._flops / 1e9,
            "matmul_gflop_per_second": _MATMUL_FLOPS / seconds["matmul"] / 1e9,
            "matmul_share": work * median_ratio(matmul.wall, step.wall),
            "matmul_share_of_cpu_seconds": work * median_ratio(matmul.cpu, step.cpu),
            "frontend_seconds": seconds["frontend"],
            "augment_seconds": seconds["augment"],
            "frontend_and_augment_share": (seconds["frontend"] + seconds["augment"]) / seconds["step"],
        }


def _ratios(steps):
    """How many times as fast as the step of the first precision those of the others are."""
    (first, slow), *others = steps.items()
    figures = {}
    for name, fast in others:
        figures[f"{name}_over_{first}"] = median_ratio(slow.wall, fast.wall)
        figures[f"{name}_over_{first}_by_cpu"] = median_ratio(slow.cpu, fast.cpu)
    return figures


def _trace(step, folder):
    """Writes a profile of some steps that were traced before, for TensorBoard's profile plugin."""
    with tf.profiler.experimental.Profile(folder):
        for number in range(_TRACED_STEPS):
            with tf.profiler.experimental.Trace("step", step_num=number, _r=1):
                step().numpy()


def step_flops(model, batch_size: int, frames: int = 96, n_mels: int = 64) -> float:
    """Counts the floating-point operations of a training step, two for each multiply-add.

    A forward and backward pass counts as three forward passes. The online network does both, the target
    network a forward pass, each for two views.

    Args:
        model: a built `BYOL`, with any encoder.
        batch_size: number of clips in a step.
        frames: number of frames of the log-mel.
        n_mels: number of mel bins of the log-mel.
    """
    encoder = forward_flops(model.encoder, [1, frames, n_mels])
    scene = model.encoder.compute_output_shape((1, frames, n_mels))["scene"]
    projector = forward_flops(model.projector, scene)
    projection = model.projector.compute_output_shape(scene)
    predictor = forward_flops(model.predictor, projection) if model.use_predictor else 0.0
    online, target = encoder + projector + predictor, encoder + projector
    return batch_size * 2 * (3 * online + target)


def forward_flops(network, shape) -> float:
    """Counts the operations of a forward pass in the network's graph, whatever layers it is made of.

    Two-dimensional convolutions and dense layers count, two operations for each multiply-add. All the rest
    is left out: it is small in convolutional networks, but not in those with attention or recurrent layers.

    Args:
        network: a built model or layer.
        shape: shape of its float32 input, without unknown sizes.
    """
    return sum(2.0 * multiply_adds(operation) for operation in product_operations(network, shape))


def product_operations(network, shape) -> list[tf.Operation]:
    """The convolutions and matrix products of a forward pass in the network's graph."""
    function = tf.function(lambda x: network(x, training=False))
    graph = function.get_concrete_function(tf.TensorSpec(shape, tf.float32)).graph
    return [operation for operation in graph.get_operations() if multiply_adds(operation)]


def multiply_adds(operation: tf.Operation) -> int:
    """The size of the output, times the number of products that are summed for each of its values."""
    match operation.type:
        case "Conv2D":
            summed = math.prod(operation.inputs[1].shape[:3])
        case "DepthwiseConv2dNative":
            summed = math.prod(operation.inputs[1].shape[:2])
        case "MatMul":
            summed = operation.inputs[0].shape[0 if operation.get_attr("transpose_a") else 1]
        case _:
            return 0
    return summed * operation.outputs[0].shape.num_elements()


def _products(square):
    result = square
    for _ in range(_MATMUL_REPEATS):
        result = tf.matmul(result, square) * (1.0 / _MATMUL_SIZE)
    return result[0, 0]
