import os

import h5py
import numpy as np

import byola_keras
from byola_keras.models.half_precision import halve
from byola_keras.models.model_card import identity
from byola_keras.models.untrained import untrained_embedder
from tests.factories import noise, settled_embedder


def stored_types(folder):
    types = {}
    with h5py.File(folder / "model.weights.h5") as file:
        file.visititems(
            lambda name, entry: (
                types.update({name: (entry.dtype, entry.ndim)}) if isinstance(entry, h5py.Dataset) else None
            )
        )
    return types


def test_only_matrices_are_halved_and_weights_are_float32_again(tmp_path):
    embedder = settled_embedder()
    # Beyond the range of float16.
    variance = next(w for w in embedder.encoder.weights if "moving_variance" in w.path)
    variance.assign(np.full(variance.shape, 1e6, "float32"))
    embedder.save_to_preset(tmp_path / "whole")
    embedder.save_to_preset(tmp_path / "half", float16=True)
    whole, half = stored_types(tmp_path / "whole"), stored_types(tmp_path / "half")
    assert whole.keys() == half.keys()
    assert all(
        dtype == (np.float16 if half[name][1] == 2 else whole[name][0]) for name, (dtype, _) in half.items()
    )
    assert {dimensions for _, dimensions in half.values()} == {0, 1, 2, 4}

    loaded = byola_keras.load(tmp_path / "half")
    assert {weight.dtype for weight in loaded.encoder.weights} <= {"float32", "int64"}
    one, other = embedder(noise(2, 4000))["scene"].numpy(), loaded(noise(2, 4000))["scene"].numpy()
    assert 0 < np.abs(one - other).max() < 1e-3 * np.abs(one).max()
    card = (tmp_path / "half" / "model_card.json").read_text()
    assert identity(loaded) in card and identity(embedder) not in card


def test_matrix_that_does_not_fit_stays(tmp_path):
    path = tmp_path / "x.weights.h5"
    values = {"large": [[1e5, 1.0]], "tiny": [[3e-6, 1e-7]], "fits": [[1.0, 1e-3]], "nan": [[np.nan, 1.0]]}
    with h5py.File(path, "w") as file:
        for name, value in values.items():
            file.create_group(name)["0"] = np.float32(value)
            file[name].attrs["kept"] = name
    halve(str(path))
    with h5py.File(path) as file:
        for name, value in values.items():
            assert file[name]["0"].dtype == (np.float16 if name == "fits" else np.float32)
            np.testing.assert_allclose(file[name]["0"][()], np.float32(value), rtol=1e-3)
            assert file[name].attrs["kept"] == name
    assert os.listdir(tmp_path) == ["x.weights.h5"]


def test_full_size_fits_into_13_megabytes(tmp_path):
    untrained_embedder().save_to_preset(tmp_path / "full", float16=True)
    assert (tmp_path / "full" / "model.weights.h5").stat().st_size < 13e6
