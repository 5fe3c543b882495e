import keras
import numpy as np
import pytest
import soundfile

import byola_keras
from byola_keras.audio.decode import AudioError
from byola_keras.embedding.chunks import Chunker
from byola_keras.embedding.embed_file import iter_frames
from byola_keras.evaluation.representations import LogMelStatistics
from byola_keras.models.norm_stats import NormStats
from byola_keras.models.untrained import untrained_embedder
from tests.embedding.whole_and_chunks import assert_as_in_one_pass
from tests.factories import changing_noise, uneven_embedder

SECONDS = 0.5


@pytest.fixture(scope="module")
def embedder():
    return uneven_embedder()


def write(path, sound, sample_rate=16000, **arguments):
    soundfile.write(path, sound, sample_rate, subtype="FLOAT", **arguments)
    return path


def border_lengths(embedder, seconds):
    """Lengths at which something changes, and their neighbours."""
    chunker, frontend = Chunker(embedder, seconds), embedder.frontend
    borders = chunker.borders
    frame = borders.hop * borders.stride
    first = borders.samples((chunker.frames + borders.context) * borders.stride)
    places = [1, frontend.n_fft, first, first + chunker.frames * frame, chunker.frames * frame]
    steps = (0, 1, borders.hop, frame)
    return sorted({place + sign * step for place in places for step in steps for sign in (-1, 1)} - {0})


@pytest.mark.parametrize(
    ("conv_blocks", "frontend"),
    [
        (2, {}),
        (1, {}),
        (3, {}),
        (4, {}),
        (2, {"n_fft": 512, "win_length": 400, "hop_length": 100}),
        (3, {"n_fft": 512, "win_length": 512, "hop_length": 700}),
    ],
)
def test_borders_of_chunks_cannot_be_seen(tmp_path, conv_blocks, frontend):
    embedder = uneven_embedder(frontend, conv_blocks=conv_blocks)
    sound = changing_noise(60_000)
    lengths = [length for length in border_lengths(embedder, SECONDS) if 0 < length <= len(sound)]
    assert len(lengths) > 20
    for length in [*lengths, 60_000]:
        assert_as_in_one_pass(embedder, write(tmp_path / "sound.wav", sound[:length]), SECONDS)


class WideEncoder(keras.layers.Layer):
    """Keeps the contract of encoders with another stride and a wider context than `Encoder` has."""

    # The first convolution reaches four front-end frames over a border, two of these; the second one more.
    stride, strides, context, pooling, layer_names = 2, {}, 3, "mean", ()

    def __init__(self):
        super().__init__()
        self.first = keras.layers.Conv1D(6, 9, padding="same", bias_initializer="ones")
        self.second = keras.layers.Conv1D(5, 3, padding="same", bias_initializer="ones")

    def build(self, input_shape):
        self.first.build(input_shape)
        self.second.build((*input_shape[:-1], 6))

    def embedding_size(self, n_mels):
        return 5

    def call(self, x, training=None):
        frames = self.second(keras.ops.average_pool(keras.ops.relu(self.first(x)), 2))
        return {"scene": keras.ops.mean(frames, axis=1), "frames": frames}


@pytest.mark.parametrize("encoder", [WideEncoder, LogMelStatistics])
@pytest.mark.parametrize("seconds", [SECONDS, 0.001])
def test_any_encoder_of_the_contract(tmp_path, encoder, seconds):
    """Chunks are exact for any stride and context, without a context too."""
    embedder = untrained_embedder(encoder(), NormStats(-8.25, 4.5, 0))
    sound = changing_noise(40_000)
    for length in [length for length in border_lengths(embedder, seconds) if length <= len(sound)]:
        assert_as_in_one_pass(embedder, write(tmp_path / "sound.wav", sound[:length]), seconds)


@pytest.mark.parametrize("seconds", [0.001, 0.2, 0.73, 1000.0])
def test_any_length_of_chunk(embedder, tmp_path, seconds):
    assert_as_in_one_pass(embedder, write(tmp_path / "sound.wav", changing_noise(40_001)), seconds)


@pytest.mark.parametrize("pooling", ["mean_max", "mean", "max"])
def test_poolings(tmp_path, pooling):
    path = write(tmp_path / "sound.wav", changing_noise(30_000))
    embedder = uneven_embedder(pooling=pooling)
    output = assert_as_in_one_pass(embedder, path, SECONDS)
    without = byola_keras.embed_file(embedder, str(path), SECONDS, frames=False)
    assert list(without) == ["scene"]
    np.testing.assert_array_equal(without["scene"], output["scene"])


@pytest.mark.parametrize(("name", "sample_rate"), [("x.flac", 44100), ("x.ogg", 8000), ("x.mp3", 22050)])
def test_formats_rates_and_channels(embedder, tmp_path, name, sample_rate):
    stereo = np.stack([changing_noise(3 * sample_rate), changing_noise(3 * sample_rate, 1)], axis=1)
    soundfile.write(tmp_path / name, stereo, sample_rate)
    assert_as_in_one_pass(embedder, tmp_path / name, SECONDS)


def test_chunks_come_one_by_one_and_are_of_the_length_asked_for(embedder, tmp_path):
    path = str(write(tmp_path / "sound.wav", changing_noise(10 * 16000)))
    parts = list(iter_frames(embedder, path, 1.0))
    assert [len(frames) for _, frames in parts[:-1]] == [25] * (len(parts) - 1)
    assert sum(len(frames) for _, frames in parts) == 250
    np.testing.assert_array_equal(np.concatenate([times for times, _ in parts]), 40.0 * np.arange(250) + 15)


def test_one_graph_serves_all_files(embedder, tmp_path):
    for length in (1, 2_000, 30_000):
        byola_keras.embed_file(embedder, str(write(tmp_path / "sound.wav", changing_noise(length))), SECONDS)
    assert embedder._graph().span.experimental_get_tracing_count() == 1


@pytest.mark.parametrize(
    ("sound", "message"),
    [
        (np.zeros(0), "holds no samples"),
        (np.r_[changing_noise(30_000), np.nan], "must be finite numbers. Received: 1 NaN or infinite"),
        (32768 * changing_noise(3_000), r"must lie in \[-1, 1\]; .*Received: a peak of"),
    ],
)
def test_what_is_no_sound(embedder, tmp_path, sound, message):
    with pytest.raises(AudioError, match=message):
        byola_keras.embed_file(embedder, str(write(tmp_path / "sound.wav", sound)))


def test_unreadable_file(embedder, tmp_path):
    with pytest.raises(AudioError, match=r"Received: path=.*nothing.wav.*: it is not there"):
        byola_keras.embed_file(embedder, tmp_path / "nothing.wav")


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan"), float("inf")])
def test_bad_chunk_length(embedder, tmp_path, seconds):
    with pytest.raises(ValueError, match="must be positive. Received: chunk_seconds="):
        byola_keras.embed_file(embedder, str(write(tmp_path / "sound.wav", changing_noise(3_000))), seconds)


def test_sound_without_end_is_embedded_as_it_comes(embedder, monkeypatch):
    taken = []

    def endless(path, sample_rate):
        while True:
            taken.append(4000)
            yield changing_noise(4000, seed=len(taken))

    monkeypatch.setattr("byola_keras.embedding.embed_file.read_blocks", endless)
    for number, (_, frames) in zip(range(20), iter_frames(embedder, "stream", 1.0), strict=False):
        assert len(frames) == 25
        # No more than the context of the chunk, and a block.
        assert sum(taken) <= 16000 * (number + 1) + 2048 + 4000
