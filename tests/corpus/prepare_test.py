import json
import os
import types

import numpy as np
import pytest
import soundfile
import tensorflow as tf
import tensorflow_datasets as tfds

from byola_keras.audio.decode import AudioError, read_blocks
from byola_keras.audio.files import find_audio_files
from byola_keras.audio.pcm import from_int16
from byola_keras.corpus.corpus import Corpus, shard_name
from byola_keras.corpus.prepare import _Folders, _plan, prepare
from byola_keras.corpus.published_sets import PublishedSet
from byola_keras.corpus.shard import ShardResult, _write_clip, _write_recording, result_file, write_shard
from byola_keras.corpus.sources import FileSources, Recording, _tfds_blocks


@pytest.fixture(scope="module")
def examples(data_dir):
    """What TensorFlow Datasets reads, without this package's index: (source, start) to samples."""
    dataset = tfds.load("sounds", data_dir=data_dir, split="train")
    return {(e["source"].decode(), int(e["start"])): e["audio"] for e in tfds.as_numpy(dataset)}


@pytest.fixture(scope="module")
def report(data_dir):
    with open(os.path.join(data_dir, "report.json"), encoding="utf-8") as file:
        return json.load(file)


def test_corpus_holds_what_the_files_hold(examples, sounds_folder):
    for name in ("000.wav", "005.flac", "010.ogg", "015.mp3", "silent.wav"):
        decoded = np.concatenate(list(read_blocks(str(sounds_folder / name))))
        np.testing.assert_allclose(from_int16(examples[name, 0].astype("float32")), decoded, atol=1.6e-5)


def test_long_recordings_are_cut_and_nothing_is_lost(examples, sounds_folder):
    clips = [examples["long.wav", start] for start in (0, 160_000, 320_000)]
    assert [len(clip) for clip in clips] == [160_000, 160_000, 54_400]
    written = np.random.default_rng(5).integers(-8000, 8000, round(23.4 * 16000)).astype(np.int16)
    np.testing.assert_array_equal(np.concatenate(clips), written)


def test_loud_recording_is_turned_down(examples, report):
    assert 32_700 < np.abs(examples["loud.wav", 0].astype(int)).max() <= 32_768
    assert report["turned_down_clips"] >= 1


def test_loud_and_silent_clips_are_counted():
    result, records = ShardResult(), []
    writer = types.SimpleNamespace(write=records.append)
    for level in (0.0, 0.5, -1.0, 1.001, -1.5, 1e-9):
        _write_clip(np.array([0.0, level], np.float32), b"a", 0, writer, result)
    assert (result.turned_down, result.silent, result.samples) == (2, 2, [2] * 6)
    assert result.bytes == sum(len(record) + 16 for record in records)


def test_recording_of_which_nothing_is_kept_counts_as_skipped():
    result, records = ShardResult(), []
    writer = types.SimpleNamespace(write=records.append)
    sound, spoilt = np.full(16_000, 0.1, np.float32), np.full(16_000, np.nan, np.float32)
    for name, blocks in (("spoilt", [spoilt]), ("half", [spoilt, sound]), ("good", [sound])):
        _write_recording(Recording(b"key", name, iter(blocks)), writer, 16_000, result)
    assert list(result.skipped) == ["spoilt"] and list(result.partly_kept) == ["half"]
    assert len(records) == 2


def test_rest_of_less_than_a_second_stays_with_the_clip_before_it():
    for rest, expected in ((15_999, [31_999]), (16_000, [16_000, 16_000])):
        result = ShardResult()
        sound = np.full(16_000 + rest, 0.1, np.float32)
        writer = types.SimpleNamespace(write=lambda record: None)
        _write_recording(Recording(b"key", "a.wav", iter([sound])), writer, 16_000, result)
        assert result.samples == expected


def test_integers_of_a_data_set_stand_for_sixteen_bits():
    samples = np.array([[-32_768, -32_768], [16_384, 0], [32_767, 32_767]])
    (block,) = _tfds_blocks(samples, 16_000, 16_000)
    np.testing.assert_array_equal(block, np.float32([-1.0, 0.25, 32_767 / 32_768]))
    (block,) = _tfds_blocks(np.array([0.5, -0.5]), 16_000, 16_000)
    np.testing.assert_array_equal(block, np.float32([0.5, -0.5]))
    with pytest.raises(AudioError, match=r"the shape \(1, 2, 3\)"):
        next(_tfds_blocks(np.zeros((1, 2, 3)), 16_000, 16_000))


