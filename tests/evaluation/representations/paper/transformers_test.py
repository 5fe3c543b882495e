"""AST and Wav2Vec2 by transformers' own classes, with random weights; needs the package."""

import importlib.util

import numpy as np
import pytest

from byola_keras.evaluation.representations.paper.spectrogram_transformer import AST
from byola_keras.evaluation.representations.paper.wav2vec2 import WAV2VEC2_C, WAV2VEC2_F
from tests.evaluation.representations.paper.patterns import sounds

_INSTALLED = all(importlib.util.find_spec(name) for name in ("torch", "transformers"))
installed = pytest.mark.skipif(not _INSTALLED, reason="needs PyTorch and transformers")


@pytest.mark.skipif(_INSTALLED, reason="PyTorch and transformers are installed")
@pytest.mark.parametrize("declaration", [AST, WAV2VEC2_F, WAV2VEC2_C])
def test_missing_package_is_named(declaration):
    text = f"--model={declaration.name}` needs PyTorch and transformers: `pip install torch transformers`"
    with pytest.raises(ImportError, match=text):
        declaration.make("")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Folders of small models of the published kinds, by name."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    torch.manual_seed(5)
    size = {"hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 8}
    wide = {"initializer_range": 0.5, "hidden_dropout_prob": 0.1}
    ast = transformers.ASTModel(transformers.ASTConfig(max_length=128, **size, **wide))
    torch.nn.init.normal_(ast.embeddings.position_embeddings)
    convolutions = {"conv_dim": (8,) * 7, "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2}
    wav2vec2 = transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**size, **convolutions))
    made = {"ast": (ast, transformers.ASTFeatureExtractor(max_length=128))}
    made["wav2vec2"] = (wav2vec2, transformers.Wav2Vec2FeatureExtractor(do_normalize=True))
    folder = tmp_path_factory.mktemp("transformers")
    for name, parts in made.items():
        for part in parts:
            part.save_pretrained(folder / name)
    return {name: (str(folder / name), *parts) for name, parts in made.items()}


@installed
def test_ast_agrees_with_the_package_and_takes_any_length(folders):
    import torch

    folder, model, extractor = folders["ast"]
    representation = AST.make(folder)
    # 128 frames, for which the model has positions as they are.
    waveforms = sounds(20_720)
    with torch.inference_mode():
        inputs = extractor(list(waveforms), sampling_rate=16_000, return_tensors="pt")
        expected = model.eval()(**inputs).pooler_output.numpy()
    np.testing.assert_allclose(representation.embed(waveforms), expected, atol=1e-4 * np.abs(expected).max())
    assert expected.std(axis=0).max() > 0.01
    for samples in (1_000, 16_000, 60_000):
        found = representation.embed(sounds(samples))
        assert found.shape == (2, 12) and np.isfinite(found).all()
    # The positions are those of the length, whatever was embedded before.
    np.testing.assert_allclose(representation.embed(waveforms), expected, atol=1e-4 * np.abs(expected).max())


@installed
def test_wav2vec2_agrees_with_the_package(folders):
    import torch

    folder, model, extractor = folders["wav2vec2"]
    waveforms = sounds(16_000)
    with torch.inference_mode():
        inputs = extractor(list(waveforms), sampling_rate=16_000, return_tensors="pt").input_values
        convolutions = model.eval().feature_extractor(inputs).numpy()
        context = model(inputs).last_hidden_state.numpy()
    first, last = WAV2VEC2_F.make(folder), WAV2VEC2_C.make(folder)
    expected = convolutions.max(axis=2) + convolutions.mean(axis=2)
    np.testing.assert_allclose(first.embed(waveforms), expected, atol=1e-4 * np.abs(expected).max())
    np.testing.assert_allclose(last.embed(waveforms), context.mean(axis=1), atol=1e-4 * np.abs(context).max())
    assert first.identity != last.identity


@installed
def test_absent_folder_says_what_to_download(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"`--model=ast:FOLDER`; they are those of huggingface.co/MIT"
    ):
        AST.make(str(tmp_path / "nothing"))
