import json

import pytest
import tensorflow as tf

from byola_keras.models.norm_stats import NormStats
from byola_keras.training import precision
from byola_keras.training.build_model import build_model
from byola_keras.training.recipe import Recipe


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        ("model name\t: a CPU\nflags\t\t: fpu avx512f avx512_bf16\n", "mixed_bfloat16"),
        ("flags\t\t: fpu amx_bf16 amx_tile\n", "mixed_bfloat16"),
        ("Features\t: fp asimd bf16\n", "mixed_bfloat16"),
        ("flags\t\t: fpu avx512f avx512_fp16\n", "float32"),
        ("bugs\t\t: bf16\n", "float32"),
        (None, "float32"),
    ],
)
def test_auto_follows_the_cpu(monkeypatch, tmp_path, cpuinfo, expected):
    path = tmp_path / "cpuinfo"
    if cpuinfo is not None:
        path.write_text(cpuinfo)
    flags = precision._cpu_flags
    monkeypatch.setattr(precision, "_cpu_flags", lambda: flags(str(path)))
    assert precision.resolved("auto") == expected
    assert precision.resolved("mixed_float16") == "mixed_float16"


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [([(8, 0), (9, 0)], "mixed_bfloat16"), ([(7, 5), (8, 0)], "float32"), ([None], "float32")],
)
def test_auto_follows_the_gpus_where_there_are_any(monkeypatch, capabilities, expected):
    """The CPU does not count then; a GPU of another maker has no compute capability."""
    details = [{"compute_capability": each} if each else {} for each in capabilities]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: details)
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: gpu)
    monkeypatch.setattr(precision, "_cpu_flags", lambda: {"amx_bf16"})
    assert precision.resolved("auto") == expected


def test_a_run_keeps_what_it_was_started_with(monkeypatch, tmp_path):
    monkeypatch.setattr(precision, "_has_bfloat16", lambda: False)
    assert precision.resolved("auto", str(tmp_path)) == "float32"
    (tmp_path / "configuration.json").write_text(json.dumps({"precision": "mixed_bfloat16"}))
    assert precision.resolved("auto", str(tmp_path)) == "mixed_bfloat16"
    assert precision.resolved("float32", str(tmp_path)) == "float32"


def test_auto_builds_a_model(monkeypatch):
    monkeypatch.setattr(precision, "_has_bfloat16", lambda: True)
    recipe = Recipe(
        encoder="Encoder(channels=2, mlp_units=(4, 4))", projection_units=(4, 2), precision="auto"
    )
    model = build_model(NormStats(-8.0, 4.0, 0), 1600, recipe)
    assert model.encoder.compute_dtype == "bfloat16"
