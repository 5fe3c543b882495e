"""An embedder that was never trained, for baselines, timings and tests."""

import keras

from byola_keras.layers.log_mel_spectrogram import LogMelSpectrogram
from byola_keras.models.embedder import Embedder
from byola_keras.models.encoder import Encoder
from byola_keras.models.initializers import seeded_initializers
from byola_keras.models.norm_stats import NormStats

# Statistics as sound usually has them.
USUAL_STATS = NormStats(mean=-8.0, std=4.0, crops=0)


def untrained_embedder(
    encoder: keras.layers.Layer | None = None, stats: NormStats = USUAL_STATS, seed: int = 0
) -> Embedder:
    """Builds an embedder with the default front end and an encoder as it is before training.

    Args:
        encoder: any encoder, see `byola_keras.models.contract`; None for the full-size `Encoder`.
        stats: statistics of the log-mel.
        seed: of the initial weights, as far as the encoder is not built yet.

    Returns:
        A built `Embedder`.
    """
    with seeded_initializers(seed):
        embedder = Embedder(LogMelSpectrogram(), stats.layer(), encoder or Encoder(seed=seed))
        embedder.build()
    return embedder
