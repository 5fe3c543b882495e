"""Exports a trained embedder for other programs: TensorFlow Serving and LiteRT."""
