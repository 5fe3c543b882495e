import sys
import time

import numpy as np
import pytest
import soundfile

from byola_keras.audio.balance import Balance
from byola_keras.audio.crops import CropStream, crop_dataset, first_crops
from byola_keras.audio.decode import AudioError, read_crop
from byola_keras.audio.share import Share

LENGTH = 1000


@pytest.fixture
def files(tmp_path):
    """Ten files; every sample of file number n is n / 100 plus its own place in the file / 10 ** 6."""
    paths = []
    for number in range(10):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, number / 100 + np.arange(4000) / 1e6, 16000, subtype="FLOAT")
        paths.append(str(path))
    return paths


def broken_files(folder, count):
    paths = [folder / f"broken_{number:02d}.wav" for number in range(count)]
    for path in paths:
        path.write_bytes(b"nothing")
    return list(map(str, paths))


def batches(stream, count, batch_size=4, **arguments):
    return [batch.numpy() for batch in crop_dataset(stream, batch_size, **arguments).take(count)]


def file_numbers(batch):
    return np.floor(batch[:, 0] * 100 + 1e-3).astype(int)


def test_every_epoch_visits_each_file_once_in_a_new_order(files):
    crops = np.concatenate(batches(CropStream(files, LENGTH, seed=1), 10))
    epochs = file_numbers(crops).reshape(4, 10)
    for epoch in epochs:
        assert sorted(epoch) == list(range(10))
    assert len({tuple(epoch) for epoch in epochs}) == 4


def test_crops_are_random_and_cover_the_file(files):
    crops = np.concatenate(batches(CropStream(files[:1], LENGTH, seed=1), 100))
    starts = np.round(crops[:, 0] * 1e6).astype(int)
    assert crops.shape == (400, LENGTH)
    assert starts.min() < 60 and starts.max() > 2940 and len(set(starts)) > 300
    np.testing.assert_allclose(starts.mean(), 1500, atol=150)


def test_same_seed_same_stream_whatever_the_workers(files):
    first = batches(CropStream(files, LENGTH, seed=1), 12, workers=1)
    np.testing.assert_array_equal(batches(CropStream(files, LENGTH, seed=1), 12, workers=4), first)
    assert not np.array_equal(batches(CropStream(files, LENGTH, seed=2), 12), first)


def test_shares_are_the_rows_of_whole_batches_and_read_nothing_else(files, monkeypatch):
    stream = CropStream(files, LENGTH, seed=1)
    whole = batches(stream, 6, start_step=2)
    read, crop = [], stream.crop
    monkeypatch.setattr(stream, "crop", lambda place: read.append(int(place)) or crop(place))
    for index in range(2):
        share = batches(stream, 6, start_step=2, share=Share(index, 2))
        np.testing.assert_array_equal(share, [batch[2 * index : 2 * index + 2] for batch in whole])
        assert {place % 4 // 2 for place in read} == {index} and min(read) == 8 + 2 * index
        read.clear()
    timed = next(iter(crop_dataset(stream, 4, with_times=True, share=Share(1, 2))))
    assert timed["waveforms"].shape == (2, LENGTH) and timed["ready"].shape == (2,)


def test_batches_may_carry_the_time_at_which_they_were_ready(files):
    before = time.time()
    plain = batches(CropStream(files, LENGTH, seed=1), 3)
    timed = list(crop_dataset(CropStream(files, LENGTH, seed=1), 4, with_times=True).take(3))
    for crops, batch in zip(plain, timed, strict=True):
        np.testing.assert_array_equal(batch["waveforms"], crops)
        assert batch["ready"].shape == (4,) and before <= batch["ready"][0] <= time.time()


@pytest.mark.parametrize("start_step", [1, 5, 11])
def test_stream_goes_on_at_any_step(files, start_step):
    whole = batches(CropStream(files, LENGTH, seed=1), 15)
    rest = batches(CropStream(files, LENGTH, seed=1), 15 - start_step, start_step=start_step)
    np.testing.assert_array_equal(rest, whole[start_step:])


def test_broken_file_is_replaced_counted_and_named_once(files, tmp_path, caplog):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"nothing")
    stream = CropStream([*files, str(broken)], LENGTH, seed=1)
    with caplog.at_level("WARNING", logger="absl"):
        crops = np.concatenate(batches(stream, 22))
    assert np.abs(crops).max() > 0
    assert list(stream.skipped) == [str(broken)]
    assert "Format not recognised" in stream.skipped[str(broken)]
    assert sum(str(broken) in record.getMessage() for record in caplog.records) == 1
    # The substitute too is a function of the place: another start gives the same.
    again = batches(CropStream([*files, str(broken)], LENGTH, seed=1), 2, start_step=20)
    np.testing.assert_array_equal(np.concatenate(again), crops[80:])


