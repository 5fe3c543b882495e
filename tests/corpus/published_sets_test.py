import pytest

from byola_keras.corpus.published_sets import AUDIOSET_CLIPS, FSD50K_DEV_CLIPS, select_audioset, select_fsd50k

BALANCED = """# Segments csv created Sun Mar  5 10:54:25 2017
# num_ytids=3, num_segs=3, num_unique_labels=2, num_positive_labels=4
# YTID, start_seconds, end_seconds, positive_labels
--4gqARaEJE, 0.000, 10.000, "/m/068hy,/m/07q6cd_"
YfsBR7e_X_Y, 30.000, 40.000, "/m/02zsn"
_-Y1-K3-abc, 0.000, 10.000, "/m/07rwj"
"""
UNBALANCED = '# YTID, start_seconds, end_seconds, positive_labels\nAbCdEfGhIj0, 5.0, 15.0, "/m/02zsn"\n'


@pytest.fixture
def lists(tmp_path):
    (tmp_path / "balanced.csv").write_text(BALANCED)
    (tmp_path / "unbalanced.csv").write_text(UNBALANCED)
    return [str(tmp_path / "balanced.csv"), str(tmp_path / "unbalanced.csv")]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("--4gqARaEJE.wav", True),
        ("Y--4gqARaEJE.wav", True),
        ("--4gqARaEJE_0.000_10.000.flac", True),
        ("Y--4gqARaEJE_0_10000.MP3", True),
        ("YfsBR7e_X_Y.wav", True),
        ("YYfsBR7e_X_Y_30.000.wav", True),
        ("_-Y1-K3-abc_0_10.wav", True),
        ("--4gqARaEJEx.wav", False),
        ("x--4gqARaEJE.wav", False),
        ("fsBR7e_X_Y_.wav", False),
        ("notes.wav", False),
        (".wav", False),
    ],
)
def test_usual_names_of_audioset(lists, name, found):
    chosen = select_audioset(lists, [f"/a/{name}"])
    assert chosen.files == ([f"/a/{name}"] if found else [])
    assert chosen.listed == 4 and len(chosen.missing) == 4 - found


def test_audioset_is_compared_with_the_paper(lists):
    files = ["/b/Y--4gqARaEJE.wav", "/a/--4gqARaEJE_0_10.flac", "/a/AbCdEfGhIj0.wav", "/a/other.wav"]
    chosen = select_audioset(lists, files)
    # A clip that is there twice counts once.
    assert chosen.files == ["/a/--4gqARaEJE_0_10.flac", "/a/AbCdEfGhIj0.wav"]
    assert chosen.missing == ["YfsBR7e_X_Y", "_-Y1-K3-abc"]
    assert chosen.paper_clips == AUDIOSET_CLIPS == 1_963_807


def test_fsd50k(tmp_path):
    (tmp_path / "dev.csv").write_text("fname,labels,mids,split\n64760,a,b,train\n16399,a,b,val\n")
    chosen = select_fsd50k(str(tmp_path / "dev.csv"), ["/x/64760.wav", "/x/999.wav"])
    assert chosen.files == ["/x/64760.wav"] and chosen.missing == ["16399"] and chosen.listed == 2
    assert chosen.paper_clips == FSD50K_DEV_CLIPS == 40_966


def test_lists_of_another_form(tmp_path):
    (tmp_path / "other.csv").write_text("file,label\n1,2\n")
    with pytest.raises(ValueError, match="YouTube identifier.*other.csv', line 1: 'file,label'"):
        select_audioset([str(tmp_path / "other.csv")], [])
    with pytest.raises(ValueError, match=r"column fname.*\['file', 'label'\]"):
        select_fsd50k(str(tmp_path / "other.csv"), [])
    with pytest.raises(FileNotFoundError, match="audioset_csv='gone.csv', which is not there"):
        select_audioset(["gone.csv"], [])
