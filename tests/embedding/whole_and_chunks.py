"""A file that is embedded in chunks beside the same sound in one pass."""

import numpy as np

import byola_keras
from byola_keras.audio.decode import read_blocks


def assert_as_in_one_pass(embedder, path, seconds):
    """Embeds a file in chunks of `seconds` and compares; returns the output."""
    sound = np.concatenate(list(read_blocks(str(path), embedder.sample_rate)))
    expected = embedder(sound[None])
    output = byola_keras.embed_file(embedder, str(path), seconds)
    assert output["frames"].shape == expected["frames"][0].shape
    for name in ("scene", "frames"):
        scale = np.abs(expected[name]).max()
        np.testing.assert_allclose(output[name], expected[name][0], rtol=1e-5, atol=1e-5 * scale)
        assert output[name].dtype == np.float32
    np.testing.assert_array_equal(output["timestamps_ms"], embedder.timestamps_ms(len(output["frames"])))
    return output
