"""Every row of every table: its size as printed, and a tiny run of it from the recipe to exported files."""

import dataclasses

import keras
import numpy as np
import pytest
import soundfile
import tensorflow as tf

import byola_keras
from byola_keras import hear
from byola_keras.ablation.recipes import recipe_of
from byola_keras.ablation.tables import TABLES, run_name
from byola_keras.export import litert
from byola_keras.export.saved_model import write_saved_model
from byola_keras.models.embedder import Embedder
from byola_keras.models.norm_stats import NormStats
from byola_keras.training import blocks
from byola_keras.training.build_model import build_model, make_encoder
from byola_keras.training.recipe import Recipe
from tests.export.closeness import relative_error
from tests.factories import changing_noise, noise

# Every run once, by its name.
RUNS = {run_name(table, row): row for table in TABLES.values() for row in table.rows if row.trained}
ENCODERS = {"base": Recipe.encoder} | {
    name: row.flags["encoder"] for name, row in RUNS.items() if "encoder" in row.flags
}
# Size of the embedding and millions of parameters, as Tables VII, VIII and X and Appendix A print them.
PRINTED = {
    "base": (3072, "6.3"),
    # The paper prints 3,072 for both; the parameters belong to these.
    "VII_conv_1": (4096, "8.4"),
    "VII_conv_3": (2560, "5.3"),
    "VII_resnet_18": (4096, "11.2"),
    "VII_resnet_50": (16_384, "23.5"),
    "IX_2": (2112, "4.4"),
    "IX_3": (2064, "4.3"),
    "IX_4": (2048, "6.3"),
    # The paper prints 0.38; the layers of Table I have a tenth of it.
    "IX_5": (1024, "0.038"),
    "IX_6": (3072, "6.3"),
    "IX_7": (3072, "6.3"),
    "X_mlp_8192": (9216, "75.6"),
    "X_mlp_4096": (5120, "21.0"),
    "X_mlp_1024": (2048, "2.1"),
    "X_mlp_512": (1536, "0.83"),
    "XV_regp": (1024, "11.2"),
    "XV_plain": (512, "11.2"),
}
SAMPLES = 6_000  # 38 frames: one frame feature of the widest ResNet
STATS = NormStats(-8.0, 4.0, 0)


def tiny(name):
    """The recipe of a run with few channels and clips."""
    recipe = recipe_of({"global_batch_size": "256"}, RUNS[name].flags)
    kind, parameters = blocks.parse(recipe.encoder)
    if kind == "Encoder":
        units = parameters.get("mlp_units", (2048, 2048))
        parameters["mlp_units"] = tuple(unit // 128 for unit in units)
    said = ", ".join(f"{key}={value!r}" for key, value in {**parameters, "channels": 4}.items())
    return dataclasses.replace(
        recipe,
        encoder=f"{kind}({said})",
        projection_units=(16, 8),
        global_batch_size=recipe.global_batch_size // 32,
        learning_rate=1e-2,
    )


def test_sizes_of_all_encoders_are_printed():
    assert set(PRINTED) == set(ENCODERS)


@pytest.mark.parametrize("name", PRINTED)
def test_sizes_of_the_paper(name):
    size, millions = PRINTED[name]
    encoder = make_encoder(Recipe(encoder=ENCODERS[name]))
    encoder.build((None, None, 64))
    assert encoder.embedding_size(64) == size
    count = sum(int(np.prod(weight.shape)) for weight in encoder.trainable_weights)
    assert f"{count / 1e6:.{len(millions.partition('.')[2])}f}" == millions


@pytest.mark.parametrize("name", RUNS)
def test_row_trains(name):
    """Two steps change what is trained and nothing else, and the target follows as the row says."""
    recipe = tiny(name)
    model = build_model(STATS, SAMPLES, recipe)
    waveforms = tf.constant(noise(recipe.global_batch_size, SAMPLES))
    before = values(model.encoder), values(model.target_encoder)
    for _ in range(2):
        assert np.isfinite(float(model.train_step(waveforms)["loss"]))
    online, target = values(model.encoder), values(model.target_encoder)
    assert all(np.any(new != old) for new, old in zip(online, before[0], strict=True))
    tau = recipe.target_decay
    moved = [np.any(new != old) for new, old in zip(target, before[1], strict=True)]
    assert not any(moved) if tau == 1.0 else all(moved)
    same = [np.array_equal(new, old) for new, old in zip(target, online, strict=True)]
    assert all(same) == (tau == 0.0)
    assert (model.predictor is None) == (name == "XII_no_predictor")


def values(model):
    # The first bias has no gradient, not even a rounded one: it is in the mean that is taken off after it.
    return [
        weight.numpy()
        for weight in model.trainable_weights
        if not weight.path.endswith("/convolution_1/bias")
    ]


def settled(name):
    """An embedder of a row whose batch statistics are those of sound."""
    keras.utils.set_random_seed(0)
    encoder = make_encoder(tiny(name))
    embedder = Embedder(byola_keras.LogMelSpectrogram(), STATS.layer(), encoder)
    embedder.build((None, None))
    for level in (0.01, 0.1, 0.3):
        encoder(embedder.normalization(embedder.frontend(noise(4, 16_000, level))), training=True)
    return embedder


# Not the sizes of the perceptron, and not the one ResNet whose strides and pooling two others have.
@pytest.mark.parametrize("name", [name for name in ENCODERS if "mlp" not in name and name != "XV_regp"])
def test_row_saves_embeds_in_chunks_serves_and_exports(name, tmp_path):
    embedder = settled(name)
    embedder.save(tmp_path / "embedder.keras")
    loaded = byola_keras.load(str(tmp_path / "embedder.keras"))
    waveform = changing_noise(60_000)[None]
    expected = embedder(waveform)
    np.testing.assert_array_equal(loaded(waveform)["frames"], expected["frames"])

    soundfile.write(tmp_path / "long.wav", waveform[0], 16_000, subtype="FLOAT")
    for chunk_seconds in (0.7, 1.3):
        found = byola_keras.embed_file(loaded, str(tmp_path / "long.wav"), chunk_seconds)
        for output in ("scene", "frames"):
            assert relative_error(found[output], expected[output][0]) < 1e-5

    model = hear.HearModel(loaded, chunk_seconds=1.3)
    frames, times = hear.get_timestamp_embeddings(tf.constant(waveform), model)
    assert relative_error(frames, expected["frames"]) < 1e-5 and times.shape == frames.shape[:2]
    assert relative_error(hear.get_scene_embeddings(tf.constant(waveform), model), expected["scene"]) < 1e-5

    write_saved_model(loaded, str(tmp_path / "saved"), "byola")
    answer = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"]
    runner = litert_runner(loaded)
    for clip in (waveform, noise(2, 12_345)):
        of_model = embedder(clip)
        for found in (answer(tf.constant(clip)), runner(waveform=clip)):
            for output in ("scene", "frames"):
                assert relative_error(found[output], of_model[output]) < 1e-4


def litert_runner(embedder):
    from ai_edge_litert.interpreter import Interpreter

    precision, content = next(litert.convert(embedder))
    assert precision == "float32"
    return Interpreter(model_content=content).get_signature_runner("serving_default")
