"""The tool as a user runs it."""

import numpy as np
import pytest

import byola_keras
from tests.processes import run
from tests.reference import DATA_DIR
from tests.sounds import write_sounds

WEIGHTS = f"--weights={DATA_DIR / 'torch_v2.pth'}"
GIVEN = ["--mean=-8.5", "--std=4.25"]


def test_given_statistics(tmp_path):
    output = tmp_path / "new" / "v2.keras"
    arguments = [WEIGHTS, f"--output={output}", *GIVEN, "--mel_scale=htk", "--mel_norm=none"]
    code, text = run("convert_torch.py", *arguments, fresh=True)
    assert code == 0, text
    assert "v2, AudioNTT2022, 69 features; log-mel mean -8.5000, standard deviation 4.2500 (as given)" in text
    embedder = byola_keras.load(str(output))
    assert (embedder.frontend.mel_scale, embedder.frontend.mel_norm) == ("htk", None)
    assert np.squeeze(embedder.normalization.mean) == -8.5
    assert np.squeeze(embedder.normalization.variance) == 4.25**2
    before = output.read_bytes()
    code, text = run("convert_torch.py", *arguments)
    assert code == 1 and "must not be there yet" in text and "Traceback" not in text
    assert output.read_bytes() == before and [path.name for path in output.parent.iterdir()] == ["v2.keras"]


def test_measured_statistics_and_a_preset(tmp_path):
    sounds = write_sounds(tmp_path / "sounds", count=6)
    (sounds / "broken.wav").write_bytes(b"no sound")
    weights = f"--weights={DATA_DIR / 'torch_lightning.ckpt'}"
    arguments = [weights, f"--output={tmp_path / 'v2'}", f"--stats_from={sounds}", "--norm_crops=20"]
    code, text = run("convert_torch.py", *arguments)
    assert code == 0, text
    assert "1 of 7 sound files could not be decoded" in text
    embedder = byola_keras.load(str(tmp_path / "v2"))
    assert embedder.card["statistics"]["origin"] == f"measured over 20 random crops of {sounds}"
    assert -14 < embedder.card["statistics"]["mean"] < -2 and 1 < embedder.card["statistics"]["std"] < 8
    assert np.isfinite(embedder(np.zeros((1, 100), "float32"))["scene"]).all()
    code, text = run("convert_torch.py", *arguments, "--overwrite", "--norm_crops=10")
    assert code == 0, text
    assert "10 random crops" in (tmp_path / "v2" / "README.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--mean and --std or from --stats_from. Received: none of them"),
        ([*GIVEN, "--stats_from=."], "Received: mean, std, stats_from"),
        (
            ["--stats_from=gone"],
            "`stats_from` must be a folder, a glob pattern or a file. Received: stats_from='gone'",
        ),
        (["--stats_from=broken"], "none of the 1 tried can be decoded"),
        ([*GIVEN, "--weights=broken/x.wav"], "it has neither of PyTorch's two formats"),
    ],
)
def test_wrong_flags(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "x.wav").write_bytes(b"no sound")
    code, text = run("convert_torch.py", WEIGHTS, "--output=new/x.keras", "--norm_crops=4", *arguments)
    assert code == 1 and message in text and "Traceback" not in text
    assert not (tmp_path / "new").exists()