def test_report_names_what_was_skipped_and_why(report, examples, sounds_folder):
    names = {os.path.basename(path): reason for path, reason in report["skipped"].items()}
    assert names == {"broken.wav": names["broken.wav"], "none.wav": "it holds no samples"}
    assert "Format not recognised" in names["broken.wav"] or "Error in WAV" in names["broken.wav"]
    parts = {os.path.basename(path): reason for path, reason in report["partly_kept"].items()}
    assert parts["spoilt.wav"] == "it holds values that are not finite"
    assert "lost sync" in parts["cut.flac"] and len(parts) == 2
    # Of the spoilt one the clip with the NaN is left out, of the cut one what the damage took.
    assert [start for name, start in sorted(examples) if name == "spoilt.wav"] == [0, 320_000]
    assert {start for name, start in examples if name == "cut.flac"} >= {0, 160_000}
    assert report["sources"] == 24 + 7 and report["clips"] == len(examples)
    assert report["hours"] == pytest.approx(sum(map(len, examples.values())) / 16000 / 3600)
    assert report["silent_clips"] == 1
    beside = json.loads((sounds_folder.parent / "corpora" / "sounds" / "1.0.0" / "report.json").read_text())
    assert beside == report


def test_index_leads_to_the_samples(data_dir, examples):
    corpus = Corpus(data_dir)
    in_order = tfds.ReadConfig(interleave_cycle_length=1)
    dataset = tfds.builder("sounds", data_dir=data_dir).as_dataset("train", read_config=in_order)
    assert len(corpus) == len(examples) == len(list(dataset))
    for clip, example in enumerate(tfds.as_numpy(dataset)):
        out = np.empty(corpus.samples[clip], np.int16)
        corpus.read(clip, 0, out)
        np.testing.assert_array_equal(out, example["audio"])
        corpus.read(clip, len(out) - 1, out[:1])
        assert out[0] == example["audio"][-1]


def test_same_call_again_is_done_at_once_and_other_sources_are_refused(data_dir, sounds_folder, report):
    sources = FileSources(find_audio_files([str(sounds_folder)]))
    assert prepare(sources, data_dir, "sounds") == report
    with pytest.raises(
        ValueError, match="the same sources in the same way. Received: clip_seconds=5.0; .* clip_seconds=10"
    ):
        prepare(sources, data_dir, "sounds", clip_seconds=5.0)
    with pytest.raises(ValueError, match="Received: hash of the sources.*another --name or --output_dir"):
        prepare(FileSources(sources.files[:3]), data_dir, "sounds")


def test_names_in_a_corpus_begin_below_the_shared_folder(tmp_path):
    files = [tmp_path / "x" / folder / "1.wav" for folder in ("dogs", "dolphins")]
    for path in files:
        path.parent.mkdir(parents=True)
        path.write_bytes(b"abc" if "dogs" in str(path) else b"ab")
    sources = FileSources(list(map(str, files)))
    (part,) = sources.parts(1)
    assert sorted(name for name, _ in part["recordings"]) == ["dogs/1.wav", "dolphins/1.wav"]
    # Constants: the reports of prepared corpora hold the second where the first rule for names was another.
    assert (sources.sha256, sources.former_sha256) == ("cf36beb3ac08d48a", "bd4ceedf4e32d354")


def test_sound_is_estimated_by_headers(sounds_folder):
    """Of fewer than 200 files by all headers; a broken one holds nothing."""
    sources = FileSources(find_audio_files([f"{sounds_folder}/00*", f"{sounds_folder}/broken.wav"]))
    lengths = [soundfile.info(path).duration for path in sources.files if "broken" not in path]
    assert len(sources) == 11 and sources.estimated_seconds() == pytest.approx(sum(lengths))
    # Files of a folder come into different shards, each file into one.
    parts = [[path for _, path in part["recordings"]] for part in sources.parts(3)]
    assert sorted(sum(parts, [])) == sources.files and sorted(map(len, parts)) == [3, 4, 4]
    assert not any(part == sorted(part) for part in parts)


class Estimate:
    """Sources of which only the length counts."""

    former_sha256 = "of no one"

    def __init__(self, hours, count=10_000):
        self.hours, self.count = hours, count

    def __len__(self):
        return self.count

    def estimated_seconds(self):
        return 3600 * self.hours

    def parts(self, count):
        return ({"part": number} for number in range(count))


@pytest.mark.parametrize(
    ("sources", "shards", "expected"),
    [
        (Estimate(1), None, 64),
        (Estimate(1, count=5), None, 5),
        (Estimate(1), 3, 3),
        # 115,200,000 bytes an hour: 1,000 hours are 107.3 GiB.
        (Estimate(1_000), None, 108),
    ],
)
def test_number_of_shards(tmp_path, sources, shards, expected):
    folders = _Folders(str(tmp_path), "c")
    request = {"name": "c", "clip_seconds": 10.0, "sources_sha256": "x"}
    plan = _plan(sources, shards, request, folders)
    assert plan["shards"] == expected == len(os.listdir(folders.work)) - 1
    # The plan of an interrupted preparation is taken as it is.
    assert _plan(sources, 7, request, folders) == plan


