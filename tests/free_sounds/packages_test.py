import pytest

from byola_keras.free_sounds.packages import KINDS, _rows, kind_of, listed_packages, requests

# Sound on which encoders are compared must not be learnt from.
HELD_OUT = (
    *("asterisk-", "ktuberling-data", "tuxpaint-", "fillets-ng", "fluid-soundfont", "fluidr3mono"),
    *("musescore-general", "hydrogen-", "avldrums", "klettres-data", "0ad-data", "wesnoth"),
    *("megaglest-data", "widelands-data", "gcin-voice", "timgm6mb-soundfont"),
)


def test_table():
    assert len(listed_packages()) > 25
    assert {kind for _, _, kind in _rows()} == set(KINDS)
    assert not [name for name in listed_packages() if name.startswith(HELD_OUT)]


def test_last_row_that_fits_tells_the_kind():
    path = "usr/share/games/hedgewars/Data/Sounds/voices/Default/Byebye.ogg"
    assert kind_of("hedgewars-data", path) == "speech"
    assert kind_of("hedgewars-data", "usr/share/games/hedgewars/Data/Sounds/hit.ogg") == "effects"
    assert kind_of("not-listed", "usr/share/x/Music/a.ogg") == "music"


def test_requests():
    (one, two) = requests(["supertux-data", "naev-data=1:0.8-2~x"])
    assert (one.version, two.version, two.optional) == (None, "1:0.8-2~x", False)
    assert all(request.optional for request in requests())
    for wrong in ("", "Naev", "naev-data=", "naev-data 1", "../x"):
        with pytest.raises(ValueError, match="must be names of Debian packages, or NAME=VERSION. Received"):
            requests([wrong])
    with pytest.raises(ValueError, match="named once. Received: naev-data more than once"):
        requests(["naev-data", "naev-data=1"])
