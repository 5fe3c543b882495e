import numpy as np

from byola_keras.classify import formats
from byola_keras.classify.segments import Segment, Segments


def spans(*starts):
    return np.array([(start, start + 1.0) for start in starts])


def test_neighbours_become_one_segment():
    segments = Segments(["a", "b"], [0.5, 0.8])
    segments.update(spans(0.0, 0.5, 1.0), np.array([[0.6, 0.1], [0.9, 0.8], [0.1, 0.9]], "float32"))
    segments.update(spans(1.5, 4.0), np.array([[0.7, 0.2], [0.5, 0.79]], "float32"))
    rounded = [(one.start, one.end, one.label, round(one.confidence, 4)) for one in segments.result()]
    assert rounded == [(0.0, 2.5, "a", 0.9), (0.5, 2.0, "b", 0.9), (4.0, 5.0, "a", 0.5)]


def test_gap_and_threshold_of_never():
    heard = np.array([[0.9, 1.0], [0.9, 1.0]], "float32")
    for gap, count in ((0.4, 2), (0.5, 1)):
        segments = Segments(["a", "b"], [0.5, float("inf")], gap)
        segments.update(spans(0.0, 1.5), heard)
        assert [one.label for one in segments.result()] == ["a"] * count
    # In float32 a third of 3 x 0.1 is below 0.1.
    segments = Segments(["a"], [0.1])
    segments.update(spans(0.0), np.array([[0.1]], "float32"))
    assert len(segments.result()) == 1


def test_formats():
    found = [Segment(0.5, 2.25, "owl\t, big", 0.91), Segment(3.0, 4.0, "frog", 1.0)]
    assert formats.as_csv(found) == (
        'start,end,label,confidence\n0.500,2.250,"owl\t, big",0.9100\n3.000,4.000,frog,1.0000\n'
    )
    assert formats.as_audacity(found) == "0.500000\t2.250000\towl , big\n3.000000\t4.000000\tfrog\n"
    lines = [line.split("\t") for line in formats.as_raven(found, 16000, "night.wav").splitlines()]
    assert lines[0][:5] == ["Selection", "View", "Channel", "Begin Time (s)", "End Time (s)"]
    assert lines[1] == [
        *("1", "Spectrogram 1", "1", "0.500000", "2.250000", "0.0", "8000.0", "owl , big", "0.9100"),
        "night.wav",
    ]
    assert len(lines) == 3 and {len(line) for line in lines} == {10}
    # A recording without any class has the header alone.
    assert len(formats.as_raven([], 16000, "night.wav").splitlines()) == 1 and formats.as_audacity([]) == ""
