"""How fast a training step can be at the most on some GPUs, by their datasheets. Nothing here is measured."""

from typing import NamedTuple

from byola_keras.corpus.published_sets import AUDIOSET_CLIPS
from byola_keras.models.norm_stats import NormStats
from byola_keras.timing.step import CROP_LENGTH, product_operations, step_flops
from byola_keras.training.build_model import build_model

_EPOCHS = 100
# Bytes of a value of the networks, by how products are computed.
_VALUE_BYTES = {"bfloat16": 2, "tf32": 4, "float32": 4}


class Accelerator(NamedTuple):
    """What a datasheet promises: dense products in TFLOP/s by their kind, and GB/s of memory."""

    tflops: dict[str, float]
    gigabytes_per_second: float


ACCELERATORS = {
    "a100_80gb": Accelerator({"bfloat16": 312.0, "tf32": 156.0, "float32": 19.5}, 2039.0),
    "h100_sxm": Accelerator({"bfloat16": 989.0, "tf32": 494.0, "float32": 67.0}, 3350.0),
}


class Passes(NamedTuple):
    """How often the values that go into and come out of a product are read or written.

    What lies between two products (bias, batch normalisation, ReLU, pooling, dropout) is taken as fused into
    as few passes as batch statistics allow.
    """

    into: int
    out_of: int


# Into: written by what is before, read by the product. Out of: written, read for the statistics of the batch,
# read to be normalised.
_FORWARD = Passes(2, 3)
# Into: its gradient is written, and read twice (for sums over the batch, and to be passed on); it is read
# itself for the gradient of the kernel. Out of: read twice beside the former; its gradient is written, and
# read for the gradients of kernel and input.
_BACKWARD = Passes(4, 5)
# float32 passes over each weight: two views write and add gradients; Adam reads weight, gradient and two
# slots, and writes three of them; the moving average reads two and writes one.
_WEIGHT_PASSES = 12


def roofline(batch_size: int) -> dict[str, float]:
    """Computes the least time of a full-size step, by products and by memory, on one GPU.

    Returns:
        JSON values by name: operations and bytes of a step, and for each GPU and kind of product the
        milliseconds that products and memory take, each at the datasheet's peak. The bound is the larger of
        the two; no step is faster, and a real one reaches a part of it.
    """
    model = build_model(NormStats(-8.0, 4.0, 0), CROP_LENGTH)
    flops = step_flops(model, batch_size)
    figures = {"batch_size": batch_size, "step_gflop": flops / 1e9}
    for kind, value_bytes in _VALUE_BYTES.items():
        figures[f"step_gigabytes_{kind}"] = step_bytes(model, batch_size, value_bytes) / 1e9
    for name, accelerator in ACCELERATORS.items():
        for kind, tflops in accelerator.tflops.items():
            products = flops / tflops / 1e9
            memory = 1000 * figures[f"step_gigabytes_{kind}"] / accelerator.gigabytes_per_second
            clips_per_second = 1000 * batch_size / max(products, memory)
            figures |= {
                f"{name}_{kind}_products_milliseconds": products,
                f"{name}_{kind}_memory_milliseconds": memory,
                f"{name}_{kind}_clips_per_second_bound": clips_per_second,
                f"{name}_{kind}_audioset_hours_bound": _EPOCHS * AUDIOSET_CLIPS / clips_per_second / 3600,
            }
    return figures


def step_bytes(model, batch_size: int, value_bytes: int, frames: int = 96, n_mels: int = 64) -> float:
    """Counts the bytes that a training step reads and writes at the least, caches left aside.

    Args:
        model: a built `BYOL` of full size, with batch normalisation after most products.
        batch_size: number of clips in a step.
        value_bytes: bytes of a value of the networks.
        frames: number of frames of the log-mel.
        n_mels: number of mel bins of the log-mel.
    """
    scene = model.encoder.compute_output_shape((1, frames, n_mels))["scene"]
    projection = model.projector.compute_output_shape(scene)
    target = [(model.encoder, [1, frames, n_mels]), (model.projector, scene)]
    online = [*target, (model.predictor, projection)] if model.use_predictor else target
    values = sum(
        _moved(network, shape, passes)
        for networks, all_passes in ((online, (_FORWARD, _BACKWARD)), (target, (_FORWARD,)))
        for network, shape in networks
        for passes in all_passes
    )
    weights = sum(weight.shape.num_elements() for weight in model.trainable_variables)
    sound = _bytes_of_sound(model.frontend, frames, n_mels)
    return batch_size * (2 * values * value_bytes + sound) + 4 * _WEIGHT_PASSES * weights


def _moved(network, shape, passes):
    return sum(
        passes.into * operation.inputs[0].shape.num_elements()
        + passes.out_of * operation.outputs[0].shape.num_elements()
        for operation in product_operations(network, shape)
    )


def _bytes_of_sound(frontend, frames, n_mels):
    """float32 log-mel and augmentation of a clip: windowed frames, their complex spectra, and two views."""
    spectra = frames * (frontend.n_fft + 2 * (frontend.n_fft // 2 + 1))
    canvas = frames * 3 // 2
    # Of each view: the past clip, the canvas, both matrices of the resize, what lies between, and the view.
    view = 2 * frames * n_mels + 2 * canvas * n_mels + canvas * frames + n_mels * n_mels
    return 4 * 2 * (spectra + 2 * view)
