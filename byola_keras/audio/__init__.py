"""Sound files to batches of waveforms."""
