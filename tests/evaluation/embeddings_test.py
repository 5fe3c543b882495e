"""Windows of the protocols, and the cache of embeddings."""

import os

import keras
import numpy as np
import pytest
import soundfile

from byola_keras.evaluation import embeddings as embeddings_module
from byola_keras.evaluation.embeddings import embed_task
from byola_keras.evaluation.representations.own import EmbedderRepresentation, with_statistics
from byola_keras.evaluation.task import Clip, Task
from byola_keras.evaluation.windows import Windows
from byola_keras.models.norm_stats import NormStats
from tests.factories import tiny_embedder

CLIPS = 150
SPLITS = ("train",) * 90 + ("valid",) * 20 + ("test",) * 40


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    """Clips of 1 or 2 seconds, with a unit of 1.5."""
    folder = tmp_path_factory.mktemp("clips")
    draws = np.random.default_rng(0)
    clips = []
    for number, split in enumerate(SPLITS):
        path = folder / f"{number}.wav"
        loudness = 0.02 * (1 + number % 5)
        soundfile.write(path, draws.normal(0, loudness, 16000 * (1 + number % 2)), 16000, subtype="FLOAT")
        clips.append(Clip(str(path), (str(number % 5),), split))
    return Task("noise", "Noise", tuple(clips), 1.5)


@pytest.fixture(scope="module")
def embedder():
    return tiny_embedder()


@pytest.fixture(scope="module")
def representation(embedder):
    return EmbedderRepresentation(embedder)


def whole(task, number):
    return soundfile.read(task.clips[number].path, dtype="float32")[0]


def window(task, number, seed=0):
    return Windows(task, "window", 16000, seed).read(number)


def test_windows_of_the_paper(task):
    for number in (0, 100, 120):
        np.testing.assert_array_equal(window(task, number), np.pad(whole(task, number), (0, 8000)))
    np.testing.assert_array_equal(window(task, 111), whole(task, 111)[:24000])
    starts = set()
    for number in (1, 3, 5, 7, 91, 93):
        sound, found = whole(task, number), window(task, number)
        start = int(np.flatnonzero(sound == found[0])[0])
        np.testing.assert_array_equal(found, sound[start : start + 24000])
        starts.add(start)
    assert len(starts) == 6 and min(starts) > 0
    np.testing.assert_array_equal(window(task, 1), window(task, 1))
    assert not np.array_equal(window(task, 1), window(task, 1, seed=1))


def test_batches_keep_the_order(task):
    for protocol, lengths in (("window", {24000}), ("whole_clip", {16000, 32000})):
        windows = Windows(task, protocol, 16000)
        batches = list(windows.batches(range(5, 140)))
        assert np.concatenate([numbers for numbers, _ in batches]).tolist() == list(range(5, 140))
        assert {waveforms.shape[1] for _, waveforms in batches} == lengths
        for numbers, waveforms in batches[:3]:
            np.testing.assert_array_equal(waveforms[-1], windows.read(numbers[-1]))


def test_batches_hold_so_much_sound_at_most(task, monkeypatch):
    """At most 64 clips, and 320 seconds: the memory goes with it."""
    for seconds, sizes in ((1.5, [64, 26]), (8.0, [40, 40, 10]), (400.0, [1, 1])):
        numbers = range(90 if seconds < 100 else 2)
        monkeypatch.setattr(
            Windows, "read", lambda self, number, s=seconds: np.zeros(int(s * 16000), "float32")
        )
        batches = Windows(task, "window", 16000).batches(numbers)
        assert [len(found) for found, _ in batches] == sizes


def test_embeddings_of_the_paper_use_statistics_of_the_training_windows(
    task, embedder, representation, tmp_path
):
    found = embed_task(task, representation, str(tmp_path))
    train = np.stack([window(task, number) for number in range(90)])
    log_mel = np.asarray(embedder.frontend(train))
    by_hand = with_statistics(embedder, NormStats(log_mel.mean(), log_mel.std(), 90))
    sound = np.stack([window(task, number) for number in range(CLIPS)])
    np.testing.assert_allclose(found, by_hand(sound)["scene"], atol=2e-5)
    assert not np.allclose(found, embedder(sound)["scene"], atol=1e-2)


def test_embeddings_of_whole_clips_use_the_statistics_of_the_model(task, embedder, representation, tmp_path):
    found = embed_task(task, representation, str(tmp_path), "whole_clip")
    for number in (0, 1, 111):
        np.testing.assert_allclose(found[number], embedder(whole(task, number)[None])["scene"][0], atol=2e-5)
    # A baseline has none: the same sound, and still the statistics of the task.
    baseline = embed_task(task, EmbedderRepresentation(embedder, "x", False), str(tmp_path), "whole_clip")
    assert not np.allclose(found, baseline, atol=1e-2)


