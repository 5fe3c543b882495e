"""What can be evaluated: our own encoders, baselines, and encoders of others, behind one contract.

`registry.load_representation` makes each of what `--model` says.
"""

# Models with it that were saved before name this place.
from byola_keras.evaluation.representations.log_mel_statistics import LogMelStatistics as LogMelStatistics
