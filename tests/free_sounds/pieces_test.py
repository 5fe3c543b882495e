import pytest

from byola_keras.free_sounds.limits import Limits
from byola_keras.free_sounds.pieces import choose

LIMITS = Limits(excerpt_seconds=10.0, file_seconds=60.0, music_minutes=2.0)


def test_limits():
    with pytest.raises(ValueError, match="`file_seconds` must be at least 1.0. Received: file_seconds=0"):
        Limits(file_seconds=0)


def test_short_files_come_whole():
    pieces = choose([("b", 60.0), ("a", 0.5)], "music", LIMITS)
    assert [(piece.name, piece.seconds, piece.whole) for piece in pieces] == [
        ("a", 0.5, True),
        ("b", 60, True),
    ]


def test_long_files_share_the_minutes_of_their_package():
    # Two minutes for four files: 30 seconds of each, and the short one whole.
    files = [("a", 300.0), ("b", 300.0), ("c", 300.0), ("d", 25.0)]
    pieces = choose(files, "music", LIMITS)
    assert sum(piece.seconds for piece in pieces) == 115
    assert [piece.start_seconds for piece in pieces if piece.path == "a"] == [45, 145, 245]
    # More files than excerpts fit: some are left out, and which does not change.
    many = [(f"{number}.ogg", 100.0) for number in range(50)]
    pieces = choose(many, "music", LIMITS)
    assert len(pieces) == 12 and pieces == choose(many[::-1], "music", LIMITS)
    assert choose(many, "effects", LIMITS) != pieces
    assert choose(many, "music", Limits(music_minutes=0.0)) == []
