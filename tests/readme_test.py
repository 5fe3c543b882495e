"""What the README shows is run."""

import pathlib
import re

import keras
import numpy as np
import pytest
import soundfile

import byola_keras

README = pathlib.Path(__file__).parents[1] / "README.md"


def code_blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_python_examples_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    embedder = byola_keras.Embedder(
        byola_keras.LogMelSpectrogram(),
        keras.layers.Normalization(axis=None, mean=-8.0, variance=16.0, dtype="float32"),
        byola_keras.Encoder(),
    )
    embedder.build((None, None))
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    embedder.save(tmp_path / "runs" / "mine" / "embedder.keras")
    soundfile.write(tmp_path / "long.wav", np.zeros(700_000), 8000)
    blocks = code_blocks("python")
    assert len(blocks) == 3
    for block in blocks:
        exec(compile(block, str(README), "exec"), {})
    assert "(2, 3072) (2, 25, 3072)\n(3072,)" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["README.md", "docs/scale.md", "docs/serving.md", "docs/benchmark.md"])
def test_named_files_and_flags_exist(name):
    root = README.parent
    text = (root / name).read_text(encoding="utf-8")
    for path in re.findall(r"(?:configs|tools)/\w+\.\w+", text):
        assert (root / path).exists(), path
    tools = "".join(path.read_text() for path in (root / "tools").glob("*.py"))
    # Not the arrows of the diagram, "--audio/-->", and not the flags of Beam and TensorFlow Serving.
    others = {"flagfile", "help", "runner", "flink_master", "enable_batching", "batching_parameters_file"}
    for flag in set(re.findall(r"--(\w+)\b(?!/)", text)) - others:
        assert f'"{flag}"' in tools or f'"{flag.removeprefix("no")}"' in tools, flag


def test_every_flag_of_the_configurations_is_known():
    root = README.parent
    tool = (root / "tools" / "pretrain.py").read_text()
    for path in (root / "configs").glob("*.flags"):
        lines = path.read_text().splitlines()
        assert lines[0].startswith("#") and any("Command:" in line for line in lines), path
        for line in lines:
            if not line.startswith("#"):
                assert f'"{line[2:].split("=")[0]}"' in tool, (path, line)
