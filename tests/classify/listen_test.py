"""Raw sound is read and classified as it comes."""

import io
import json
import os
import sys

import numpy as np
import pytest
import soxr
from absl import flags

from byola_keras.classify.listen import listen, pcm_blocks
from byola_keras.classify.windows import cut_windows
from byola_keras.commands.command import parse
from byola_keras.commands.listen import COMMAND
from tests.factories import changing_noise, settled_embedder
from tests.models.classifier_test import LABELS, classifier


@pytest.fixture(scope="module")
def model():
    return classifier(settled_embedder(), temperature=3.0)


class Drops(io.BytesIO):
    """A stream that gives three bytes at a time."""

    def read1(self, size=-1):
        return self.read(min(size, 3))


def test_samples_are_read_whatever_the_bytes_that_come_together():
    samples = np.array([[0, 100], [-32768, 32767], [5, 6]], "<i2")
    for stream in (io.BytesIO, Drops):
        found = np.concatenate(list(pcm_blocks(stream(samples.tobytes() + b"x"), "s16le", 2)))
        np.testing.assert_allclose(found, samples.mean(axis=1) / 32768, atol=1e-7)
    floats = changing_noise(100).astype("<f4")
    np.testing.assert_array_equal(
        np.concatenate(list(pcm_blocks(Drops(floats.tobytes()), "f32le", 1))), floats
    )
    assert list(pcm_blocks(io.BytesIO(), "s16le", 1)) == []


def test_windows_are_classified_as_in_a_file(model):
    sound = changing_noise(30_000)
    spoilt = sound.copy()
    spoilt[100] = np.nan
    sound[100] = 0
    heard = list(listen(model, np.split(spoilt, [1, 5000, 5100]), 16000, 0.5))
    windows = list(cut_windows([sound], model.window_samples, model.window_samples // 2))
    assert len(heard) == len(windows) > 3
    for one, window in zip(heard, windows, strict=True):
        assert (one.start, one.end) == (window.first / 16000, window.end / 16000)
        np.testing.assert_allclose(one.probabilities, model(window.samples[None])[0], atol=1e-5)
    assert list(listen(model, [], 16000, 0.5)) == []


def test_other_rates_are_resampled(model):
    sound = changing_noise(44_100)
    whole = soxr.resample(sound, 44100, 16000, "HQ")
    one = list(listen(model, np.split(sound, 9), 44100, 0.0))
    other = list(listen(model, [whole], 16000, 0.0))
    assert len(one) == len(other) > 1
    for found, expected in zip(one, other, strict=True):
        np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-3)


def test_answer_comes_while_the_sound_goes_on(model):
    reading, writing = os.pipe()
    with open(reading, "rb") as stream:
        os.write(writing, pcm(changing_noise(model.window_samples + 10)))
        heard = listen(model, pcm_blocks(stream, "s16le", 1), 16000, 0.5)
        # The pipe is open still.
        assert next(heard).end == model.window_samples / 16000
        os.close(writing)
        # The end of the sound ends the last window.
        assert [one.end for one in heard] == [(model.window_samples + 10) / 16000]


def pcm(sound):
    return (sound * 32767).astype("<i2").tobytes()


class Input:
    """A standard input."""

    def __init__(self, data, is_terminal=False):
        self.buffer, self.isatty = io.BytesIO(data), lambda: is_terminal


def test_command_prints_what_it_hears(model, tmp_path, monkeypatch, capsys):
    model.save(tmp_path / "classifier.keras")

    def lines(data, *arguments, is_terminal=False):
        monkeypatch.setattr(sys, "stdin", Input(data, is_terminal))
        values = flags.FlagValues()
        rest = parse(COMMAND, [f"--model={tmp_path}", *arguments], values)
        COMMAND.run(values, rest)
        return capsys.readouterr().out.splitlines()

    sound = pcm(changing_noise(model.window_samples))
    (found,) = map(json.loads, lines(sound, "--jsonl"))
    assert (found["start"], found["end"]) == (0.0, model.window_samples / 16000)
    assert list(found["probabilities"]) == list(LABELS)
    best = max(found["probabilities"], key=found["probabilities"].get)
    top = [line.split("\t") for line in lines(sound, f"--top={len(LABELS)}")]
    assert top[0][2] == best and sorted(line[2] for line in top) == sorted(LABELS)
    np.testing.assert_allclose(float(top[0][3]), found["probabilities"][best], atol=1e-4)
    heard = {line.split("\t")[2] for line in lines(sound)}
    thresholds = dict(zip(LABELS, model.thresholds, strict=True))
    assert heard == {name for name, p in found["probabilities"].items() if p >= thresholds[name]}
    with pytest.raises(ValueError, match="no samples"):
        lines(b"")
    with pytest.raises(ValueError, match="a terminal"):
        lines(sound, is_terminal=True)
