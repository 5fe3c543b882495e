"""What TensorBoard's own projector plugin reads of a probe."""

import csv

import numpy as np
from google.protobuf import text_format
from tensorboard.plugins import projector
from tensorboard.plugins.projector import projector_plugin

from byola_keras.evaluation.task import Clip, Task
from byola_keras.explore.projection import main_components
from byola_keras.training.probe_map import ProbeMap, kept_steps

TASK = Task(
    "csv_birds",
    "birds",
    (Clip("a.wav", ("owl",), "train"), Clip("b.wav", ("owl", "robin"), "test", 0, 1.5, 2.0)),
    1.0,
)


def read_config(folder):
    config = projector.ProjectorConfig()
    text_format.Parse((folder / "projector_config.pbtxt").read_text(), config)
    return config.embeddings


def test_first_last_and_doubled_steps_are_kept():
    assert kept_steps([]) == []
    assert kept_steps([0]) == [0]
    kept = []
    for step in range(0, 13):
        kept = kept_steps([*kept, step])
    assert kept == [0, 1, 2, 4, 8, 12]


def test_projector_reads_the_steps_that_are_kept(tmp_path):
    probe_map, of_step = ProbeMap(str(tmp_path), TASK), {}
    for step in (0, 100, 200, 300, 400):
        of_step[step] = np.random.default_rng(step).normal(size=(2, 6)).astype(np.float32)
        probe_map.write(step, of_step[step])
    tensors = read_config(tmp_path)
    assert [tensor.tensor_name for tensor in tensors] == [
        f"birds, step {step}" for step in (400, 200, 100, 0)
    ]
    for tensor, step in zip(tensors, (400, 200, 100, 0), strict=True):
        read = projector_plugin._read_tensor_binary_file(
            f"{tmp_path}/{tensor.tensor_path}", tensor.tensor_shape
        )
        np.testing.assert_array_equal(read, main_components(of_step[step], 6))
        with open(tmp_path / tensor.metadata_path, encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        assert rows == [
            {"name": "a.wav", "label": "owl"},
            {"name": "b.wav from 1.5 s", "label": "owl, robin"},
        ]
    assert len(list(tmp_path.glob("*.bytes"))) == 4


def test_resumed_run_replaces_what_was_farther_or_of_other_clips(tmp_path):
    probe_map, embeddings = ProbeMap(str(tmp_path), TASK), np.eye(2, 6, dtype=np.float32)
    for step in (0, 100, 200):
        probe_map.write(step, embeddings)
    (tmp_path / "csv_birds_step_0.bytes").write_bytes(b"")
    (tmp_path / "csv_birdsong_step_50.bytes").write_bytes(b"of another task")
    probe_map.write(150, embeddings)
    assert [tensor.tensor_name for tensor in read_config(tmp_path)] == ["birds, step 150", "birds, step 100"]
    assert sorted(path.name for path in tmp_path.glob("*.bytes")) == [
        "csv_birds_step_100.bytes",
        "csv_birds_step_150.bytes",
        "csv_birdsong_step_50.bytes",
    ]
