"""Log-mel spectrograms as plain functions of waveforms."""

import tensorflow as tf

# float32 machine epsilon, added to the mel power before the logarithm: silence is ln(eps) = -15.94.
LOG_OFFSET = 1.1920929e-07


def log_mel(waveforms, window, filters, hop_length, lengths=None):
    """Natural logarithm of the mel power of waveforms.

    Args:
        waveforms: float32 [batch, samples], at least one sample; what is shorter than the window is padded
            with zeros to the window's length.
        window: float32 [n_fft], the window of a frame.
        filters: float32 [n_fft // 2 + 1, n_mels], the mel filters.
        hop_length: samples between two frames.
        lengths: int [batch], samples that belong to each clip of a padded batch; None for all of them.

    Returns:
        float32 [batch, 1 + samples // hop_length, n_mels]. With `lengths`, the first
        1 + max(length, n_fft) // hop_length frames of a clip are those of the clip alone; what comes after
        them means nothing.

    Reference:
        https://arxiv.org/abs/2204.07402, Section III-A, has a log-mel spectrogram as input; window, hop,
        range of the mels and their scale are those of the authors' code.
    """
    return tf.math.log(mel_power(waveforms, window, filters, hop_length, lengths) + LOG_OFFSET)


def mel_power(waveforms, window, filters, hop_length, lengths=None):
    """Mel power of waveforms, before the logarithm; arguments and shapes as of `log_mel`."""
    n_fft = 2 * (filters.shape[0] - 1)
    spectrum = tf.signal.stft(
        _with_reflected_edges(waveforms, n_fft, lengths),
        frame_length=n_fft,
        frame_step=hop_length,
        fft_length=n_fft,
        window_fn=lambda frame_length, dtype: window,
    )
    power = tf.square(tf.math.real(spectrum)) + tf.square(tf.math.imag(spectrum))
    return tf.matmul(power, filters)


def _with_reflected_edges(waveforms, n_fft, lengths):
    """Half a frame more on each side, so that frames are centred on multiples of the hop."""
    missing = tf.maximum(n_fft - tf.shape(waveforms)[1], 0)
    waveforms = tf.pad(waveforms, [[0, 0], [0, missing]])
    half = n_fft // 2
    if lengths is None:
        return tf.pad(waveforms, [[0, 0], [half, half]], "REFLECT")
    # As above for each clip alone: zeros up to a frame, then the mirror at its own end, then whatever.
    samples = tf.shape(waveforms)[1]
    lengths = tf.cast(lengths, tf.int32)[:, None]
    place = tf.range(-half, samples + half)[None, :]
    last = tf.maximum(lengths, n_fft) - 1
    mirrored = tf.where(place > last, 2 * last - place, tf.abs(place))
    edged = tf.gather(waveforms, tf.clip_by_value(mirrored, 0, samples - 1), batch_dims=1)
    return tf.where((mirrored < 0) | (mirrored >= lengths), tf.zeros((), edged.dtype), edged)