def test_substitutes_are_drawn_from_all_files(files, tmp_path):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"nothing")
    stream = CropStream([str(broken), *files], LENGTH, seed=3)
    count, epochs = len(stream.files), 300
    # The crop at which each epoch visits the broken file.
    visits = [11 * epoch + int(np.flatnonzero(stream._order(epoch) == 0)[0]) for epoch in range(epochs)]
    substitutes = np.bincount(file_numbers(np.stack([stream.crop(visit) for visit in visits])))
    assert count == 11 and len(substitutes) == 10
    # 30 each are expected; less than 12 or more than 55 of one has a chance below one in ten thousand.
    assert substitutes.min() >= 12 and substitutes.max() <= 55


def test_one_good_file_among_many_broken_is_found(files, tmp_path):
    paths = broken_files(tmp_path, 30)
    stream = CropStream([*paths, files[7]], LENGTH, seed=0)
    crops = np.stack([stream.crop(place) for place in range(31)])
    assert set(file_numbers(crops)) == {7} and len(stream.skipped) == 30


def test_search_for_a_substitute_ends(tmp_path):
    paths = broken_files(tmp_path, 80)
    stream = CropStream(paths, LENGTH, seed=0)
    with pytest.raises(AudioError, match=r"Received: 80 file\(s\), none of the 5[01] tried"):
        stream.crop(0)


def test_crops_are_what_read_crop_gives(files):
    """Also at another rate and of files of several rates: the stream adds nothing of its own."""
    stream = CropStream(files, LENGTH, seed=1, sample_rate=8000)
    crop = stream.crop(17)
    path = files[stream._order(1)[7]]
    position = np.random.default_rng((1, 1, 17)).random()
    np.testing.assert_array_equal(crop, read_crop(path, LENGTH, position, 8000))
    assert stream.recipe()["files"] == 10 and str(stream) == "10 sound files"


def test_missing_package_for_remote_files_is_named(files, monkeypatch):
    for package in ("tensorflow_io", "fsspec"):
        monkeypatch.setitem(sys.modules, package, None)
    stream = CropStream(["s3://bucket/a.wav", *files], LENGTH, seed=0)
    message = "need the package tensorflow-io.* or fsspec. Received: 's3://bucket/a.wav'; run"
    with pytest.raises(ImportError, match=message), stream.errors.unwrapped():
        batches(stream, 3)
    # It is no broken file, in whose place another would do.
    assert not stream.skipped


def test_only_broken_files(tmp_path):
    paths = broken_files(tmp_path, 7)
    stream = CropStream(paths, LENGTH, seed=0)
    message = r"7 file\(s\), none of the 7 tried can be decoded"
    with pytest.raises(AudioError, match=message) as caught, stream.errors.unwrapped():
        batches(stream, 1)
    assert str(caught.value).count("Format not recognised") == 5


def test_two_crops_of_a_visit_lie_anywhere_in_one_file(files):
    """Shares, starts in the middle, workers and times are as with one crop, and so are the first crops."""
    one, two = CropStream(files, LENGTH, seed=1), CropStream(files, LENGTH, seed=1, two_crops=True)
    whole = list(crop_dataset(two, 4, workers=2).take(10))
    first, second = (
        np.concatenate([batch[name] for batch in whole]) for name in ("waveforms", "second_waveforms")
    )
    np.testing.assert_array_equal(first, np.concatenate(batches(one, 10)))
    np.testing.assert_array_equal(first[:4], next(iter(first_crops(two, 4))))
    np.testing.assert_array_equal(file_numbers(first), file_numbers(second))
    distances = np.abs(first[:, 0] - second[:, 0])
    assert distances.min() >= 0 and len(set(distances.round(6))) > 30 and distances.max() > 0.0015
    rest = next(iter(crop_dataset(two, 4, 7, with_times=True, share=Share(1, 2))))
    np.testing.assert_array_equal(rest["second_waveforms"], second[30:32])
    assert rest["ready"].shape == (2,)


def test_balance_of_folders(files, tmp_path):
    """Of one file in a folder and nine in another, at full balance, come equally many crops."""
    paths = [f"{tmp_path}/many/../{n}.wav" if n else f"{tmp_path}/few/../0.wav" for n in range(10)]
    for folder in ("many", "few"):
        (tmp_path / folder).mkdir()
    stream = CropStream(paths, LENGTH, 1, balance=Balance(1.0))
    assert stream.crops_per_epoch == 10
    assert str(stream) == (
        "10 sound files, 2 folders balanced by 1: the largest has 50.0 % of the crops in place of 90.0 %"
    )
    numbers = file_numbers(np.concatenate(batches(stream, 18, batch_size=10)))
    assert np.bincount(numbers).tolist() == [90] + [10] * 9
    later = file_numbers(np.concatenate(batches(stream, 3, batch_size=10, start_step=15)))
    np.testing.assert_array_equal(later, numbers[150:])


def test_substitutes_come_from_folders_by_their_shares(files, tmp_path):
    broken = broken_files(tmp_path, 1)
    paths = [f"{tmp_path}/few/../0.wav", *broken, *files[1:9]]
    (tmp_path / "few").mkdir()
    stream = CropStream(paths, LENGTH, 1, balance=Balance(1.0))
    drawn = [next(iter(list(stream._candidates(1, np.random.default_rng(n)))[1:])) for n in range(200)]
    assert 70 < drawn.count(0) < 130
