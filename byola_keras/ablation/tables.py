"""The rows of Tables VI to XIII and XV: what each changes in the recipe, and what the paper prints for it.

Printed numbers are averages over the nine tasks of Table IV in percent, of encoders that were pre-trained on
FSD50K for 500 epochs (Section IV-B3).
"""

import dataclasses
import types
import zlib
from collections.abc import Mapping

BASE = "base"
RANDOM = "random"


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        name: the row's letter or number, or a short name where the paper gives none.
        title: what the row is, as in the paper.
        printed: the paper's average over nine tasks, in percent; None for a row of one's own.
        flags: flags of `byola pretrain` that differ from the base recipe; empty for the base itself.
        trained: False for the encoder as it is before training.
        own: whether the row is one's own and not the paper's.
    """

    name: str
    title: str
    printed: float | None
    flags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    trained: bool = True
    own: bool = False


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of the paper.

    Attributes:
        number: in Roman digits.
        title: what it is about.
        section: where the paper discusses it.
        base: name of the row that differences are taken to.
        rows: in the paper's order.
        note: where the paper's numbers leave a choice, which was taken.
    """

    number: str
    title: str
    section: str
    base: str
    rows: tuple[Row, ...]
    note: str = ""

    @property
    def digits(self) -> int:
        """Decimal places of the paper's numbers."""
        return max(len(str(row.printed).partition(".")[2]) for row in self.rows if not row.own)

    def row(self, name: str) -> Row:
        """The row of this name.

        Raises:
            ValueError: there is none.
        """
        for row in self.rows:
            if row.name == name:
                return row
        names = ", ".join(row.name for row in self.rows)
        raise ValueError(f"The rows of Table {self.number} are {names}. Received: {name!r}")


def _blocks(*names):
    return {"augmentation": " ".join((*names, "BatchStandardization"))}


_MIXUP, _GAUSSIAN, _CROP, _FADER = "LogMixupExp", "GaussianMixup", "RandomResizeCrop", "RandomLinearFader"

