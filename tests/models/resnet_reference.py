"""A ResNet in NumPy, by the arithmetic of PyTorch's image networks: zeros on all sides, sizes round down."""

import numpy as np


def reference_stages(encoder, x):
    """Outputs of stem and stages of a `ResNetEncoder` in inference, each [batch, time, mel, channels].

    Only the weights are taken from the encoder, and the strides and numbers of blocks from the caller's
    tables below.
    """
    strides = _NARROW if encoder.narrow_receptive_field else _PLAIN
    x = _relu(_unit(encoder.stem, x[..., None], 7, strides[0]))
    outputs = [x]
    x = _windows(x, 3, strides[1], -np.inf).max((-1, -2))
    for number, blocks in enumerate(encoder.stages):
        assert len(blocks) == _BLOCKS[encoder.depth][number]
        for position, block in enumerate(blocks):
            first = number > 0 and position == 0
            x = _block(block, x, strides[number + 1] if first else (1, 1), encoder.depth)
        outputs.append(x)
    return outputs


# (time, frequency) of the stem, the pooling and the stages 2 to 4; the paper writes [frequency, time].
_PLAIN = ((2, 2), (2, 2), (2, 2), (2, 2), (2, 2))
_NARROW = ((1, 1), (2, 2), (2, 2), (2, 2), (2, 1))
_BLOCKS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3)}


def _block(block, x, stride, depth):
    sizes = ((3, stride), (3, (1, 1))) if depth == 18 else ((1, (1, 1)), (3, stride), (1, (1, 1)))
    y = x
    for number, (unit, (size, unit_stride)) in enumerate(zip(block.units, sizes, strict=True)):
        y = _unit(unit, y, size, unit_stride)
        y = y if number == len(sizes) - 1 else _relu(y)
    changes = stride != (1, 1) or x.shape[-1] != y.shape[-1]
    shortcut = _unit(block.shortcut, x, 1, stride) if changes else x
    return _relu(y + shortcut)


def _unit(unit, x, size, stride):
    kernel = unit.convolution.kernel.numpy().astype(np.float64)
    assert kernel.shape[:2] == (size, size)
    y = np.einsum("btfcij,ijcd->btfd", _windows(x, size, stride, 0.0), kernel, optimize=True)
    norm = unit.normalization
    mean, variance, gamma, beta = (
        weight.numpy() for weight in (norm.moving_mean, norm.moving_variance, norm.gamma, norm.beta)
    )
    return (y - mean) / np.sqrt(variance + 1e-5) * gamma + beta


def _windows(x, size, stride, fill):
    """[batch, time, mel, channels, size, size]."""
    padded = np.pad(x, [(0, 0), (size // 2,) * 2, (size // 2,) * 2, (0, 0)], constant_values=fill)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))
    return windows[:, :: stride[0], :: stride[1]]


def _relu(x):
    return np.maximum(x, 0.0)
