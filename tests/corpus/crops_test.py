import collections
import json
import os
import pathlib
import resource
import shutil

import numpy as np
import pytest
import tensorflow as tf

from byola_keras.audio.balance import Balance
from byola_keras.audio.crops import crop_dataset
from byola_keras.audio.decode import AudioError
from byola_keras.audio.share import Share
from byola_keras.corpus.corpus import Corpus, corpus_folder, shard_name
from byola_keras.corpus.crops import CorpusStream

LENGTH = 1000


@pytest.fixture(scope="module")
def corpus(data_dir):
    return Corpus(data_dir, "sounds")


@pytest.fixture(scope="module")
def pieces(corpus):
    """Four samples in a row to the number of the clip: what a crop begins with tells whose it is."""
    owners = {}
    for clip, samples in enumerate(corpus.samples):
        out = np.empty(samples, np.int16)
        corpus.read(clip, 0, out)
        windows = np.lib.stride_tricks.sliding_window_view(out, 16)
        owners.update({window.tobytes(): clip for window in windows})
    return owners


def batches(stream, count, batch_size=4, **arguments):
    return [batch.numpy() for batch in crop_dataset(stream, batch_size, **arguments).take(count)]


def clip_numbers(crops, pieces):
    samples = np.rint(crops * 32768).astype(np.int16)
    return [pieces[crop[:16].tobytes()] for crop in samples]


def test_every_epoch_visits_each_clip_once_in_a_new_order(corpus, pieces):
    clips = len(corpus)
    stream = CorpusStream(corpus, LENGTH, seed=1)
    crops = np.concatenate(batches(stream, 3 * clips, batch_size=1))
    assert crops.dtype == np.float32 and np.abs(crops).max() <= 1
    epochs = np.reshape(clip_numbers(crops, pieces), (3, clips))
    for epoch in epochs:
        assert sorted(epoch) == list(range(clips))
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert stream.crops_per_epoch == clips


@pytest.mark.parametrize("crops_per_clip", [1, 3])
def test_shares_are_the_rows_of_whole_batches(corpus, crops_per_clip):
    stream = CorpusStream(corpus, LENGTH, 1, crops_per_clip)
    whole = batches(stream, 5, start_step=1)
    for index in range(2):
        share = batches(stream, 5, start_step=1, share=Share(index, 2))
        np.testing.assert_array_equal(share, [batch[2 * index : 2 * index + 2] for batch in whole])


def test_crops_are_random_and_cover_the_clip(corpus):
    stream = CorpusStream(corpus, LENGTH, seed=1)
    longest = int(corpus.samples.argmax())
    out = np.empty(corpus.samples[longest], np.int16)
    corpus.read(longest, 0, out)
    places = {out[i : i + 16].tobytes(): i for i in range(len(out) - 16)}
    crops = stream.read(np.arange(300 * len(corpus)))[:, 0]
    starts = [places[crop[:16].tobytes()] for crop in crops if crop[:16].tobytes() in places]
    assert len(starts) == 300
    last = len(out) - LENGTH
    assert min(starts) < last / 30 and max(starts) > last * 29 / 30
    np.testing.assert_allclose(np.mean(starts), last / 2, rtol=0.12)
    start = starts[0]
    assert any((crop == out[start : start + LENGTH]).all() for crop in crops)


def test_short_clip_is_padded_with_zeros(corpus):
    stream = CorpusStream(corpus, 20_000, seed=1, crops_per_clip=2)
    silent_free = int(np.where(corpus.samples == 16_000, 1, 0).argmax())
    out = np.empty(corpus.samples[silent_free], np.int16)
    corpus.read(silent_free, 0, out)
    order = stream._order(0)
    crops = stream.read(np.flatnonzero(order == silent_free))
    assert crops.shape == (1, 2, 20_000)
    for crop in crops[0]:
        np.testing.assert_array_equal(crop[: len(out)], out)
        assert not crop[len(out) :].any()


