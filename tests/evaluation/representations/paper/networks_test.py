"""The networks and front ends built in Keras compute what PyTorch and the authors' packages compute."""

import pathlib
import re

import numpy as np
import pytest

from byola_keras.evaluation.published import published_rows
from byola_keras.evaluation.representations.paper import DECLARATIONS
from byola_keras.evaluation.representations.paper.cnn14 import cnn14_network, decibel_mel
from byola_keras.evaluation.representations.paper.coala import coala_network, log_mel_images
from byola_keras.evaluation.representations.paper.openl3 import mel_decibels, openl3_network
from byola_keras.evaluation.representations.paper.vggish_network import log_mel_examples, vggish_network
from byola_keras.torch_files.reader import read_torch_file
from tests.evaluation.representations.paper.patterns import openl3_mel_basis, pattern, sounds

# File, what builds the network, its input, and the name of PyTorch's numbers.
_NETWORKS = {
    "vggish": ("torch_vggish.pth", vggish_network, pattern(3, 96, 64)),
    "vggish_4k": ("torch_vggish_embeddings.pth", lambda a: vggish_network(a, 1), pattern(3, 96, 64)),
    "cnn14": ("torch_cnn14.pth", cnn14_network, 20 * pattern(2, 75, 64) - 30),
    "openl3": ("torch_openl3.pth", openl3_network, 40 * pattern(2, 256, 199) - 40),
    "coala": ("torch_coala.pth", coala_network, pattern(3, 96, 96)),
}


@pytest.mark.parametrize("name", _NETWORKS)
def test_network_equals_pytorch(published, name):
    folder, expected = published
    file, build, inputs = _NETWORKS[name]
    found = build(read_torch_file(folder / file))(inputs).numpy()
    # float32 rounding alone makes 7e-7 of the largest value.
    np.testing.assert_allclose(found, expected[name], atol=5e-6 * np.abs(expected[name]).max())
    # The weights are such that the input matters.
    assert expected[name].std(axis=0).max() > 0.01 * np.abs(expected[name]).max()


def test_vggish_is_read_under_both_names(published):
    folder, expected = published
    network = vggish_network(read_torch_file(folder / "torch_vggish_embeddings.pth"))
    largest = np.abs(expected["vggish"]).max()
    np.testing.assert_allclose(network(pattern(3, 96, 64)), expected["vggish"], atol=5e-6 * largest)


# What float32 makes of the packages' numbers, some of which are computed in float64: twice the difference
# that was found.
@pytest.mark.parametrize(
    ("name", "samples", "compute", "kept", "tolerance"),
    [
        ("vggish", 33_000, log_mel_examples, np.s_[..., ::7, :], 1e-4),
        ("cnn14", 33_000, decibel_mel, np.s_[:, ::7], 1e-3),
        ("coala", 230_000, log_mel_images, np.s_[..., ::7], 1e-3),
        ("openl3", 48_000, lambda x: mel_decibels(x, openl3_mel_basis()), np.s_[..., ::7], 1e-3),
    ],
)
def test_front_end_equals_the_authors(frontends, name, samples, compute, kept, tolerance):
    found = compute(sounds(samples)).numpy()
    assert found.shape == tuple(frontends[f"{name}_shape"])
    np.testing.assert_allclose(found[kept], frontends[name], atol=tolerance)


def test_short_sound_makes_one_example_and_one_frame():
    assert log_mel_examples(sounds(800)).shape == (2, 1, 96, 64)
    assert decibel_mel(sounds(800)).shape == (2, 32, 64)
    images = log_mel_images(sounds(800)).numpy()
    assert images.shape == (2, 4, 96, 96)
    # The noise of COALA, and the same each time.
    assert images[..., -1].std() > 0.1
    np.testing.assert_array_equal(images, log_mel_images(sounds(800)))


def test_file_of_another_network_is_refused(published):
    arrays = read_torch_file(published[0] / "torch_cnn14.pth")
    for build in (vggish_network, openl3_network, coala_network):
        with pytest.raises(ValueError, match=r"names of the weights.*missing=\[.*unused=\['"):
            build(arrays)


def test_declarations_are_the_rows_of_table_iii():
    rows = [row.model for row in published_rows() if not row.reported and row.model != "BYOL-A"]
    assert [declaration.paper_row for declaration in DECLARATIONS] == rows
    # Table III: sample rate and size, in the table's order.
    rates = [16_000, 16_000, 16_000, 44_100, 16_000, 22_000, 48_000, 48_000, 16_000, 16_000, 16_000]
    sizes = [128, 4096, 2048, 2048, 768, 1152, 6144, 6144, 12288, 512, 1024]
    assert [declaration.sample_rate for declaration in DECLARATIONS] == rates
    assert [declaration.dimension for declaration in DECLARATIONS] == sizes


def test_table_in_the_documentation_has_every_declaration():
    text = (pathlib.Path(__file__).parents[4] / "docs" / "representations.md").read_text(encoding="utf-8")
    section = text.partition("## The paper's eleven")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    for declaration in DECLARATIONS:
        row = next(row for row in rows if declaration.paper_row in row.split("|")[1].strip().split(", "))
        assert all(f"`{typed}`" in row for typed in declaration.typed.split(" or "))
        for number in (declaration.sample_rate, declaration.dimension):
            assert re.search(rf"\b{number:,}\b".replace(",", ",?"), row), (declaration.name, number)
        pooling = {"mean_max": "| mean + max |", "mean": "| mean |", "none": "| its own"}[declaration.pooling]
        assert pooling in row
