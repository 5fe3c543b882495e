"""Waveforms of all kinds: single clips, padded batches, what is refused, other statistics."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import byola_keras
from tests.factories import noise, settled_embedder, tiny_embedder, tiny_encoder


def test_single_clips_alone_and_in_tf_data():
    embedder, clips = tiny_embedder(), noise(3, 5000)
    expected = embedder(clips)
    for number, clip in enumerate(clips):
        alone = embedder(clip, layers=["conv_1"])
        assert alone["scene"].shape == (72,) and alone["layers"]["conv_1"].shape == (16, 128)
        np.testing.assert_allclose(alone["frames"], expected["frames"][number], atol=1e-5)
    dataset = tf.data.Dataset.from_tensor_slices(clips)
    for mapped in (dataset.map(embedder).batch(3), dataset.batch(3).map(embedder)):
        np.testing.assert_allclose(next(iter(mapped))["scene"], expected["scene"], atol=1e-5)
    frontend = embedder.frontend
    np.testing.assert_allclose(next(iter(dataset.map(frontend))), frontend(clips)[0], atol=1e-5)


LENGTHS = [1, 300, 1024, 1025, 5119, 5120, 5121, 9600]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"conv_blocks": 1, "pooling": "mean"},
        {"conv_blocks": 4, "pooling": "max", "flatten": "mean_freq"},
        {"features": "local", "flatten": "mean_channel"},
        {"features": "global"},
    ],
)
def test_clips_of_a_padded_batch_are_embedded_as_if_alone(arguments):
    embedder = settled_embedder(**arguments)
    clips = [noise(1, length, seed=length)[0] for length in LENGTHS]
    padded = np.full(
        (len(clips), max(LENGTHS) + 700), 0.9, "float32"
    )  # What lies beyond a clip does not count.
    for row, clip in zip(padded, clips, strict=True):
        row[: len(clip)] = clip
    for output in (embedder(padded, lengths=LENGTHS), embedder.embed(padded, LENGTHS)):
        for number, clip in enumerate(clips):
            alone = embedder(clip[None])
            count = int(embedder.frame_count(len(clip)))
            scale = np.abs(alone["frames"]).max()
            assert alone["frames"].shape[1] == count
            np.testing.assert_allclose(output["scene"][number], alone["scene"][0], atol=1e-5 * scale)
            np.testing.assert_allclose(
                output["frames"][number, :count], alone["frames"][0], atol=1e-5 * scale
            )
    np.testing.assert_array_equal(
        embedder.frame_count(np.array(LENGTHS)), [embedder(clip)["frames"].shape[0] for clip in clips]
    )


@pytest.mark.parametrize("lengths", [[5000], [0, 10], [-1, 10], [10, 5001], [[10, 20]], [10.0, 20.5]])
def test_lengths_that_do_not_fit(lengths):
    embedder = tiny_embedder()
    for embed in (embedder, embedder.embed):
        with pytest.raises(ValueError, match="from 1 to the 5000 samples .* 2 clips. Received: lengths="):
            embed(noise(2, 5000), lengths=lengths)


def test_embed_takes_and_refuses_what_the_call_does():
    embedder, x = tiny_embedder(), noise(2, 4000)
    alone = embedder.embed(x[0].astype("float64"))
    np.testing.assert_allclose(alone["scene"], embedder(x[0])["scene"], atol=1e-5)
    assert alone["frames"].shape == (6, 72)
    wrong = [
        (x.astype("int16"), "divide 16-bit integers"),
        (np.zeros((16000, 2), "float32"), r"looks like \[samples, channels\]"),
        (np.zeros((2, 0), "float32"), "at least one sample"),
        (np.full_like(x, np.nan), "finite numbers"),
        (20_000 * x, r"must lie in \[-1, 1\]"),
    ]
    for waveforms, message in wrong:
        for embed in (embedder, embedder.embed):
            with pytest.raises(ValueError, match=message):
                embed(waveforms)


def test_embed_is_the_call_and_follows_new_statistics():
    frontend, normalization = byola_keras.LogMelSpectrogram(), keras.layers.Normalization(axis=None)
    x = noise(2, 4000)
    normalization.adapt(np.array(frontend(x)))
    embedder = byola_keras.Embedder(frontend, normalization, tiny_encoder())
    np.testing.assert_allclose(embedder.embed(x)["scene"], embedder(x)["scene"], atol=1e-5)
    old = embedder.embed(x)["scene"].numpy()
    normalization.adapt(np.array(frontend(10 * x)))
    np.testing.assert_allclose(embedder.embed(x)["scene"], embedder(x)["scene"], atol=1e-5)
    np.testing.assert_allclose(embedder.embed(x, [4000, 4000])["scene"], embedder(x)["scene"], atol=1e-5)
    assert np.abs(embedder.embed(x)["scene"] - old).max() > 1e-3


def test_statistics_of_each_mel(tmp_path):
    embedder, x = tiny_embedder(), noise(2, 4000)
    normalization = keras.layers.Normalization(axis=-1, dtype="float32")
    normalization.adapt(np.array(embedder.frontend(noise(8, 8000))))
    embedder = byola_keras.Embedder(embedder.frontend, normalization, embedder.encoder)
    loaded = byola_keras.load(embedder.save_to_preset(tmp_path / "preset"))
    np.testing.assert_array_equal(loaded(x)["scene"], embedder(x)["scene"])


def test_parts_that_do_not_fit():
    embedder = tiny_embedder()
    with pytest.raises(ValueError, match="`normalization` must be .*Received: normalization=None"):
        byola_keras.Embedder(embedder.frontend, None, embedder.encoder)
    with pytest.raises(ValueError, match="must have stride, .*Received: Dense without stride, strides"):
        byola_keras.Embedder(embedder.frontend, embedder.normalization, keras.layers.Dense(3))
    with pytest.raises(ValueError, match="float32 under every policy. Received: dtype='mixed_bfloat16'"):
        byola_keras.Embedder(
            embedder.frontend, embedder.normalization, embedder.encoder, dtype="mixed_bfloat16"
        )
