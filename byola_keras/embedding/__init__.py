"""Embeds sound files: exactly in chunks of bounded memory, many files at a time, to .npz files or tables."""
