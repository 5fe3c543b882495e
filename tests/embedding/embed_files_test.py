"""The run of tools/embed.py called from Python."""

import json
import os
import pathlib

import numpy as np
import pytest
import soundfile

import byola_keras
from byola_keras.embedding import embed_many, tables
from byola_keras.embedding.file_embedder import OwnFileEmbedder
from byola_keras.embedding.outputs import SOURCE_KEYS
from byola_keras.embedding.request import Request, embed_pending
from byola_keras.embedding.sound_files import find_sound_files
from byola_keras.embedding.sources import Source
from byola_keras.models.model_card import identity
from tests.embedding.clip_folder import NAMES
from tests.embedding.many_files import CHUNK_SECONDS, embed, rows, written
from tests.factories import tiny_embedder

SOURCE = Source("/a.wav", 1, 1)


def test_npz_is_what_embed_file_gives(embedder, model, clips, output):
    report = embed(model, clips, output)
    assert written(output) == NAMES
    for name in NAMES:
        expected = byola_keras.embed_file(embedder, str(clips / name))
        with np.load(output / f"{name}.npz") as saved:
            assert set(saved) == {"scene", "frames", "timestamps_ms", "model", *SOURCE_KEYS}
            assert str(saved["source"]) == str(clips / name)
            assert str(saved["model"]) == identity(embedder) == report["model_identity"]
            for key, value in expected.items():
                np.testing.assert_allclose(saved[key], value, rtol=1e-4, atol=1e-5)
                assert saved[key].dtype == value.dtype
    assert report == json.loads((output / "report.json").read_text())
    assert (report["embedded"], report["already_there"]) == (7, 0)
    assert report["skipped"] == {str(clips / "dogs" / "broken.wav"): "Format not recognised"}
    assert report["hours"] * 3600 == pytest.approx(3 * 1.0 + 2 * 0.68 + 3.28 + 0.04)


@pytest.mark.parametrize("output_format", ["parquet", "tfrecord"])
def test_tables(embedder, model, clips, output, output_format, monkeypatch):
    monkeypatch.setattr(tables, "_PART_ROWS", 3)
    embed(model, clips, output, output_format)
    assert len(list((output / f"embeddings.{output_format}").iterdir())) == 3
    found = rows(output, output_format)
    assert sorted(found) == NAMES
    for name, (scene, by) in found.items():
        expected = byola_keras.embed_file(embedder, str(clips / name), frames=False)["scene"]
        np.testing.assert_allclose(scene, expected, rtol=1e-4, atol=1e-5)
        assert by == identity(embedder)


@pytest.mark.parametrize("output_format", ["npz", "parquet", "tfrecord"])
def test_what_is_there_stays_and_what_is_new_comes(model, clips, output, output_format):
    embed(model, clips, output, output_format)
    before = {
        path: path.stat().st_mtime_ns for path in output.rglob("*.*") if path.suffix[1:] == output_format
    }
    before = {path: time for path, time in before.items() if path.is_file()}
    soundfile.write(clips / "new.wav", np.full(4000, 0.1), 16000)
    soundfile.write(clips / "dogs" / "broken.wav", np.full(4000, 0.1), 16000)
    report = embed(model, clips, output, output_format)
    assert (report["already_there"], report["embedded"], report["skipped"]) == (7, 2, {})
    assert {path: path.stat().st_mtime_ns for path in before} == before
    names = written(output) if output_format == "npz" else sorted(rows(output, output_format))
    assert names == sorted([*NAMES, "new.wav", "dogs/broken.wav"])
    report = embed(model, clips, output, output_format)
    assert (report["already_there"], report["embedded"]) == (9, 0)


@pytest.mark.parametrize("output_format", ["npz", "parquet", "tfrecord"])
def test_models_are_not_mixed(model, other_model, clips, output, output_format):
    embed(model, clips, output, output_format)
    with pytest.raises(ValueError, match="of one model with one .* Received: .* Take another"):
        embed(other_model, clips, output, output_format)
    report = embed(other_model, clips, output, output_format, overwrite=True)
    assert report["embedded"] == 7 and report["already_there"] == 0
    if output_format == "npz":
        models = {str(np.load(path)["model"]) for path in output.rglob("*.npz")}
    else:
        models = {by for _, by in rows(output, output_format).values()}
    assert models == {identity(tiny_embedder(seed=1))}


def test_npz_of_another_program_is_not_replaced(model, clips, output):
    output.mkdir()
    np.savez(output / "a.wav.npz", thesis=np.arange(3))
    with pytest.raises(ValueError, match="those of .a.wav. are of another model .*unknown origin"):
        embed(model, clips, output)
    assert list(np.load(output / "a.wav.npz")) == ["thesis"]
    assert written(output) == ["a.wav"]


def test_frames_can_be_left_out_and_added(model, clips, output):
    embed(model, clips, output, frames=False)
    assert set(np.load(output / "a.wav.npz")) == {"scene", "model", *SOURCE_KEYS}
    assert embed(model, clips, output, frames=True)["embedded"] == 7
    assert "frames" in np.load(output / "long.flac.npz")
    assert embed(model, clips, output, frames=False)["already_there"] == 7


def test_frames_that_wait_on_the_disk(embedder, model, clips, output, monkeypatch):
    monkeypatch.setattr("byola_keras.embedding.outputs._FRAMES_IN_MEMORY", 100)
    embed(model, clips, output, chunk_seconds=0.5)
    expected = byola_keras.embed_file(embedder, str(clips / "long.flac"))["frames"]
    np.testing.assert_allclose(np.load(output / "long.flac.npz")["frames"], expected, rtol=1e-4, atol=1e-5)
    assert sorted(os.listdir(output)) == sorted(
        [".lock", "report.json", "dogs", *(f"{name}.npz" for name in NAMES if "/" not in name)]
    )


