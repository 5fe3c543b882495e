import math

import numpy as np
import pytest

from byola_keras.evaluation import published


def rows():
    return {(row.model, row.reported): row for row in published.published_rows()}


def test_averages_are_the_means_of_their_rows():
    measured = [row for row in published.published_rows() if not row.reported]
    assert len(measured) == 12 and measured[-1].model == "BYOL-A"
    for row in measured:
        assert tuple(row.scores) == (*published.TASKS, *published.FSD50K_COLUMNS)
        means = [row.scores[task][0] for task in published.TASKS]
        assert np.mean(means) == pytest.approx(row.average, abs=0.06)
        assert all(0 <= row.scores[task][1] < 9 for task in published.TASKS)
        assert all(math.isnan(row.scores[column][1]) for column in published.FSD50K_COLUMNS)


def test_rows_as_printed():
    byola = rows()["BYOL-A", False]
    assert (byola.label, byola.average) == ("U", 72.4)
    assert byola.scores["vc1"] == (57.6, 0.2) and byola.scores["gtzan"] == (70.1, 3.6)
    assert [byola.scores[column][0] for column in published.FSD50K_COLUMNS] == [44.8, 89.6, 47.3, 31.3, 49.6]
    # These two differ from the figures of the authors' repository.
    panns, ast = rows()["PANNs", False], rows()["AST", False]
    assert panns.scores["esc50"] == (90.1, 0.4) and panns.average == 57.0 and panns.label == "Sas"
    assert ast.scores["esc50"] == (93.5, 0.4) and ast.average == 65.5
    assert ast.scores["fsd50k"][0] == 58.9 and ast.scores["fsd50k_scene"][0] == 60.9


def test_rows_that_the_paper_repeats():
    repeated = {model: row for (model, reported), row in rows().items() if reported}
    assert list(repeated) == ["TRILL", "COLA", "Wang et al."]
    assert repeated["TRILL"].scores.keys() == {"spcv2", "vc1", "voxforge", "cremad"}
    assert repeated["COLA"].scores["nsynth"][0] == 63.4 and math.isnan(repeated["COLA"].scores["nsynth"][1])
    assert all(math.isnan(row.average) for row in repeated.values())
    # TRILL was measured as well, with other results.
    assert rows()["TRILL", False].scores["spcv2"] == (78.4, 0.8)