@pytest.mark.parametrize("crops_per_clip", [1, 3])
def test_same_seed_same_stream_whatever_the_workers(corpus, crops_per_clip):
    def take(seed, workers):
        return batches(CorpusStream(corpus, LENGTH, seed, crops_per_clip), 30, workers=workers)

    first = take(1, workers=1)
    np.testing.assert_array_equal(take(1, workers=4), first)
    assert not np.array_equal(take(2, workers=1), first)


@pytest.mark.parametrize("crops_per_clip", [1, 3])
@pytest.mark.parametrize("start_step", [1, 29, 61])
def test_stream_goes_on_at_any_step(corpus, crops_per_clip, start_step, monkeypatch):
    # Small, so that the steps lie in several groups.
    monkeypatch.setattr("byola_keras.corpus.crops._WINDOW_BYTES", 2 * LENGTH * 4 * 3 * 5)
    stream = CorpusStream(corpus, LENGTH, 1, crops_per_clip)
    whole = batches(stream, 70)
    rest = batches(stream, 70 - start_step, start_step=start_step)
    np.testing.assert_array_equal(rest, whole[start_step:])


def test_several_crops_of_a_clip_go_to_different_batches(corpus, pieces, monkeypatch):
    """As long as a group of clips lies within an epoch."""
    monkeypatch.setattr("byola_keras.corpus.crops._WINDOW_BYTES", 2 * LENGTH * 4 * 3 * 7)
    stream = CorpusStream(corpus, LENGTH, 1, crops_per_clip=3)
    assert stream.crops_per_epoch == 3 * len(corpus)
    # Seven batches of four clips are read together, and give 21 batches.
    assert 28 < len(corpus) < 56
    group = [clip_numbers(batch, pieces) for batch in batches(stream, 21)]
    assert all(len(set(batch)) == 4 for batch in group)
    counts = collections.Counter(sum(group, []))
    assert len(counts) == 28 and set(counts.values()) == {3}
    # Not the first crops of some clips in one batch, and their second ones together in another.
    assert len({frozenset(batch) for batch in group}) == 21


def test_crops_of_one_visit_differ_and_are_what_single_reads_give(corpus):
    stream = CorpusStream(corpus, LENGTH, 1, crops_per_clip=3)
    crops = stream.read(np.arange(len(corpus)))
    distinct = [len({crop.tobytes() for crop in three}) for three in crops]
    assert np.mean(np.array(distinct) == 3) > 0.9
    for visit, three in enumerate(crops):
        clip, positions = stream._order(0)[visit], stream._positions(0)[visit]
        for crop, position in zip(three, positions, strict=True):
            start = int(float(position) * (corpus.samples[clip] - LENGTH + 1))
            out = np.empty(LENGTH, np.int16)
            corpus.read(clip, start, out)
            np.testing.assert_array_equal(crop, out)


def test_identity_follows_content_and_not_the_place(data_dir, tmp_path, corpus):
    shutil.copytree(data_dir, tmp_path / "moved")
    moved = Corpus(str(tmp_path / "moved"))
    assert moved.identity() == corpus.identity() and moved.name == "sounds" and moved.hours == corpus.hours
    np.save(os.path.join(moved.folder, "index.npy"), np.load(os.path.join(moved.folder, "index.npy"))[::-1])
    assert Corpus(str(tmp_path / "moved")).identity() != corpus.identity()


def test_corpus_that_is_not_there(tmp_path, data_dir):
    with pytest.raises(FileNotFoundError, match="corpus='other', data_dir=.* there is sounds"):
        Corpus(data_dir, "other")
    with pytest.raises(ValueError, match="exactly one. Received: .*no prepared corpus"):
        Corpus(str(tmp_path))
    shutil.copytree(corpus_folder(data_dir, "sounds"), tmp_path / "a" / "1.0.0")
    shutil.copytree(corpus_folder(data_dir, "sounds"), tmp_path / "b" / "1.0.0")
    with pytest.raises(ValueError, match="exactly one. Received: .*a, b"):
        Corpus(str(tmp_path))


