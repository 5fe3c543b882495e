"""Two augmented views of each clip."""

import keras
import tensorflow as tf

from byola_keras.layers.log_mixup_exp import LogMixupExp
from byola_keras.layers.random_layer import RandomLayer, fold_in


@keras.saving.register_keras_serializable(package="byola_keras")
class Augmentation(keras.layers.Layer):
    """Makes two random views of each clip by a chain of layers.

    Layers that draw (`RandomLayer`) treat the two views with different numbers; any other layer,
    such as `BatchStandardization`, sees both views as one batch of twice the size. The unmixed
    clips enter the memory of `LogMixupExp` once a step.

    Args:
        layers: List of layers [batch, T, F] -> [batch, T, F], in order.

    Input shape:
        [batch, T, F] normalised log-mel.

    Output shape:
        A pair of the input's shape: (view_one, view_two).

    Reference:
        https://arxiv.org/abs/2204.07402, Figure 2: mixup, random resize crop, random linear fader,
        then Post-Norm.
    """

    def __init__(self, layers, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.layers = list(layers)

    def build(self, input_shape):
        for layer in self.layers:
            # A loaded layer comes built.
            if not layer.built:
                layer.build(input_shape)

    def call(self, x):
        views = (x, x)
        for layer in self.layers:
            clean = views[0]
            views = self._apply(layer, views, lambda layer=layer: layer.next_seed())
            if isinstance(layer, LogMixupExp):
                # Unlike the original code, which pushes each view, so that 2,048 places hold
                # 1,024 clips: the paper says 2,048 samples.
                layer.remember(clean)
        return views

    def preview(self, x, seed):
        """The views after every layer, without any change of state.

        Args:
            x: normalised log-mel, [batch, T, F].
            seed: Integer; the same seed and memory give the same views.

        Returns:
            List of pairs (view_one, view_two), one for each layer, in order.
        """
        views, stages = (x, x), []
        for position, layer in enumerate(self.layers):
            seeds = iter([fold_in([seed, position], view) for view in range(2)])
            views = self._apply(layer, views, lambda seeds=seeds: next(seeds))
            stages.append(views)
        return stages

    @staticmethod
    def _apply(layer, views, next_seed):
        if isinstance(layer, RandomLayer):
            return tuple(layer.augment(view, next_seed()) for view in views)
        return tuple(tf.split(layer(tf.concat(views, axis=0)), 2))

    def compute_output_shape(self, input_shape):
        return (input_shape, input_shape)

    def get_config(self):
        layers = [keras.saving.serialize_keras_object(layer) for layer in self.layers]
        return {**super().get_config(), "layers": layers}

    @classmethod
    def from_config(cls, config):
        layers = [keras.saving.deserialize_keras_object(layer) for layer in config["layers"]]
        return cls(**{**config, "layers": layers})