def test_leftovers_of_killed_workers_go(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(16000) + 0.1, 16000)
    folders = _Folders(str(tmp_path / "out"), "corpus")
    os.makedirs(folders.shards)
    os.makedirs(folders.work)
    for name in (".partial-0123-corpus-train.tfrecord-00000-of-00001", "partial-0123"):
        for folder in (folders.shards, folders.work):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(b"half")
    prepare(FileSources([str(tmp_path / "a.wav")]), str(tmp_path / "out"), workers=1)
    assert not [name for name in os.listdir(folders.corpus) if "partial" in name]
    assert not os.path.exists(folders.hidden)


def test_corpus_of_the_former_rule_for_names_is_known(tmp_path):
    for folder in ("dogs", "dolphins"):
        (tmp_path / "x" / folder).mkdir(parents=True)
        soundfile.write(tmp_path / "x" / folder / "1.wav", np.zeros(16000) + 0.1, 16000)
    sources = FileSources(find_audio_files([str(tmp_path / "x")]))
    report = prepare(sources, str(tmp_path / "out"), workers=1)
    path = tmp_path / "out" / "corpus" / "1.0.0" / "report.json"
    former = {**report, "sources_sha256": sources.former_sha256}
    assert former != report
    path.write_text(json.dumps(former))
    assert prepare(sources, str(tmp_path / "out"), workers=1) == former
    with pytest.raises(ValueError, match="the same sources in the same way. Received: hash of the sources"):
        prepare(FileSources(sources.files[:1]), str(tmp_path / "out"), workers=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "My-Corpus"}, "Received: name='My-Corpus'"),
        ({"clip_seconds": 0.5}, "Received: clip_seconds=0.5"),
        ({"shards": 0}, "Received: shards=0"),
    ],
)
def test_bad_values(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        prepare(FileSources(["a.wav"]), str(tmp_path / "out"), **arguments)
    assert not (tmp_path / "out").exists()


def test_nothing_that_can_be_decoded(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.wav").write_bytes(b"nothing")
    sources = FileSources(find_audio_files([str(tmp_path)]))
    with pytest.raises(
        ValueError, match=r"At least one recording.*3 source\(s\), all skipped; .*0.wav: Format"
    ):
        prepare(sources, str(tmp_path / "out"), workers=1)
    assert not (tmp_path / "out" / "corpus").exists()
    # One of them is replaced, and read anew.
    soundfile.write(tmp_path / "1.wav", np.zeros(16000) + 0.1, 16000)
    sources = FileSources(find_audio_files([str(tmp_path)]))
    report = prepare(sources, str(tmp_path / "out"), workers=1)
    assert report["clips"] == 1 and len(report["skipped"]) == 2
    soundfile.write(tmp_path / "2.wav", np.zeros(16000) + 0.1, 16000)
    with pytest.raises(ValueError, match="names and sizes"):
        prepare(FileSources(sources.files), str(tmp_path / "out"), workers=1)
    with pytest.raises(OSError, match="1.wav"):
        prepare(FileSources(sources.files), str(tmp_path / "1.wav" / "out"), workers=1)
    with pytest.raises(ValueError, match="at least one recording. Received: none"):
        prepare(FileSources([]), str(tmp_path / "out"))


def test_shard_is_written_again_only_where_it_is_not_whole(tmp_path, sounds_folder):
    shards, work = tmp_path / "shards", tmp_path / "work"
    shards.mkdir(), work.mkdir()
    sources = FileSources(find_audio_files([f"{sounds_folder}/00*"]))
    (part,) = sources.parts(1)
    (work / "sources-00000.json").write_text(json.dumps(part))
    (work / "plan.json").write_text(json.dumps({"name": "c", "shards": 1, "clip_seconds": 10}))
    path = shards / shard_name("c", 0, 1)
    write_shard(0, str(shards), str(work))
    content, written = path.read_bytes(), path.stat().st_mtime_ns
    write_shard(0, str(shards), str(work))
    assert path.stat().st_mtime_ns == written
    for damage in (lambda: path.write_bytes(content[:-1]), path.unlink, (work / result_file(0)).unlink):
        damage()
        write_shard(0, str(shards), str(work))
        assert path.read_bytes() == content and path.stat().st_mtime_ns > written
    assert sorted(os.listdir(shards)) == [path.name]
    assert sorted(os.listdir(work)) == ["plan.json", "result-00000.json", "sources-00000.json"]
    # Readable, with checksums, by TensorFlow itself.
    assert len(list(tf.data.TFRecordDataset(str(path)))) == 10


def test_missing_clips_of_a_published_set_are_reported(tmp_path, sounds_folder):
    files = find_audio_files([f"{sounds_folder}/00[0-2]*"])
    published = PublishedSet("AudioSet", files, 5, ["abc", "def"], 1_963_807)
    report = prepare(FileSources(files), str(tmp_path), workers=1, published=published)
    assert report["published_set"] == {
        "name": "AudioSet",
        "listed": 5,
        "found": 3,
        "missing": 2,
        "paper_clips": 1_963_807,
    }
    assert (tmp_path / "corpus" / "1.0.0" / "missing.txt").read_text() == "abc\ndef\n"
