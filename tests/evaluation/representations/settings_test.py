import pytest

from byola_keras.evaluation.representations.settings import split_settings


def test_settings_stand_behind_the_place():
    found = split_settings("a,b/c.tflite:x,sample_rate=32000,pooling=mean,python=/p", ("python",))
    assert found.place == "a,b/c.tflite:x" and found.others == {"python": "/p"}
    assert found.common == {"sample_rate": 32000, "pooling": "mean"}
    arguments = found.arguments(name="c", sample_rate=8000, window_seconds=None)
    assert arguments == {"name": "c", "sample_rate": 32000, "pooling": "mean"}
    assert split_settings("c").arguments(name="c")["sample_rate"] == 16000
    # What is no setting belongs to the place.
    assert split_settings("c,python=/p", ()).place == "c,python=/p"


def test_wrong_settings():
    with pytest.raises(ValueError, match="`sample_rate` must be an integer.*16k"):
        split_settings("c,sample_rate=16k")
    with pytest.raises(ValueError, match="`pooling` must be given once"):
        split_settings("c,pooling=mean,pooling=max")
