"""An embedder over sound files: exact in chunks of bounded memory, many files at a time, to npz or tables."""
