"""The quickstart: rendered notes, and the probe on them."""
