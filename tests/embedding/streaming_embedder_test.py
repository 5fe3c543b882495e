"""Sound in blocks of any size is embedded as in one pass, and as soon as can be."""

import numpy as np
import pytest
import soundfile

import byola_keras
from byola_keras.models.norm_stats import NormStats
from tests.factories import changing_noise, uneven_embedder


@pytest.fixture(scope="module")
def embedder():
    return uneven_embedder()


def blocks_of(sound, sizes):
    """Cuts sound into blocks of sizes that are drawn from some."""
    draws, first = np.random.default_rng(len(sound)), 0
    while first < len(sound):
        size = int(draws.choice(sizes))
        yield sound[first : first + size]
        first += size


def stream_of(embedder, blocks, **arguments):
    """A finished stream, and its timestamps and frames."""
    stream = byola_keras.StreamingEmbedder(embedder, **arguments)
    parts = [*(stream.push(block) for block in blocks), stream.finish()]
    timestamps, frames = zip(*parts, strict=True)
    return stream, np.concatenate(timestamps), np.concatenate(frames)


def assert_as_in_one_pass(embedder, sound, sizes):
    expected = embedder(sound[None])
    stream, timestamps, frames = stream_of(embedder, blocks_of(sound, sizes))
    assert frames.shape == expected["frames"][0].shape
    for name, found in (("frames", frames), ("scene", stream.scene())):
        scale = np.abs(expected[name]).max()
        np.testing.assert_allclose(found, expected[name][0], rtol=1e-5, atol=1e-5 * scale)
    np.testing.assert_array_equal(timestamps, embedder.timestamps_ms(len(frames)))


def test_what_is_no_block(embedder):
    stream = byola_keras.StreamingEmbedder(embedder)
    for wrong, message in (
        (np.zeros((2, 100), "float32"), r"must be \[samples\]"),
        (np.zeros(100, "int16"), "divide 16-bit integers by 32768"),
        (np.full(100, np.nan, "float32"), "must be finite"),
    ):
        with pytest.raises(ValueError, match=message):
            stream.push(wrong)
    with pytest.raises(ValueError, match="0 samples and no frame yet"):
        stream.scene()
    with pytest.raises(ValueError, match="sample_rate=0"):
        byola_keras.StreamingEmbedder(embedder, sample_rate=0)
    for timestamps, frames in (stream.push(np.zeros(0, "float32")), stream.finish(), stream.finish()):
        assert timestamps.shape == (0,) and frames.shape == (0, embedder.embedding_size)
    with pytest.raises(ValueError, match="call reset"):
        stream.push(np.zeros(100, "float32"))


@pytest.mark.parametrize(
    ("conv_blocks", "frontend"),
    [
        (2, {}),
        (3, {"n_fft": 512, "win_length": 400, "hop_length": 100}),
        (3, {"n_fft": 512, "win_length": 512, "hop_length": 700}),
    ],
)
def test_blocks_cannot_be_seen(conv_blocks, frontend):
    embedder = uneven_embedder(frontend, conv_blocks=conv_blocks)
    sound = changing_noise(30_000)
    for samples, sizes in (
        (30_000, (1, 160, 161, 500, 4000)),
        (30_000, (30_000,)),
        (29_999, (3000,)),
        *((samples, (100, 700)) for samples in (1, 512, 513, 1024, 1025, 1632, 2272)),
    ):
        assert_as_in_one_pass(embedder, sound[:samples], sizes)


def test_residual_network_sees_far():
    embedder = byola_keras.Embedder(
        byola_keras.LogMelSpectrogram(),
        NormStats(-8.0, 4.0, 1).layer(),
        byola_keras.ResNetEncoder(depth=18, channels=4),
    )
    embedder.build()
    assert embedder.encoder.context > 1
    assert_as_in_one_pass(embedder, changing_noise(90_000), (4000, 9000))


def test_frame_comes_with_the_last_sample_that_it_sees(embedder):
    stream, sound = byola_keras.StreamingEmbedder(embedder), changing_noise(4000)
    given = [len(stream.push(sample)[0]) for sample in np.split(sound, len(sound))]
    came = np.flatnonzero(given) + 1
    assert sum(given) == len(came) and set(np.diff(came)) == {640}
    centres = embedder.timestamps_ms(len(came)) / 1000
    np.testing.assert_allclose(came / 16000 - centres, stream.latency_seconds, rtol=1e-9)
    assert stream.latency_seconds == pytest.approx(0.087)
    # It sees the last hundredths of a second (the context is rounded up to whole frames).
    stream.reset()
    sound[came[0] - 600 : came[0]] = np.random.default_rng(1).normal(0, 0.5, 600)
    _, frames = stream.push(sound[: came[0]])
    before = embedder(changing_noise(4000)[None])["frames"][0, :1]
    assert len(frames) == 1 and np.abs(frames - before).max() > 1e-3


def test_kept_samples_do_not_grow(embedder):
    stream = byola_keras.StreamingEmbedder(embedder)
    for _ in range(40):
        stream.push(changing_noise(4000))
        assert len(stream._sound) < 4000
    stream.reset()
    assert len(stream.push(changing_noise(500_000))[0]) == embedder.frame_count(500_000) - 2
    assert len(stream._sound) < 4000


def test_other_rates_are_resampled_as_files_are(embedder, tmp_path):
    sound = changing_noise(66_150)
    soundfile.write(tmp_path / "x.wav", sound, 44100, subtype="FLOAT")
    expected = byola_keras.embed_file(embedder, str(tmp_path / "x.wav"))
    stream, _, frames = stream_of(embedder, blocks_of(sound, (1, 441, 5000)), sample_rate=44100)
    scale = np.abs(expected["frames"]).max()
    np.testing.assert_allclose(frames, expected["frames"], rtol=1e-4, atol=1e-4 * scale)
    assert stream.scene().shape == expected["scene"].shape
