"""A Keras model one part of which, the target network, is never trained."""

import keras


class OnlineModel(keras.Model):
    """Base of models with target networks: their weights are among the non-trainable ones, whatever is set.

    `layer.trainable = False` would not do: it puts batch normalisation into inference, and setting
    `trainable` of the whole model sets it for all its parts.
    """

    def target_networks(self):
        """The layers whose weights no optimizer may change."""
        raise TypeError(f"{type(self).__name__} must implement `target_networks()`.")

    @property
    def trainable_variables(self):
        """Variables that the optimizer changes; those of the target networks never are among them."""
        return self._without_targets(super().trainable_variables)

    @property
    def trainable_weights(self):
        """Weights that the optimizer changes; those of the target networks never are among them."""
        return self._without_targets(super().trainable_weights)

    @property
    def non_trainable_variables(self):
        """All other variables, with those of the target networks."""
        return _without(self.variables, self.trainable_variables)

    @property
    def non_trainable_weights(self):
        """All other weights, with those of the target networks."""
        return _without(self.weights, self.trainable_weights)

    def _without_targets(self, variables):
        return _without(
            variables, [weight for network in self.target_networks() for weight in network.weights]
        )


def _without(variables, others):
    left_out = {id(variable) for variable in others}
    return [variable for variable in variables if id(variable) not in left_out]


def untrained_copy(model: keras.Model, name: str) -> keras.Model:
    """A model of the same configuration under another name, with weights of its own."""
    return type(model).from_config({**model.get_config(), "name": name})
