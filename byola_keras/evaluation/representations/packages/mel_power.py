"""Mel power spectrograms as librosa makes them, for the models that were trained on those."""

import numpy as np
import tensorflow as tf

from byola_keras.layers.mel_filterbank import mel_filterbank


class MelPower:
    """Mel power of waveforms, as `librosa.feature.melspectrogram` gives it: Hann window, Slaney's mel scale.

    Args:
        sample_rate: Hz; the filters reach from 0 Hz to half of it.
        n_fft: samples of a frame and of its FFT.
        hop_length: samples between two frames.
        n_mels: number of mel filters.
        edges: what lies half a frame beyond each end of a clip: "reflect" (librosa before 0.9) or "constant"
            (zeros, librosa 0.9 and later).
    """

    def __init__(self, sample_rate: int, n_fft: int, hop_length: int, n_mels: int, edges: str):
        self.n_fft, self.hop_length, self.edges = n_fft, hop_length, edges
        self.filters = mel_filterbank(sample_rate, n_fft, n_mels, 0.0, sample_rate / 2)

    def __call__(self, waveforms: np.ndarray) -> np.ndarray:
        """float32 [batch, samples] -> float32 [batch, 1 + samples // hop_length, n_mels].

        Frame i is centred on sample i * hop_length. A clip that is too short to be reflected (half a frame or
        less) is filled with zeros to one sample more than half a frame.
        """
        half = self.n_fft // 2
        missing = max(0, half + 1 - waveforms.shape[1]) if self.edges == "reflect" else 0
        waveforms = np.pad(waveforms, [(0, 0), (0, missing)])
        edged = np.pad(waveforms, [(0, 0), (half, half)], mode=self.edges)
        spectrum = tf.signal.stft(edged, self.n_fft, self.hop_length, self.n_fft)
        return (tf.square(tf.abs(spectrum)) @ self.filters).numpy()
