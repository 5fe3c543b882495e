"""tools/search.py as a user runs it, and its page in a browser."""

import json
import os

import numpy as np
import pytest
import soundfile
from absl import flags

from byola_keras.commands.command import parse
from byola_keras.commands.search import COMMAND
from tests.browser import new_page
from tests.factories import tiny_embedder
from tests.processes import run

# Two tones, which the untrained encoder tells from each other, with a little noise.
PITCHES = {"low": 300, "high": 3000}


def write_tones(folder):
    for kind, pitch in PITCHES.items():
        (folder / kind).mkdir(parents=True)
        for number in range(4):
            noise = np.random.default_rng(number).normal(0, 0.01, 16000)
            sound = 0.3 * np.sin(2 * np.pi * pitch * np.arange(16000) / 16000) + noise
            soundfile.write(folder / kind / f"{number}.wav", sound, 16000)
    return folder


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    sounds = write_tones(folder / "sounds")
    model = tiny_embedder(seed=0).save_to_preset(folder / "tiny")
    for tool, *arguments in (
        ("embed.py", f"--model={model}", f"--input={sounds}", f"--output_dir={folder}/embeddings"),
        ("search.py", "index", f"--embeddings={folder}/embeddings", f"--output_dir={folder}/index"),
    ):
        code, output = run(tool, *arguments)
        assert code == 0, output
    assert "Indexed: 8 embeddings of" in output and "8 with a label" in output
    return folder / "index"


def test_clip_is_embedded_by_the_model_of_the_index(index, tmp_path):
    soundfile.write(tmp_path / "new.wav", 0.3 * np.sin(2 * np.pi * 3000 * np.arange(24000) / 16000), 16000)
    code, output = run(
        "search.py", "query", f"--index={index}", f"--clip={tmp_path}/new.wav", "--count=3", "--format=json"
    )
    assert code == 0, output
    answer = json.loads(output[output.index("{") :])
    assert [match["label"] for match in answer["matches"]] == ["high"] * 3
    assert answer["query"]["name"] == "new.wav" and answer["matches"][0]["score"] > 0.9


def test_page_plays_the_query_and_its_matches(index, tmp_path):
    arguments = ["query", f"--index={index}", "--name=low/0.wav", "--label=low", "--count=2"]
    os.rename(index.parent / "sounds/low/3.wav", index.parent / "gone.wav")
    try:
        code, output = run("search.py", *arguments, "--count=3", "--format=html", f"--output_dir={tmp_path}")
    finally:
        os.rename(index.parent / "gone.wav", index.parent / "sounds/low/3.wav")
    assert code == 0, output
    assert "Like low/0.wav:" in output and "low/3.wav" in output
    assert sorted(path.suffix for path in (tmp_path / "sounds").iterdir()) == [".flac"] * 3
    with new_page(tmp_path / "profile") as page:
        page.open(tmp_path / "results.html")
        assert page.run("document.querySelectorAll('li').length") == 4
        assert page.run("document.querySelectorAll('.gone').length") == 1
        heard = page.run("""Promise.all([...document.querySelectorAll("audio")].map(async (audio) => {
            await audio.play();
            await new Promise((heard) => audio.addEventListener("timeupdate", heard, { once: true }));
            return audio.duration;
        }))""")
        assert heard == [pytest.approx(1.0, abs=0.05)] * 3
        assert page.errors() == []
        assert all(address.startswith((tmp_path.as_uri(), "data:")) for address in page.requests())


def test_flags_that_do_not_fit(index):
    for arguments, message in (
        ([], "must be one of index, query"),
        (["index"], "index needs --embeddings"),
        (["query", f"--index={index}"], "One of --clip and --name"),
        (["query", f"--index={index}", "--clip=none.wav"], "`--clip` must be a sound file"),
        (["query", f"--index={index}", "--name=x", "--format=html"], "query needs --output_dir"),
    ):
        with pytest.raises((ValueError, OSError), match=message):
            parse(COMMAND, arguments, flags.FlagValues())


def test_errors_are_one_line(index, tmp_path):
    other = tiny_embedder(seed=1).save_to_preset(tmp_path / "other")
    clip = index.parent / "sounds/low/0.wav"
    for arguments, message in (
        (["query", f"--index={tmp_path}", "--name=x"], "that byola search index has written"),
        (["query", f"--index={index}", f"--clip={clip}", f"--model={other}"], "must be the one that made"),
    ):
        code, output = run("search.py", *arguments)
        assert code == 1 and message in output and "Traceback" not in output, output
