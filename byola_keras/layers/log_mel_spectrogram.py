"""The front end: waveform to log-mel spectrogram."""

import keras
import numpy as np
import tensorflow as tf

from byola_keras.layers.float32_layer import Float32Layer
from byola_keras.layers.log_mel import log_mel, mel_power
from byola_keras.layers.mel_filterbank import mel_filterbank
from byola_keras.layers.waveforms import check_waveforms


@keras.saving.register_keras_serializable(package="byola_keras")
class LogMelSpectrogram(Float32Layer):
    """Log-mel spectrogram of waveforms, the front end of BYOL-A.

    Periodic Hann window, frames centred on multiples of `hop_length` with reflected edges, power
    spectrum, mel filters, natural logarithm of (mel + 1.19e-7). The result is the same in training
    and in inference, and is computed in float32 whatever the mixed-precision policy.

    `keras.layers.MelSpectrogram` is another transform: HTK scale, decibels, and a floor that
    depends on the loudest clip of the batch.

    Args:
        sample_rate: Integer, Hz.
        n_fft: Integer, FFT length in samples; a power of two, as LiteRT demands.
        win_length: Integer, window length in samples, at most `n_fft`.
        hop_length: Integer, samples between two frames.
        n_mels: Integer, number of mel bins.
        f_min: Float, lower edge of the first filter, Hz.
        f_max: Float, upper edge of the last filter, Hz.
        mel_scale: "slaney" or "htk".
        mel_norm: "slaney" (filters of equal area) or None (filters with a peak of 1).

    Input shape:
        [batch, samples] or, of a single clip, [samples]: mono, in [-1, 1]. At least one sample; less than
        `n_fft` is padded with zeros to `n_fft` first.

    Output shape:
        [batch, 1 + samples // hop_length, n_mels], natural logarithm of power; without the batch axis for a
        single clip.

    Call arguments:
        waveforms: Tensor of the input shape.
        lengths: int [batch] or None: samples that belong to each clip of a padded batch. The frames of a clip
            then are those of the clip alone, `frame_count(lengths)` of them; what follows means nothing.

    Example:

    >>> byola_keras.LogMelSpectrogram()(np.zeros((2, 15200), "float32")).shape
    TensorShape([2, 96, 64])

    Reference:
        Niizumi et al., https://arxiv.org/abs/2204.07402, Section III-A, for the log-mel spectrogram as input;
        the values of the arguments are those of the authors' code.
    """

    def __init__(
        self,
        sample_rate=16000,
        n_fft=1024,
        win_length=1024,
        hop_length=160,
        n_mels=64,
        f_min=60.0,
        f_max=7800.0,
        mel_scale="slaney",
        mel_norm="slaney",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.sample_rate = sample_rate
        self.n_fft = n_fft
        self.win_length = win_length
        self.hop_length = hop_length
        self.n_mels = n_mels
        self.f_min = f_min
        self.f_max = f_max
        self.mel_scale = mel_scale
        self.mel_norm = mel_norm
        self._validate()
        self.filters = mel_filterbank(sample_rate, n_fft, n_mels, f_min, f_max, mel_scale, mel_norm)
        self.window = _hann_window(win_length, n_fft)

    def _validate(self):
        for name in ("sample_rate", "n_fft", "win_length", "hop_length", "n_mels"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"`{name}` must be a positive integer. Received: {name}={value}")
        if self.n_fft & (self.n_fft - 1):
            raise ValueError(f"`n_fft` must be a power of two. Received: n_fft={self.n_fft}")
        if self.win_length > self.n_fft:
            raise ValueError(
                "`win_length` must be at most `n_fft`. "
                f"Received: win_length={self.win_length}, n_fft={self.n_fft}"
            )
        if not 0 <= self.f_min < self.f_max <= self.sample_rate / 2:
            raise ValueError(
                "`f_min` and `f_max` must satisfy 0 <= f_min < f_max <= sample_rate / 2. Received: "
                f"f_min={self.f_min}, f_max={self.f_max}, sample_rate={self.sample_rate}"
            )
        if self.mel_scale not in ("slaney", "htk"):
            raise ValueError(f"`mel_scale` must be 'slaney' or 'htk'. Received: mel_scale={self.mel_scale!r}")
        if self.mel_norm not in ("slaney", None):
            raise ValueError(f"`mel_norm` must be 'slaney' or None. Received: mel_norm={self.mel_norm!r}")

    def call(self, waveforms, lengths=None):
        check_waveforms(waveforms)
        if waveforms.shape.rank == 1:
            return self._apply(log_mel, waveforms[None], lengths)[0]
        return self._apply(log_mel, waveforms, lengths)

    def mel_power(self, waveforms):
        """Mel power before the logarithm, [batch, samples] to [batch, frames, n_mels]."""
        return self._apply(mel_power, waveforms, None)

    def _apply(self, function, waveforms, lengths):
        return function(waveforms, self.window, self.filters, self.hop_length, lengths)

    def frame_count(self, samples):
        """Frames of clips of so many samples: an integer, an array or a tensor of integers."""
        longest = tf.maximum if tf.is_tensor(samples) else np.maximum
        return 1 + longest(samples, self.n_fft) // self.hop_length

    def compute_output_shape(self, input_shape):
        *batch, samples = input_shape
        frames = None if samples is None else int(self.frame_count(samples))
        return (*batch, frames, self.n_mels)

    def get_config(self):
        return {
            **super().get_config(),
            "sample_rate": self.sample_rate,
            "n_fft": self.n_fft,
            "win_length": self.win_length,
            "hop_length": self.hop_length,
            "n_mels": self.n_mels,
            "f_min": self.f_min,
            "f_max": self.f_max,
            "mel_scale": self.mel_scale,
            "mel_norm": self.mel_norm,
        }


def _hann_window(win_length, n_fft):
    """A periodic Hann window in the middle of a frame, float32 [n_fft]."""
    with tf.init_scope():
        window = tf.signal.hann_window(win_length, periodic=True).numpy()
    left = (n_fft - win_length) // 2
    return np.pad(window, (left, n_fft - win_length - left))
