"""Bicubic interpolation matrices in numpy, one for each size of a crop."""

import functools

import numpy as np

# Keys' cubic coefficient, as PyTorch's bicubic interpolation has it (TensorFlow's has -0.5).
_A = -0.75


def _cubic_weights(fraction: np.ndarray) -> list[np.ndarray]:
    """Weights of the four neighbours at distances 1 + t, t, 1 - t and 2 - t, float32."""

    def near(t):
        return ((_A + 2.0) * t - (_A + 3.0)) * t * t + 1.0

    def far(t):
        return ((_A * t - 5.0 * _A) * t + 8.0 * _A) * t - 4.0 * _A

    one = np.float32(1.0)
    weights = [far(fraction + one), near(fraction), near(one - fraction), far(2 * one - fraction)]
    return [weight.astype(np.float32) for weight in weights]


def resize_matrix(size: int, output_size: int) -> np.ndarray:
    """Matrix that resizes `size` values to `output_size`, corners aligned.

    Neighbours beyond the ends are the end values. No antialiasing.

    Returns:
        float32 [size, output_size]; an input row vector times it is the output.
    """
    # Float32 positions and weights, as in the original: its rounding is part of the reference.
    scale = np.float32((size - 1) / (output_size - 1)) if output_size > 1 else np.float32(0)
    position = np.arange(output_size, dtype=np.float32) * scale
    base = np.floor(position).astype(np.int64)
    matrix = np.zeros((size, output_size), np.float32)
    for offset, weight in zip(range(-1, 3), _cubic_weights(position - base.astype(np.float32)), strict=True):
        neighbour = np.clip(base + offset, 0, size - 1)
        np.add.at(matrix, (neighbour, np.arange(output_size)), weight)
    return matrix


@functools.lru_cache(maxsize=16)
def resize_table(max_size: int, output_size: int) -> np.ndarray:
    """All resize matrices for sizes up to `max_size`, padded with zero rows; made once and kept.

    Returns:
        Read-only float32 [max_size + 1, max_size + 1, output_size]: `table[size, :size]` is
        `resize_matrix(size, output_size)`; every other row, the last one always, is zero.
    """
    table = np.zeros((max_size + 1, max_size + 1, output_size), np.float32)
    for size in range(1, max_size + 1):
        table[size, :size] = resize_matrix(size, output_size)
    table.flags.writeable = False
    return table