def test_cache_knows_what_embeddings_depend_on(task, embedder, tmp_path, monkeypatch):
    def folders():
        return len(os.listdir(tmp_path / "cache"))

    def embed(task=task, embedder=embedder, own_statistics=True, **arguments):
        representation = EmbedderRepresentation(embedder, own_statistics=own_statistics)
        return embed_task(task, representation, str(tmp_path / "cache"), **arguments)

    first = np.array(embed())
    relabelled = Task("other", "Other", tuple(c._replace(labels=("x",)) for c in task.clips), 1.5)
    with monkeypatch.context() as patch:
        patch.setattr(Windows, "read", lambda *_: pytest.fail("The cache was not used."))
        np.testing.assert_array_equal(embed(), first)
        np.testing.assert_array_equal(embed(relabelled), first)
    assert folders() == 1
    changes = [
        {"protocol": "whole_clip"},
        {"seed": 1},
        {"own_statistics": False, "protocol": "whole_clip"},
        {"task": Task("noise", "Noise", task.clips[:-1], 1.5)},
        {"task": Task("noise", "Noise", task.clips, 1.25)},
        {"task": Task("noise", "Noise", (task.clips[0]._replace(end=0.5), *task.clips[1:]), 1.5)},
        {"task": Task("noise", "Noise", tuple(c._replace(split="train") for c in task.clips), 1.5)},
    ]
    keras.utils.set_random_seed(8)
    changes.append({"embedder": with_statistics(tiny_embedder(), NormStats(-8.25, 20**0.5, 0))})
    for count, change in enumerate(changes, 2):
        assert not np.array_equal(embed(**change), first) and folders() == count
    file = task.clips[0].path
    found = os.stat(file)
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns + 1))
    embed()
    assert folders() == len(changes) + 2


def test_interrupted_and_taken_up_again(task, representation, tmp_path, monkeypatch):
    expected = np.array(embed_task(task, representation, str(tmp_path / "whole")))
    monkeypatch.setattr(embeddings_module, "_NOTE_SECONDS", -1)
    batches = Windows.batches
    read = []

    def ends_early(self, numbers):
        for count, batch in enumerate(batches(self, numbers)):
            if len(numbers) == CLIPS and count == 2:
                raise KeyboardInterrupt
            yield batch

    def watched(self, numbers):
        read.append(numbers)
        return batches(self, numbers)

    monkeypatch.setattr(Windows, "batches", ends_early)
    with pytest.raises(KeyboardInterrupt):
        embed_task(task, representation, str(tmp_path / "cut"))
    monkeypatch.setattr(Windows, "batches", watched)
    np.testing.assert_array_equal(embed_task(task, representation, str(tmp_path / "cut")), expected)
    # Two batches of 64 were done, and the statistics too.
    assert read == [range(128, CLIPS)]
    (folder,) = (tmp_path / "cut").iterdir()
    assert sorted(os.listdir(folder)) == [".lock", "about.txt", "embeddings.npy"]


def test_unreadable_clip_and_unknown_protocol(task, representation, tmp_path):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF but no sound")
    spoilt = Task("spoilt", "Spoilt", (*task.clips, Clip(str(broken), ("1",), "test")), 1.5)
    for protocol in ("window", "whole_clip"):
        with pytest.raises(ValueError, match=r"Every clip of Spoilt.*broken.wav: .*take it out of the list"):
            embed_task(spoilt, representation, str(tmp_path / "cache"), protocol)
    with pytest.raises(ValueError, match="protocol='evar'"):
        Windows(task, "evar", 16000)


def test_cache_of_the_old_words_is_found(task, embedder, representation, tmp_path, monkeypatch):
    """The folders are named as when the protocols were called paper and full."""
    import hashlib
    import json

    from byola_keras.models.model_card import identity

    def old_key(word):
        digest = hashlib.sha256(json.dumps([1, identity(embedder), word, True, 0, 1.5, 0]).encode())
        for clip in task.clips:
            found = os.stat(clip.path)
            name = os.path.basename(clip.path)
            line = json.dumps((name, found.st_size, found.st_mtime_ns, clip.split, clip.fold))
            digest.update(line.encode())
        return digest.hexdigest()[:16]

    for word, protocol in (("paper", "window"), ("full", "whole_clip")):
        embed_task(task, representation, str(tmp_path / word), protocol)
        assert os.listdir(tmp_path / word) == [old_key(word)]


def test_statistics_are_measured_on_at_most_5000_random_training_clips(tmp_path, monkeypatch):
    taken = []
    monkeypatch.setattr(embeddings_module, "_STATISTICS_CLIPS", 7)
    monkeypatch.setattr(Windows, "batches", lambda self, numbers: taken.append(list(numbers)) or iter(()))
    clips = tuple(Clip("x", ("a",), split) for split in SPLITS)
    partial = embeddings_module._Partial(str(tmp_path))
    representation = EmbedderRepresentation(tiny_embedder())
    monkeypatch.setattr(EmbedderRepresentation, "measure", lambda *_: NormStats(-7.0, 3.0, 7))
    assert partial.statistics(Task("t", "T", clips, 1.0), representation, 0) == (-7.0, 3.0, 7)
    # A process that goes on takes what is noted.
    again = embeddings_module._Partial(str(tmp_path)).statistics(
        Task("t", "T", clips, 1.0), representation, 0
    )
    assert again == (-7.0, 3.0, 7) and len(taken) == 1
    assert len(set(taken[0])) == 7 and max(taken[0]) < 90 and taken[0] != list(range(7))
