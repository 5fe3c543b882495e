"""Who was taken for whom, and which of the clips are heard."""

import soundfile

from byola_keras.evaluation.predictions import Prediction
from byola_keras.evaluation.report.confusions import HEARD_CLIPS, NAMED_CLIPS, as_data, confusion
from byola_keras.evaluation.report.sounds import Sounds
from tests.factories import noise


def taken(file, truth, *predicted):
    return Prediction(file, 0.0, None, truth, predicted)


def test_counted_by_hand():
    found = [taken("a", "10", "9", "10"), taken("b", "10", "9", "9"), taken("c", "9", "9", "9")]
    one = confusion("pitch", "mine", found)
    # Numbers are in their order; a clip that one of two probes took so is half a clip.
    assert one.classes == ["9", "10"] and one.probes == 2 and one.clips == [1, 2]
    assert [(cell.truth, cell.predicted, cell.count) for cell in one.cells] == [
        *((1, 0, 1.5), (0, 0, 1.0), (1, 1, 0.5))
    ]
    # That of both probes is named first.
    assert [(clip.file, votes) for clip, votes in one.cells[0].clips] == [("b", 2), ("a", 1)]


def test_clips_of_a_cell_are_bounded_and_pieces_are_named(tmp_path):
    path = str(tmp_path / "far" / "night" / "song.wav")
    found = [Prediction(path, start, start + 0.5, "owl", ("crow",)) for start in range(20)]
    found += [Prediction(path, 30.0, None, "owl", ("owl",))]
    (data,) = as_data([confusion("birds", "mine", found)], Sounds())
    mistaken, right = data["cells"]
    assert len(mistaken["named"]) == NAMED_CLIPS and mistaken["more"] == 20 - NAMED_CLIPS
    assert right["named"] == [{"file": "night/song.wav 30 s to its end", "votes": 1, "sound": None}]


def test_sounds_are_bounded_and_shared(tmp_path):
    for number in range(8):
        soundfile.write(tmp_path / f"{number}.wav", noise(1, 16000, seed=number)[0], 16000)
    files = [str(tmp_path / f"{number}.wav") for number in range(8)]
    # Four owls are heard for crows, four crows are told.
    found = [taken(file, "owl", "crow") for file in files[:4]]
    found += [taken(file, "crow", "crow") for file in files[4:]]
    sounds = Sounds()
    one, two = as_data([confusion("birds", model, found) for model in ("one", "two")], sounds)
    assert one["cells"] == two["cells"] and len(sounds.addresses) == 2 * HEARD_CLIPS
    assert all(address.startswith("data:audio/mpeg;base64,") for address in sounds.addresses)
    sizes = [len(address) for address in sounds.addresses]
    # With room for two, each of the two cells is heard once, the mistake first.
    few = Sounds(sum(sizes[:2]))
    (data,) = as_data([confusion("birds", "one", found)], few)
    heard = [[clip["sound"] for clip in cell["named"]] for cell in data["cells"]]
    assert heard == [[1, None, None, None], [0, None, None, None]]
    assert few.addresses == sounds.addresses[:2]


def test_only_the_beginning_of_a_piece_is_heard(tmp_path):
    path = str(tmp_path / "long.wav")
    soundfile.write(path, noise(1, 8 * 16000)[0], 16000)
    sounds = Sounds()
    pieces = [(0.0, None), (7.0, None), (1.0, 1.5), (0.0, None)]
    assert [sounds.number(path, *piece) for piece in pieces] == [0, 1, 2, 0]
    whole, end, half = map(len, sounds.addresses)
    assert 1.5 < whole / end < 2.5 and 1.5 < end / half < 2.5
    assert sounds.number(str(tmp_path / "gone.wav")) is None
    # What cannot be read leaves room for the others.
    assert sounds.number(path, 3.0) == 3
