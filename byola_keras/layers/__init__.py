"""Keras layers: front end, augmentation, and what the encoder is made of."""
