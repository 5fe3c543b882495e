"""Models of others over files, by the command `embed`."""

import numpy as np
import pytest
import soundfile

from byola_keras.embedding.embed_files import embed_files
from byola_keras.embedding.request import Request
from byola_keras.embedding.sound_files import find_sound_files
from byola_keras.evaluation.representations.files import RepresentationOfFiles
from tests.evaluation.representations.representation_test import Arithmetic, tens
from tests.factories import noise

RATE = 1000


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """Files of 1.23 s and 0.04 s."""
    folder = tmp_path_factory.mktemp("sounds")
    for name, samples in (("long", 1230), ("short", 40)):
        soundfile.write(folder / f"{name}.wav", noise(1, samples)[0], RATE, subtype="FLOAT")
    return folder


def embed(model, sounds, folder, **arguments):
    request = Request("theirs", str(folder), **{"chunk_seconds": 0.2, **arguments})
    files = find_sound_files([str(sounds)])
    report = embed_files(request, files, embedder=RepresentationOfFiles(model))
    return report, {file.name: dict(np.load(folder / f"{file.name}.npz")) for file in files}


@pytest.mark.parametrize("hop", [None, 0.03])
def test_windows_of_a_long_file_are_those_of_the_whole(hop, sounds, tmp_path):
    model = Arithmetic(tens, RATE, window_seconds=0.05, window_hop_seconds=hop, frame_seconds=0.01)
    report, found = embed(model, sounds, tmp_path)
    assert report["embedded"] == 2 and report["hours"] == pytest.approx(1.27 / 3600)
    assert max(rows for rows, _ in model.shapes) <= 8
    for name, arrays in found.items():
        sound = soundfile.read(sounds / name, dtype="float32")[0][None]
        np.testing.assert_allclose(arrays["scene"], model.embed(sound)[0], atol=1e-6)
        assert str(arrays["model"]) == model.identity
        # Frame i of a window is centred in its ten samples, of which the tens begin with the first.
        for frame, time in zip(arrays["frames"], arrays["timestamps_ms"], strict=True):
            first = round(time - 5)
            expected = np.pad(sound[0], (0, 50))[first : first + 10]
            np.testing.assert_array_equal(frame, expected)
    # Again: everything is there.
    assert embed(model, sounds, tmp_path)[0]["already_there"] == 2


def test_frames_of_any_length_come_in_pieces(sounds, tmp_path):
    model = Arithmetic(tens, RATE, pooling="mean")
    _, found = embed(model, sounds, tmp_path)
    assert [samples for _, samples in model.shapes] == [1000, 200, 200, 200, 200, 200, 230, 40]
    sound = soundfile.read(sounds / "long.wav", dtype="float32")[0]
    np.testing.assert_array_equal(found["long.wav"]["frames"], tens(sound[None])[0])
    np.testing.assert_allclose(found["long.wav"]["timestamps_ms"], 5 + 10 * np.arange(123))
    np.testing.assert_allclose(found["long.wav"]["scene"], model.embed(sound[None])[0], atol=1e-6)


def test_clips_are_embedded_whole_and_have_no_frames(sounds, tmp_path):
    model = Arithmetic(lambda w: w[:, :7], RATE)
    _, found = embed(model, sounds, tmp_path)
    assert [samples for _, samples in model.shapes] == [1000, 1230, 40]
    for name, arrays in found.items():
        assert "frames" not in arrays
        np.testing.assert_array_equal(arrays["scene"], soundfile.read(sounds / name, 7, dtype="float32")[0])


def test_a_file_at_which_the_model_fails_is_skipped_and_named(sounds, tmp_path):
    model = Arithmetic(lambda w: tens(w) if len(w[0]) > 100 else tens(w) * np.nan, RATE)
    request = Request("theirs", str(tmp_path), "tfrecord")
    files = find_sound_files([str(sounds)])
    report = embed_files(request, files, embedder=RepresentationOfFiles(model))
    ((path, problem),) = report["skipped"].items()
    assert path.endswith("short.wav") and "model arithmetic cannot be used: it must give finite" in problem
    with pytest.raises(ValueError, match="`runner` must be local.*theirs"):
        embed_files(request, files, beam_arguments=[], embedder=RepresentationOfFiles(model))


def test_first_frame_is_where_the_model_says(sounds, tmp_path):
    for first, expected in ((None, [5, 15]), (0.002, [2, 12])):
        model = Arithmetic(tens, RATE, frame_seconds=0.01, first_frame_seconds=first)
        _, found = embed(model, sounds, tmp_path / str(first), chunk_seconds=2.0)
        np.testing.assert_allclose(found["long.wav"]["timestamps_ms"][:2], expected)
