"""Two augmented views of each clip."""

import inspect

import keras
import tensorflow as tf

from byola_keras.layers.float32_layer import Float32Layer
from byola_keras.layers.random_layer import RandomLayer, fold_in


@keras.saving.register_keras_serializable(package="byola_keras")
class Augmentation(Float32Layer):
    """Makes two random views of each clip by a chain of layers.

    A `RandomLayer` treats the two views with different numbers. Any other layer, such as
    `BatchStandardization` or `keras.layers.GaussianNoise`, sees both views as one batch of twice the size.
    Layers of Keras that draw keep the state of their draws in no checkpoint: with them a run resumes, but not
    digit by digit.

    Args:
        layers: List of layers [batch, T, F] -> [batch, T, F], in order.

    Input shape:
        [batch, T, F] normalised log-mel.

    Output shape:
        A pair of the input's shape: (view_one, view_two).

    Call arguments:
        x: Tensor of the input shape; or a pair of them, one for each view, such as two crops of each clip.
            Layers that remember clips, as mixup does, then remember those of view one.
        training: Boolean, True by default. Without it no layer draws: both views are what the other layers,
            such as `BatchStandardization`, make of the input, and nothing is remembered.

    Reference:
        https://arxiv.org/abs/2204.07402, Section III-A, Fig. 3: mixup, random resize crop, random linear
        fader, then Post-Norm.
    """

    def __init__(self, layers, **kwargs):
        super().__init__(**kwargs)
        self.layers = list(layers)

    def build(self, input_shape):
        for layer in self.layers:
            # A loaded layer comes built.
            if not layer.built:
                layer.build(input_shape)

    def call(self, x, training=True):
        views = _pair(x)
        for layer, twin in zip(self.layers, self._twins(), strict=True):
            if not isinstance(layer, RandomLayer):
                views = _joined(layer, views, training)
            elif training:
                clean = views[0]
                seeds = [
                    fold_in(seed, twin) if twin else seed for seed in (layer.next_seed(), layer.next_seed())
                ]
                views = _apart(layer, views, seeds)
                # Unlike the authors' code, where each view's input enters the memory of mixup, so that 2,048
                # places hold 1,024 clips: the paper says 2,048 samples.
                layer.after_step(clean)
        return views

    def _twins(self):
        """For each layer the number of earlier layers that would draw the same numbers as it."""
        kinds = [(type(layer).__name__, getattr(layer, "seed", None)) for layer in self.layers]
        return [kinds[:place].count(kind) for place, kind in enumerate(kinds)]

    def preview(self, x, seed):
        """The views after every layer; no `RandomLayer` changes its state.

        Args:
            x: normalised log-mel, [batch, T, F], or a pair of them.
            seed: Integer; the same seed and memory give the same views.

        Returns:
            List of pairs (view_one, view_two), one for each layer, in order.
        """
        views, stages = _pair(x), []
        for position, layer in enumerate(self.layers):
            if isinstance(layer, RandomLayer):
                views = _apart(layer, views, [fold_in([seed, position], view) for view in range(2)])
            else:
                views = _joined(layer, views, training=True)
            stages.append(views)
        return stages

    def compute_output_shape(self, input_shape):
        return (input_shape, input_shape)

    def get_config(self):
        layers = [keras.saving.serialize_keras_object(layer) for layer in self.layers]
        return {**super().get_config(), "layers": layers}

    @classmethod
    def from_config(cls, config):
        layers = [keras.saving.deserialize_keras_object(layer) for layer in config["layers"]]
        return cls(**{**config, "layers": layers})


def _pair(x):
    return tuple(x) if isinstance(x, (tuple, list)) else (x, x)


def _apart(layer, views, seeds):
    return tuple(layer.augment(view, seed) for view, seed in zip(views, seeds, strict=True))


def _joined(layer, views, training):
    takes_training = "training" in inspect.signature(layer.call).parameters
    arguments = {"training": training} if takes_training else {}
    return tuple(tf.split(layer(tf.concat(views, axis=0), **arguments), 2))
