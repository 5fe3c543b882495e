"""A map of stored embeddings: a page that plays them, and TensorBoard's projector."""
