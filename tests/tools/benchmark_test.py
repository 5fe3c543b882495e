import json

import pytest

from tests.factories import settled_embedder, tiny_embedder
from tests.processes import run


def test_tool_prints_and_writes_figures(tmp_path):
    path = tmp_path / "step.json"
    code, output = run("benchmark.py", "step", "--batch_size=2", "--rounds=1", f"--json={path}")
    assert code == 0, output
    figures = json.loads(path.read_text())
    assert figures["batch_size"] == 2 and 0 < figures["matmul_share"] < 2
    assert {"clips_per_second", "cpu_seconds_per_step", "frontend_and_augment_share"} <= figures.keys()


def test_tool_refuses_an_unknown_part():
    code, output = run("benchmark.py", "stride")
    assert code == 1 and "Received: ['stride']" in output


def test_input_needs_something_to_read():
    code, output = run("benchmark.py", "input")
    assert code == 1 and "Received: neither" in output


def test_export_of_a_model(tmp_path):
    settled_embedder().save(tmp_path / "tiny.keras")
    arguments = [f"--model={tmp_path / 'tiny.keras'}", "--rounds=1", f"--json={tmp_path / 'figures.json'}"]
    code, output = run("benchmark.py", "export", *arguments)
    assert code == 0, output
    figures = json.loads((tmp_path / "figures.json").read_text())
    for name in ("keras", "saved_model", "litert_float32", "litert_int8", "litert_logmel_full_int8"):
        assert figures[f"{name}_milliseconds"] == pytest.approx(1000 * figures[f"{name}_real_time_factor"])
        assert figures[f"{name}_milliseconds"] > 0
    assert figures["litert_int8_megabytes"] < figures["litert_float32_megabytes"]


def test_inference_by_graph_and_by_keras(tmp_path):
    model = tiny_embedder().save_to_preset(tmp_path / "tiny")
    path = tmp_path / "inference.json"
    arguments = [f"--model={model}", "--batch_size=8", "--rounds=2", f"--json={path}"]
    code, output = run("benchmark.py", "inference", *arguments)
    assert code == 0, output
    figures = json.loads(path.read_text())
    for name in ("graph_batch", "keras_batch", "keras_clip"):
        rate, factor = figures[f"{name}_clips_per_second"], figures[f"{name}_real_time_factor"]
        assert rate > 0 and factor == pytest.approx(1 / rate)
        assert figures[f"{name}_clips_per_cpu_second"] == pytest.approx(
            1 / figures[f"{name}_cpu_seconds_per_clip"]
        )
    # One call for eight: on a tiny model it is the calls that cost.
    assert figures["graph_batch_over_keras_clip_by_cpu"] > 2
