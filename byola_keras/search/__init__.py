"""What sounds alike: an index over stored embeddings, and queries to it."""
