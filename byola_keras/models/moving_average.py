"""The target network's parameters as a moving average of the online network's."""

import tensorflow as tf


class MovingAverage:
    """Pairs of parameters, fixed once by position; neither names nor `trainable` change them later.

    Running statistics and counters are no parameters, and follow their own network.

    Args:
        networks: pairs (online, target) of built layers of one structure. The targets get all weights of
            their online networks.

    Attributes:
        pairs: (online, target) variables.

    Reference:
        https://arxiv.org/abs/2204.07402, Section II-E.
    """

    def __init__(self, networks):
        self.pairs = []
        for online, target in networks:
            target.set_weights(online.get_weights())
            parameters = {id(variable) for variable in target.trainable_weights}
            pairs = zip(online.weights, target.weights, strict=True)
            self.pairs += [pair for pair in pairs if id(pair[1]) in parameters]

    def update(self, decay) -> None:
        """Lets the targets keep the share `decay` (tau, a float64 scalar) of themselves."""
        for online, target in self.pairs:
            # One pass: target -= (1 - decay) * (target - online).
            tf.raw_ops.ResourceApplyGradientDescent(
                var=target.value.handle,
                alpha=tf.cast(1.0 - decay, target.dtype),
                delta=target.value - online.value,
            )
