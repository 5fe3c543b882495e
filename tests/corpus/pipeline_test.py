import threading

from byola_keras.corpus import pipeline

MIB = 2**20


def test_line_of_progress():
    line = pipeline._progress_line(100 * MIB, 700 * MIB, 2 * MIB)
    assert line == "100 of about 700 MiB written, 2.0 MiB/s, about 5 minutes left."
    # The size was an estimate, and is exceeded.
    assert "about 0 minutes left" in pipeline._progress_line(800 * MIB, 700 * MIB, 2 * MIB)
    assert "0.0 MiB/s, unknown time left" in pipeline._progress_line(0, 700 * MIB, 0.0)


def test_progress_counts_what_this_call_has_written(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(pipeline, "_PROGRESS_SECONDS", 0.01)
    (tmp_path / "done-before").write_bytes(bytes(3 * MIB))
    logged = threading.Event()
    monkeypatch.setattr(pipeline.logging, "info", lambda words, line: (lines.append(line), logged.set()))
    lines = []
    with pipeline._progress(str(tmp_path), 10 * MIB):
        assert logged.wait(30)
    assert lines[0] == "3 of about 10 MiB written, 0.0 MiB/s, unknown time left."
    assert not [thread for thread in threading.enumerate() if "progress" in thread.name]
