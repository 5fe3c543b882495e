"""The sample rate of the sound that this project trains on, keeps in corpora and checks files for."""

# Hz, as in the authors' code; the defaults of `LogMelSpectrogram` are for it.
SAMPLE_RATE = 16000
