import pathlib
import re

import pytest

import byola_keras
from byola_keras.timing.roofline import ACCELERATORS, roofline, step_bytes
from tests.factories import tiny_byol

PAGE = pathlib.Path(byola_keras.__file__).parents[1] / "docs" / "gpu.md"


def test_page_says_what_is_computed():
    figures = roofline(256)
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if re.match(r"\| [AH]100 ", line)
    ]
    kinds = [(name, kind) for name, accelerator in ACCELERATORS.items() for kind in accelerator.tflops]
    assert len(rows) == len(kinds) == 6
    for (name, kind), (gpu, _, *cells) in zip(kinds, rows, strict=True):
        assert gpu[:4].lower() == name[:4]
        tflops, products, memory, clips, hours = [float(cell.replace(",", "")) for cell in cells]
        assert tflops == ACCELERATORS[name].tflops[kind]
        assert products == pytest.approx(figures[f"{name}_{kind}_products_milliseconds"], abs=0.06)
        assert memory == pytest.approx(figures[f"{name}_{kind}_memory_milliseconds"], abs=0.06)
        assert clips == pytest.approx(figures[f"{name}_{kind}_clips_per_second_bound"], rel=0.01)
        assert hours == pytest.approx(figures[f"{name}_{kind}_audioset_hours_bound"], abs=0.06)
        # The larger of the two times is the bound.
        assert clips == pytest.approx(256_000 / max(products, memory), rel=0.02)


def test_bytes_by_hand():
    """One convolution block and one dense layer of each kind, of a clip more: all else is the same."""
    model = tiny_byol()
    online_into = 24 * 16 + 12 * 8 * 4 + 6 * 16 + 6 * 16 + 32 + 32 + 8 + 32
    online_out = 24 * 16 * 4 + 12 * 8 * 4 + 6 * 16 + 6 * 16 + 32 + 8 + 32 + 8
    target_into, target_out = online_into - 8 - 32, online_out - 32 - 8
    values = 6 * online_into + 8 * online_out + 2 * target_into + 3 * target_out
    more = [step_bytes(model, 3, size, 24, 16) - step_bytes(model, 2, size, 24, 16) for size in (4, 2)]
    assert more[0] - more[1] == 2 * values * 2
    assert step_bytes(model, 0, 4, 24, 16) == 48 * sum(
        w.shape.num_elements() for w in model.trainable_variables
    )
