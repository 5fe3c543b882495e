"""Reads PyTorch checkpoints without PyTorch, and converts them."""
