"""tools/make_preset.py and tools/presets.py as a user runs them."""

import json

from tests.factories import settled_embedder
from tests.processes import run


def test_preset_is_made_listed_and_taken_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setenv("BYOLA_KERAS_PRESETS", str(tmp_path / "presets"))
    settled_embedder().save(tmp_path / "birds.keras")
    arguments = [f"--model={tmp_path / 'birds.keras'}", f"--output_dir={tmp_path / 'presets'}"]
    code, output = run("make_preset.py", *arguments, "--commit=0123abc", "--not_good_for=Bats.")
    assert code == 0 and "of 5 clips are those of the model in float32 to" in output, output
    card = json.loads((tmp_path / "presets" / "birds" / "model_card.json").read_text())["card"]
    assert (card["name"], card["commit"], card["not_good_for"]) == ("birds", "0123abc", "- Bats.")
    code, output = run("presets.py")
    assert code == 0 and f"In {tmp_path / 'presets'}:\n  birds: 0." in output and "In the package:" in output
    assert "  free_sounds: 12.8 MB, 3,072 features. Linear probes on 5 tasks, average in percent" in output
    assert "By intervals" not in output

    code, output = run("make_preset.py", *arguments, "--name=birds")
    assert code == 1 and "error: A preset must go to a new folder" in output and "Traceback" not in output
    code, output = run("make_preset.py", *arguments, "--name=a/b")
    assert code == 1 and "error: `name` must be letters" in output
    code, output = run("export.py", "--model=bird", f"--output_dir={tmp_path / 'out'}")
    assert code == 1 and "Known names: birds (in" in output and "and in the package " in output