def test_equal_lengths_share_a_call(embedder, clips, monkeypatch):
    shapes = []
    embed = embedder.embed
    monkeypatch.setitem(embedder.__dict__, "embed", lambda x: shapes.append(x.shape) or embed(x))
    files = find_sound_files([str(clips)])
    names = [
        file.name for file, _ in embed_many.embed_many(embedder, files, CHUNK_SECONDS) if file.name in NAMES
    ]
    assert sorted(names) == NAMES
    # The third file of a second comes when two have filled a batch of two seconds.
    assert sorted(shapes) == [(1, 160), (1, 16000), (2, 11200), (2, 16000)]


def test_a_part_of_a_table_is_written_when_its_rows_have_waited_long_enough(output, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(tables.time, "monotonic", lambda: now[0])
    table = tables.TfrecordTable(str(output), "model", "mean_max")
    embeddings = embed_many.Embeddings([], np.zeros(72, "float32"), count=1)
    for seconds, name, parts in ((0, "a", 0), (200, "b", 0), (101, "c", 1), (299, "d", 1), (301, "e", 2)):
        now[0] += seconds
        table.write(name, SOURCE, embeddings)
        folder = output / "embeddings.tfrecord"
        assert (len(list(folder.iterdir())) if folder.exists() else 0) == parts, name
    assert sorted(rows(output, "tfrecord")) == ["a", "b", "c", "d", "e"]


def test_a_part_that_is_written_again_replaces_itself(output):
    table = tables.TfrecordTable(str(output), "model", "mean_max")
    for _ in range(2):
        for name in ("a", "b"):
            table.write(name, SOURCE, embed_many.Embeddings([], np.zeros(72, "float32"), count=1))
        table.flush()
    assert sorted(rows(output, "tfrecord")) == ["a", "b"]


def test_a_table_takes_the_scene_and_leaves_the_frames(output):
    def frames():
        raise AssertionError("taken")
        yield

    table = tables.TfrecordTable(str(output), "model", "mean_max")
    scene = np.arange(72, dtype="float32")
    assert table.write("a.wav", SOURCE, embed_many.Embeddings(frames(), scene, count=25)) == 25
    table.flush()
    np.testing.assert_array_equal(rows(output, "tfrecord")["a.wav"][0], scene)


@pytest.mark.parametrize("frames", [True, False])
def test_half_precision_is_pooled_as_in_embed_file(clips, output, tmp_path, frames):
    embedder = tiny_embedder(dtype="mixed_bfloat16")
    embed(embedder.save_to_preset(tmp_path / "half"), clips, output, frames=frames)
    expected = byola_keras.embed_file(embedder, str(clips / "a.wav"))["scene"]
    np.testing.assert_allclose(np.load(output / "a.wav.npz")["scene"], expected, rtol=1e-5, atol=1e-5)


def test_a_rare_length_waits_however_many_batches_fill(embedder, tmp_path):
    for number in range(40):
        samples = 5000 if number == 0 else 8000
        soundfile.write(tmp_path / f"{number:02d}.wav", np.full(samples, 0.1), 16000)
    files = find_sound_files([str(tmp_path)])
    names = [file.name for file, _ in embed_many.embed_many(embedder, files, chunk_seconds=1.0)]
    # Files of half a second go in pairs; the odd one of them and the first file are left to the end.
    assert names == [f"{number:02d}.wav" for number in [*range(1, 39), 0, 39]]


def test_memory_is_bounded_whatever_comes(embedder, tmp_path, monkeypatch):
    """All lengths differ, so that no batch fills, and none is longer than a chunk."""
    for number in range(60):
        soundfile.write(tmp_path / f"{number:02d}.wav", np.full(16000 - number, 0.1), 16000)
    taken = []
    read = embed_many._read_short
    monkeypatch.setattr(embed_many, "_read_short", lambda *a: taken.append(a[0]) or read(*a))
    files = find_sound_files([str(tmp_path)])
    ahead = [
        len(taken) - given for given, _ in enumerate(embed_many.embed_many(embedder, files, 1.0, workers=1))
    ]
    # Those of eight chunks and one wait, and two are read ahead by each worker.
    assert 8 <= max(ahead) <= 9 + 2 + 1 and len(taken) == 60


def test_an_interrupted_table_keeps_its_rows(embedder, model, clips, output):
    request = Request(model, str(output), "parquet", chunk_seconds=CHUNK_SECONDS)
    results = embed_pending(request, OwnFileEmbedder(embedder), find_sound_files([str(clips)]))
    taken = {pathlib.Path(next(results).path).name for _ in range(2)}
    results.close()
    assert {name.split("/")[-1] for name in rows(output, "parquet")} == taken
    assert embed(model, clips, output, "parquet")["already_there"] == 2
    assert sorted(rows(output, "parquet")) == NAMES


@pytest.mark.parametrize("output_format", ["npz", "parquet", "tfrecord"])
def test_a_name_of_any_bytes(model, tmp_path, output, output_format):
    (tmp_path / "clips").mkdir()
    name = os.fsencode(tmp_path / "clips") + b"/gr\xfcn.wav"
    soundfile.write(name, np.full(4000, 0.1), 16000, format="WAV")
    assert embed(model, tmp_path / "clips", output, output_format)["embedded"] == 1
    assert embed(model, tmp_path / "clips", output, output_format)["already_there"] == 1


def test_nothing_can_be_decoded(model, clips, output):
    with pytest.raises(ValueError, match="At least one file must be decodable. Received: 1 file"):
        embed(model, clips / "dogs" / "broken.wav", output)


def test_bad_format(model, clips, output):
    with pytest.raises(ValueError, match="Received: output_format='csv'"):
        embed(model, clips, output, "csv")
