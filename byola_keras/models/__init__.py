"""Models: the encoder, BYOL, and the embedder that is kept."""
