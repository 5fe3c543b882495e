"""PyTorch checkpoints, read without PyTorch, and converted."""
