from byola_keras.timing import input as input_module
from byola_keras.timing.input import time_input


def test_files_and_a_corpus(sounds_folder, data_dir, monkeypatch):
    monkeypatch.setattr(input_module, "_SECONDS", 0.05)
    figures = time_input([f"{sounds_folder}/0*"], data_dir, None, batch_size=8, rounds=2)
    for name in ("files", "files_wav", "files_flac", "files_ogg", "files_mp3", "corpus"):
        assert figures[f"{name}_crops_per_second"] > 0 and figures[f"{name}_crops_per_cpu_second"] > 0
    assert figures["corpus_4_crops_per_clip_crops_per_second"] > 0 and figures["corpus_over_files_mp3"] > 0
    assert not [name for name in time_input([], data_dir, "sounds", 8, 1) if "over" in name]


def test_first_round_is_not_counted_and_no_round_reads_what_another_has_read(sounds_folder, monkeypatch):
    starts = []

    def rates(stream, batch_size, workers, start_step):
        starts.append(start_step)
        return 1000.0 + start_step, 10.0

    monkeypatch.setattr(input_module, "_rates", rates)
    figures = time_input([f"{sounds_folder}/000.wav"], None, None, batch_size=8, rounds=2)
    assert starts == [0, 0, 10_000, 10_000, 20_000, 20_000]
    assert figures["files_crops_per_second"] == figures["files_wav_crops_per_second"] == 16_000


def test_ratio_of_the_corpus_by_cpu_seconds():
    """Pairs of crops a second and a CPU second, one a round."""
    timings = {"files": [(1, 10), (1, 20), (1, 30)], "corpus": [(9, 20), (9, 100), (9, 90)]}
    assert input_module._ratios(timings) == {"corpus_over_files": 3}
