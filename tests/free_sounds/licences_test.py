from byola_keras.free_sounds.licences import NOT_STATED, Copyright
from tests.free_sounds.debs import COPYRIGHT


def test_machine_readable():
    copyright = Copyright(COPYRIGHT)
    assert copyright.licence_of("usr/share/game/data/music/a.ogg") == ("CC-BY-SA-3.0", "Files: data/music/*")
    assert copyright.licence_of("usr/share/game/data/music/free.wav").names == "CC0-1.0"
    assert copyright.licence_of("usr/share/game/musical/a.ogg") == ("GPL-2+", "Files: *")


def test_place_in_the_sources_is_told_by_the_pattern_with_most_names_in_common():
    text = (
        COPYRIGHT
        + """
Files: share/game/Sounds/*
Copyright: a
License: GFDL-1.3

Files: game/*
Copyright: b
License: MIT

Files: etc/[samples]/hit?.wav
 *.mp3
Copyright: c
License: CC-BY-4.0
"""
    )
    licence_of = Copyright(text).licence_of
    # Of the sources' "share/game/Sounds" and not of their "game".
    assert licence_of("usr/share/games/game/Sounds/hit1.wav").names == "GFDL-1.3"
    assert licence_of("usr/share/games/game/other.wav").names == "MIT"
    assert licence_of("usr/share/games/game/Sounds/music.mp3") == ("CC-BY-4.0", "Files: *.mp3")
    assert licence_of("usr/lib/a.wav").names == "GPL-2+"


def test_names_in_other_files():
    text = """This is free software under the terms of the GNU General Public
        License, see `/usr/share/common-licenses/GPL-3'. The music is under the Creative Commons
        Attribution-ShareAlike 3.0 license, some of it in the public
        domain."""
    licence = Copyright(text).licence_of("usr/share/a.ogg")
    assert set(licence.names.split(" / ")) == {"GPL-3", "CC-BY-SA-3.0", "public-domain"}
    assert licence.stated == "names in the whole file"
    assert Copyright("Ask the author.").licence_of("a").names == "not recognised"
    assert Copyright(None).licence_of("a") == NOT_STATED


def test_damaged_machine_readable_file_is_searched_for_names():
    assert Copyright(COPYRIGHT.replace("Files: *\n", "Files:\n")).licence_of("usr/b.ogg").names
