"""Models of others beside ours: what fails costs its own rows alone."""

import json

import numpy as np
import pytest

from byola_keras.evaluation import evaluate
from byola_keras.evaluation.representations import registry
from byola_keras.evaluation.representations.representation import Representation
from byola_keras.evaluation.task_evaluation import Options
from tests.evaluation.tones import write_task


class Halves(Representation):
    """The loudness of the halves of the spectrum, and how often it was closed."""

    def __init__(self, spoilt=False):
        super().__init__("halves", 8000, "halves")
        self.spoilt, self.closed, self.rates = spoilt, 0, set()
        self._running.callback(self.count_close)

    def count_close(self):
        self.closed += 1

    def features(self, waveforms):
        self.rates.add(waveforms.shape[1])
        spectrum = np.abs(np.fft.rfft(waveforms[:, :4000])).reshape(len(waveforms), -1)[:, :2000]
        features = np.log(spectrum.reshape(len(waveforms), 20, 100).mean(axis=2) + 1e-3)
        return features * np.nan if self.spoilt else features


@pytest.fixture
def models(monkeypatch):
    found = {"halves": Halves(), "spoilt": Halves(spoilt=True)}
    monkeypatch.setattr(evaluate, "load_representation", lambda text: found[text])
    return found


def test_failure_of_one_model(models, tmp_path):
    task = f"csv:{write_task(tmp_path, 60)}:pitch"
    options = Options(str(tmp_path / "results"), str(tmp_path / "cache"), learning_rate=0.01, seeds=(1,))
    with pytest.raises(
        evaluate.UnfinishedError, match="missing: .*model halves cannot be used.*finite"
    ) as raised:
        evaluate.evaluate(["spoilt", "halves"], [task], "", options)
    assert "| halves |" in raised.value.table and "spoilt" not in raised.value.table
    (record,) = map(json.loads, (tmp_path / "results" / "results.jsonl").read_text().splitlines())
    assert record["model"] == "halves" and record["mean"] > 0.9
    assert [model.closed for model in models.values()] == [1, 1]
    with pytest.raises(evaluate.UnfinishedError) as raised:
        evaluate.evaluate(["spoilt"], [task], "", Options(str(tmp_path / "other"), str(tmp_path / "empty")))
    assert raised.value.table == ""


def test_all_are_looked_at_before_the_first_is_evaluated(tmp_path):
    task = f"csv:{write_task(tmp_path, 60)}:pitch"
    with pytest.raises(
        FileNotFoundError, match="Received: path='nowhere'.*Besides.*logmel_stats.*litert:..."
    ):
        evaluate.evaluate(["logmel_stats", "nowhere"], [task], "", Options(str(tmp_path), str(tmp_path)))
    assert not (tmp_path / "results.jsonl").exists()


def test_names_of_the_registry():
    assert set(registry.LOADERS) == {"savedmodel", "litert", "hear", "python", "npz"}
    assert not set(registry.LOADERS) & set(registry.DECLARATIONS)
    for name, declaration in registry.DECLARATIONS.items():
        assert name == declaration.name and name in declaration.typed