_TABLES = (
    Table(
        "VI",
        "Blocks of the augmentation",
        "Section IV-D",
        "a",
        (
            Row("a", "Mixup + RRC + RLF (BYOL-A)", 70.32),
            Row("b", "Mixup + Gaussian + RRC + RLF", 70.12, _blocks(_MIXUP, _GAUSSIAN, _CROP, _FADER)),
            Row("c", "Gaussian + RRC + RLF", 69.22, _blocks(_GAUSSIAN, _CROP, _FADER)),
            Row("d", "RRC + RLF", 69.46, _blocks(_CROP, _FADER)),
            Row("e", "RRC + Mixup", 70.30, _blocks(_MIXUP, _CROP)),
            Row("f", "RRC", 68.68, _blocks(_CROP)),
            Row("g", "Mixup", 62.47, _blocks(_MIXUP)),
            Row("h", "RLF", 57.70, _blocks(_FADER)),
            Row(RANDOM, "Random BYOL-A (no training)", 61.66, trained=False),
        ),
        "Row e has the blocks of the earlier work [38], whose code mixes before it crops.",
    ),
    Table(
        "VII",
        "Encoder networks",
        "Section IV-E",
        "conv_2",
        (
            Row("conv_2", "2 convolution blocks (BYOL-A)", 70.3),
            Row("conv_1", "1 convolution block", 68.2, {"encoder": "Encoder(conv_blocks=1)"}),
            Row("conv_3", "3 convolution blocks", 68.7, {"encoder": "Encoder(conv_blocks=3)"}),
            Row(
                "resnet_18",
                "ResNet-18 (ReGP + narrow receptive field)",
                69.0,
                {"encoder": "ResNetEncoder(depth=18, pooling='regp', narrow_receptive_field=True)"},
            ),
            Row(
                "resnet_50",
                "ResNet-50 (ReGP + narrow receptive field)",
                70.3,
                {"encoder": "ResNetEncoder(depth=50, pooling='regp', narrow_receptive_field=True)"},
            ),
        ),
        "For 1 and 3 convolution blocks the paper prints 3,072-d beside parameter counts (8.4 M, 5.3 M) that "
        "belong to 4,096-d and 2,560-d. The counts were taken: the perceptron stays as it is.",
    ),
    Table(
        "IX",
        "Global pooling blocks (their sizes are Table VIII)",
        "Section IV-F",
        "1",
        (
            Row("1", "BYOL-A", 70.3),
            Row("2", "Frequency mean pooling", 63.2, {"encoder": "Encoder(flatten='mean_freq')"}),
            Row("3", "Channel mean pooling", 60.5, {"encoder": "Encoder(flatten='mean_channel')"}),
            Row("4", "Global feature only", 68.3, {"encoder": "Encoder(features='global')"}),
            Row("5", "Local feature only", 64.8, {"encoder": "Encoder(features='local')"}),
            Row("6", "Temporal mean pooling", 67.7, {"encoder": "Encoder(pooling='mean')"}),
            Row("7", "Temporal max pooling", 69.9, {"encoder": "Encoder(pooling='max')"}),
        ),
        "Table VIII prints 0.38 M parameters for row 5; the layers of Table I have 37,824. Table IX prints a "
        "difference of -5.6 for it beside averages that differ by 5.5, which is what stands here.",
    ),
    Table(
        "X",
        "Sizes of the perceptron",
        "Section IV-F",
        "mlp_2048",
        (
            Row("mlp_8192", "8,192", 70.3, {"encoder": "Encoder(mlp_units=(8192, 8192))"}),
            Row("mlp_4096", "4,096", 70.4, {"encoder": "Encoder(mlp_units=(4096, 4096))"}),
            Row("mlp_2048", "2,048", 70.3),
            Row("mlp_1024", "1,024", 69.2, {"encoder": "Encoder(mlp_units=(1024, 1024))"}),
            Row("mlp_512", "512", 67.7, {"encoder": "Encoder(mlp_units=(512, 512))"}),
        ),
    ),
    Table(
        "XI",
        "Decay of the target network",
        "Section IV-G",
        "tau_0.99",
        (
            Row("tau_1.0", "1.0 (fixed, random target)", 66.9, {"target_decay": "1.0"}),
            Row("tau_0.999", "0.999", 69.7, {"target_decay": "0.999"}),
            Row("tau_0.99", "0.99", 70.3),
            Row("tau_0.9", "0.9", 70.0, {"target_decay": "0.9"}),
            Row("tau_0.5", "0.5", 69.7, {"target_decay": "0.5"}),
            Row("tau_0.0", "0.0 (target = online)", 69.5, {"target_decay": "0.0"}),
            Row(RANDOM, "Random BYOL-A (no training)", 61.7, trained=False),
        ),
    ),
    Table(
        "XII",
        "Framework",
        "Section IV-G",
        BASE,
        (
            Row(BASE, "BYOL-A", 70.3),
            Row("target_online", "Target = online", 69.5, {"target_decay": "0.0"}),
            Row("no_predictor", "No prediction", 52.8, {"use_predictor": "false"}),
        ),
    ),
    Table(
        "XIII",
        "Batch sizes",
        "Section IV-G",
        "batch_256",
        (
            Row("batch_1024", "1,024", 69.5, {"global_batch_size": "1024"}),
            Row("batch_512", "512", 69.4, {"global_batch_size": "512"}),
            Row("batch_256", "256", 70.3, {"global_batch_size": "256"}),
            Row("batch_128", "128", 69.7, {"global_batch_size": "128"}),
            Row("batch_64", "64", 69.7, {"global_batch_size": "64"}),
        ),
    ),
    Table(
        "XV",
        "ResNet-18 on spectrograms",
        "Appendix A",
        "regp_narrow",
        (
            Row(
                "regp_narrow",
                "ResNet-like (ReGP + narrow receptive field)",
                69.0,
                {"encoder": "ResNetEncoder(depth=18, pooling='regp', narrow_receptive_field=True)"},
            ),
            Row("regp", "ResNet-like (ReGP)", 63.3, {"encoder": "ResNetEncoder(depth=18, pooling='regp')"}),
            Row("plain", "ResNet-like", 61.4, {"encoder": "ResNetEncoder(depth=18)"}),
        ),
    ),
)

TABLES: dict[str, Table] = {table.number: table for table in _TABLES}
# Two tables of one set of rows: sizes and results.
ALIASES = {"VIII": "IX"}


def find_table(number: str) -> Table:
    """The table of this number.

    Raises:
        ValueError: there is none.
    """
    number = ALIASES.get(number.upper(), number.upper())
    if number not in TABLES:
        names = ", ".join(sorted({*TABLES, *ALIASES}, key=_value))
        raise ValueError(f"`table` must be one of {names}. Received: table={number!r}")
    return TABLES[number]


def run_name(table: Table, row: Row, shared: Mapping[str, str] = types.MappingProxyType({})) -> str:
    """Name of the run of a row: rows of one recipe share a run, in whichever tables they stand.

    Args:
        table: the row's table.
        row: a row of the paper, or one's own.
        shared: flags of all rows, on top of which a row's own come.
    """
    if not row.trained:
        return RANDOM
    flags = _changes(row, shared)
    if not flags:
        return BASE
    for other in TABLES.values():
        for twin in other.rows:
            if twin.trained and _changes(twin, shared) == flags:
                return f"{other.number}_{twin.name}"
    if row.own:
        # The flagfile may be changed: what it had made before is not its result.
        return f"own_{row.name}_{zlib.crc32(repr(sorted(row.flags.items())).encode()):08x}"
    return f"{table.number}_{row.name}"


def _changes(row, shared):
    return {name: value for name, value in row.flags.items() if shared.get(name) != value}


def _value(roman):
    digits = {"I": 1, "V": 5, "X": 10}
    values = [digits[letter] for letter in roman]
    return sum(-v if v < after else v for v, after in zip(values, [*values[1:], 0], strict=True))