def test_shards_may_all_be_open_at_a_time(data_dir, monkeypatch):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    monkeypatch.setattr("byola_keras.corpus.corpus._OTHER_FILES", 300)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (301, before[1]))
        Corpus(data_dir).close()
        # 4 shards and 300 other files.
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (304, before[1])
        resource.setrlimit(resource.RLIMIT_NOFILE, (310, before[1]))
        Corpus(data_dir).close()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (310, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_damaged_shard(data_dir, tmp_path):
    shutil.copytree(data_dir, tmp_path / "corpora")
    path = os.path.join(corpus_folder(str(tmp_path / "corpora"), "sounds"), shard_name("sounds", 2, 4))
    stream = CorpusStream(Corpus(str(tmp_path / "corpora")), LENGTH, 0)
    os.truncate(path, 1000)
    with pytest.raises(AudioError, match=f"{path} ends early"), stream.errors.unwrapped():
        batches(stream, 50)
    with pytest.raises(ValueError, match="A shard must have the size.* 1000; copy it again"):
        Corpus(str(tmp_path / "corpora"))
    size = json.loads((pathlib.Path(path).parent / "report.json").read_text())["shard_bytes"][2]
    os.truncate(path, size + 1)
    with pytest.raises(ValueError, match=f"{size} bytes. Received: .* with {size + 1}; copy it again"):
        Corpus(str(tmp_path / "corpora"))
    os.unlink(path)
    with pytest.raises(ValueError, match="with None; copy it again"):
        Corpus(str(tmp_path / "corpora"))


def test_crops_as_stored_are_the_same_numbers_in_16_bits(corpus):
    stream = CorpusStream(corpus, LENGTH, seed=1, crops_per_clip=2)
    stored, floats = batches(stream, 3, as_stored=True), batches(stream, 3)
    assert {batch.dtype for batch in stored} == {np.dtype(np.int16)}
    np.testing.assert_array_equal(np.float32(stored) / 32768, floats)


def test_names_are_those_of_the_records(corpus):
    expected = []
    for shard in sorted(pathlib.Path(corpus.folder).glob("*.tfrecord*")):
        for record in tf.data.TFRecordDataset(str(shard)):
            features = tf.train.Example.FromString(record.numpy()).features.feature
            expected.append(features["source"].bytes_list.value[0].decode())
    assert corpus.names() == expected and "long.wav" in expected


@pytest.mark.parametrize("crops_per_clip", [1, 3])
def test_two_crops_of_a_pair_come_from_one_clip(corpus, pieces, crops_per_clip):
    stream = CorpusStream(corpus, LENGTH, 1, crops_per_clip, two_crops=True)
    whole = list(crop_dataset(stream, 4, as_stored=True).take(10))
    assert whole[0]["waveforms"].dtype == np.int16 and whole[0]["second_waveforms"].shape == (4, LENGTH)
    first, second = (
        np.concatenate([batch[name] for batch in whole]) for name in ("waveforms", "second_waveforms")
    )
    owners = [[pieces[crop[:16].tobytes()] for crop in crops] for crops in (first, second)]
    assert owners[0] == owners[1]
    assert np.mean(np.any(first != second, axis=1)) > 0.5
    rest = next(iter(crop_dataset(stream, 4, 7, share=Share(1, 2))))
    np.testing.assert_array_equal(np.rint(rest["second_waveforms"] * 32768), second[30:32])


@pytest.mark.parametrize("crops_per_clip", [1, 2])
def test_balance_of_folders(corpus, pieces, monkeypatch, crops_per_clip):
    clips = len(corpus)
    monkeypatch.setattr(
        corpus, "names", lambda: [f"{'few' if n < 3 else 'many'}/x.wav" for n in range(clips)]
    )
    stream = CorpusStream(corpus, LENGTH, 1, crops_per_clip, Balance(1.0))
    assert stream.crops_per_epoch == clips * crops_per_clip and "2 folders balanced by 1" in str(stream)
    crops = np.concatenate(batches(stream, 2 * crops_per_clip, batch_size=clips))
    counts = np.bincount(clip_numbers(crops, pieces), minlength=clips)
    assert counts.sum() == 2 * crops_per_clip * clips
    assert abs(counts[:3].sum() - counts[3:].sum()) <= 2 * crops_per_clip
    assert np.ptp(counts[:3]) <= crops_per_clip and np.ptp(counts[3:]) <= crops_per_clip
