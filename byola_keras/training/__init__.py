"""The pre-training run."""
