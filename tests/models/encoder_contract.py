"""What every encoder has to do, checked in one call; see `byola_keras.models.contract`."""

import keras
import numpy as np

from byola_keras.models.contract import POOLINGS, check_encoder


def run_encoder_test(encoder, tmp_path, n_mels=64, frames=37):
    """Checks the attributes, the shapes, padded batches, context, training mode and the `.keras` round trip.

    Args:
        encoder: a fresh encoder.
        tmp_path: folder for the file.
        n_mels: mel bins of the input.
        frames: of the input, some strides long and no multiple of the stride.
    """
    check_encoder(encoder)
    x = np.random.default_rng(0).normal(size=(3, frames, n_mels)).astype("float32")
    output = encoder(x)
    _check_shapes(encoder, x, output)
    _check_pooling(encoder, output)
    _check_padded_batch(encoder, x)
    _check_context(encoder, x, output)
    scenes = encoder(x, training=True)["scene"]
    assert np.isfinite(scenes).all()
    _check_round_trip(encoder, x, tmp_path)


def _check_shapes(encoder, x, output):
    size = encoder.embedding_size(x.shape[2])
    width = size // 2 if encoder.pooling == "mean_std" else size
    assert output["scene"].shape == (len(x), size)
    assert output["frames"].shape == (len(x), x.shape[1] // encoder.stride, width)
    shapes = encoder.compute_output_shape(x.shape)
    assert {name: tuple(features.shape) for name, features in output.items()} == shapes
    assert set(encoder.strides) == set(encoder.layer_names)
    if encoder.layer_names:
        layers = encoder(x, layers="all")["layers"]
        assert tuple(layers) == tuple(encoder.layer_names)
        for name, features in layers.items():
            whole = x.shape[1] // encoder.stride * encoder.stride
            most, fewest = (frames // encoder.strides[name] for frames in (x.shape[1], whole))
            assert features.shape[0] == len(x) and fewest <= features.shape[1] <= most, name
        inputs = keras.Input((None, x.shape[2]))
        symbolic = encoder(inputs, layers="all")["layers"]
        assert {name: s.shape[-1] for name, s in symbolic.items()} == {
            name: features.shape[-1] for name, features in layers.items()
        }


def _check_pooling(encoder, output):
    assert encoder.pooling in POOLINGS
    frames = output["frames"].numpy()
    mean, deviation, largest = frames.mean(1), frames.std(1), frames.max(1)
    expected = {
        "mean": mean,
        "max": largest,
        "mean_max": mean + largest,
        "mean_std": np.concatenate([mean, deviation], axis=1),
    }[encoder.pooling]
    _check_close(output["scene"], expected)


def _check_padded_batch(encoder, x):
    lengths = [x.shape[1], encoder.stride, x.shape[1] - encoder.stride - 1]
    padded = encoder(x, lengths=np.array(lengths, "int32"))
    for number, length in enumerate(lengths):
        alone = encoder(x[number : number + 1, :length])
        count = length // encoder.stride
        _check_close(padded["scene"][number], alone["scene"][0])
        _check_close(padded["frames"][number, :count], alone["frames"][0])
        assert not np.any(padded["frames"][number, count:])


def _check_context(encoder, x, output):
    """Frames that are `context` away from a border do not see what lies beyond it."""
    cut = (x.shape[1] // encoder.stride // 2) * encoder.stride
    first = encoder(x[:, :cut])["frames"].numpy()
    kept = first.shape[1] - encoder.context
    assert kept > 0, "more frames are needed to see the context"
    _check_close(first[:, :kept], output["frames"][:, :kept])


def _check_close(actual, expected):
    """Equal to 1e-5 of the largest value, or of 1."""
    tolerance = 1e-5 * max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(actual, expected, atol=tolerance, rtol=0)


def _check_round_trip(encoder, x, tmp_path):
    model = keras.Sequential([keras.Input((None, x.shape[2])), _Scene(encoder)])
    model.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(loaded(x), encoder(x)["scene"])


@keras.saving.register_keras_serializable(package="byola_keras_tests")
class _Scene(keras.layers.Layer):
    """One output of an encoder, as `keras.Sequential` needs."""

    def __init__(self, encoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder

    def build(self, input_shape):
        if not self.encoder.built:
            self.encoder.build(input_shape)

    def call(self, x):
        return self.encoder(x)["scene"]

    def get_config(self):
        return {**super().get_config(), "encoder": keras.saving.serialize_keras_object(self.encoder)}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "encoder": keras.saving.deserialize_keras_object(config["encoder"])})
