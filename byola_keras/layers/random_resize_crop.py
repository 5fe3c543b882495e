"""Random resize crop: a random rectangle of the spectrogram, resized to the full size."""

import keras
import tensorflow as tf

from byola_keras.layers.bicubic import resize_table
from byola_keras.layers.float32_layer import Float32Layer
from byola_keras.layers.random_layer import RandomLayer, fold_in, uniform_per_clip


@keras.saving.register_keras_serializable(package="byola_keras")
class RandomResizeCrop(Float32Layer, RandomLayer):
    """Cuts a random rectangle out of each log-mel spectrogram and resizes it to the input's size.

    An approximation of pitch shift and time stretch. The spectrogram is put in the middle of a
    larger canvas of zeros (the mean level of a normalised log-mel), the crop is taken from the
    canvas and resized by bicubic interpolation (a = -0.75, corners aligned, the crop's own edge
    values beyond its edges). In training each clip draws its own crop; in inference the input
    passes unchanged.

    Args:
        virtual_crop_scale: (freq, time) floats >= 1, size of the canvas over that of the input.
        freq_scale: (lowest, highest) height of the crop over the number of mels; clipped to the canvas.
        time_scale: (lowest, highest) width of the crop over the number of frames; clipped to the canvas.
        seed: Integer or None.

    Input shape:
        [batch, T, F] normalised log-mel; T and F static.

    Output shape:
        Same as the input.

    Reference:
        https://arxiv.org/abs/2204.07402, Section III-A2, equations 3 and 4, Fig. 5; the ranges are those of
        Section IV-B2, the coefficient of the interpolation that of the authors' code.
    """

    def __init__(
        self,
        virtual_crop_scale=(1.0, 1.5),
        freq_scale=(0.6, 1.5),
        time_scale=(0.6, 1.5),
        seed=None,
        **kwargs,
    ):
        super().__init__(seed=seed, **kwargs)
        if min(virtual_crop_scale) < 1:
            raise ValueError(
                "`virtual_crop_scale` must be (freq, time) of at least 1 each. "
                f"Received: virtual_crop_scale={virtual_crop_scale}"
            )
        for name, (low, high) in (("freq_scale", freq_scale), ("time_scale", time_scale)):
            if not 0 < low <= high:
                raise ValueError(
                    f"`{name}` must be (lowest, highest) with 0 < lowest <= highest. "
                    f"Received: {name}={(low, high)}"
                )
        self.virtual_crop_scale = tuple(virtual_crop_scale)
        self.freq_scale = tuple(freq_scale)
        self.time_scale = tuple(time_scale)

    def build(self, input_shape):
        super().build(input_shape)
        if None in input_shape[1:]:
            raise ValueError(
                "`RandomResizeCrop` needs a static time and mel axis. "
                f"Received: input_shape={tuple(input_shape)}"
            )

    def augment(self, x, seed):
        batch_size = tf.shape(x)[0]

        def draw(site, low, high):
            return uniform_per_clip(fold_in(seed, site), batch_size, low, high)

        def rectangle_side(site, scale, length, canvas_length):
            size = tf.cast(draw(site, *scale) * length, tf.int32)
            size = tf.clip_by_value(size, 1, canvas_length)
            last_start = canvas_length - size
            # Uniform over the integers 0..last_start, both included.
            start = tf.cast(draw(site + 1, 0.0, 1.0) * tf.cast(last_start + 1, tf.float32), tf.int32)
            return tf.minimum(start, last_start), size

        frames, mels, canvas_frames, canvas_mels = self._sizes(x)
        freq = rectangle_side(0, self.freq_scale, mels, canvas_mels)
        time = rectangle_side(2, self.time_scale, frames, canvas_frames)
        return self.transform(x, *freq, *time)

    def transform(self, x, freq_start, freq_size, time_start, time_size):
        """Crops and resizes `x` by given rectangles of the canvas.

        Args:
            x: log-mel, [batch, T, F].
            freq_start: first mel of the crop on the canvas, int [batch].
            freq_size: mels of the crop, int [batch], at least 1.
            time_start: first frame of the crop on the canvas, int [batch].
            time_size: frames of the crop, int [batch], at least 1.

        Returns:
            The resized crops, [batch, T, F].
        """
        frames, mels, canvas_frames, canvas_mels = self._sizes(x)
        over_freq = _crop_matrices(freq_start, freq_size, mels, canvas_mels)
        over_time = _crop_matrices(time_start, time_size, frames, canvas_frames)
        return tf.matmul(over_time, tf.matmul(x, over_freq), transpose_a=True)

    def _sizes(self, x):
        """Frames and mels of the input, then of the canvas."""
        _, frames, mels = x.shape
        freq_factor, time_factor = self.virtual_crop_scale
        return frames, mels, int(frames * time_factor), int(mels * freq_factor)

    def get_config(self):
        return {
            **super().get_config(),
            "virtual_crop_scale": self.virtual_crop_scale,
            "freq_scale": self.freq_scale,
            "time_scale": self.time_scale,
        }


def _crop_matrices(start, size, length, canvas_length):
    """For each clip the matrix from its `length` values to the resized crop, [batch, length, length].

    The values lie in the middle of the canvas. The canvas is never made: its zeros are rows that the matrix
    leaves out.
    """
    # Positions computed in the graph lose precision (errors up to 9e-5): tables made in numpy.
    table = resize_table(canvas_length, length)
    start, size = tf.cast(start, tf.int32)[:, None], tf.cast(size, tf.int32)[:, None]
    rows = table.shape[1]
    offset = (canvas_length - length) // 2
    row = tf.range(offset, offset + length)[None, :] - start
    # Rows left of the crop take the zero row at the end of the table; rows right of it are zero.
    row = tf.where((row < 0) | (row >= rows), rows - 1, row)
    return tf.gather(table.reshape(-1, table.shape[2]), size * rows + row)
