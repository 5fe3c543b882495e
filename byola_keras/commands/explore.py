"""Draws a map of embedded sound: one page to look at and to listen to.

    byola explore --embeddings=embeddings --output_dir=map
    byola explore --embeddings=embeddings --labels=birds/labels.csv:species --output_dir=map --projector

It reads what byola embed wrote and writes map.html, which needs no network: points that are near sound alike,
colours are labels or folders, a click plays. --projector writes the same for TensorBoard, with a spectrogram
as the picture of each point.
"""

import sys

from absl import flags

from byola_keras.commands import common
from byola_keras.commands.command import Command


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of the command."""
    define = common.definers(values)
    define.string("embeddings", None, "The folder that byola embed has written.")
    common.labels_flag(values, "the folder of each file is its label")
    define.string("output_dir", None, "The folder of the page.")
    define.float(
        "window_seconds", 0.0, "Pieces of which each is a point; they need .npz with frames. 0: files.", 0.0
    )
    define.integer("most", 20_000, "Number of points that are drawn of more, always the same.", 1)
    define.enum(
        "method",
        "auto",
        ["auto", "pca", "umap"],
        "How the points get their places; UMAP needs the package umap-learn, and auto takes it where it is "
        "installed.",
    )
    define.enum(
        "audio",
        "beside",
        ["beside", "inside", "in_place", "none"],
        "Where the page has its sound from. beside: the first five seconds of each, as files in sounds/; "
        "inside: two seconds of each in the page itself, up to 60 MB; in_place: the files where they are.",
    )
    define.bool("projector", False, "Write projector/ for TensorBoard, too.")
    flags.mark_flags_as_required(["embeddings", "output_dir"], values)


def run(values: flags.FlagValues, arguments: list[str]) -> None:
    """Writes the map."""
    from byola_keras.explore.explore import MapRequest, write_map

    sys.stdout.reconfigure(errors="backslashreplace")
    names = MapRequest._fields
    written = write_map(MapRequest(**{name: values[name].value for name in names}))
    silent = f" The sound of {written['silent']:,} is not there." if written["silent"] else ""
    print(
        f"Drawn: {written['points']:,} points by {written['method']}.{silent}\nThe map is {written['page']}."
    )
    if values.projector:
        print(f"The projector shows them by: tensorboard --logdir={values.output_dir}/projector")


COMMAND = Command(
    "explore",
    __doc__,
    define_flags,
    run,
    interrupted="Interrupted; a page that was there stays.",
    has_workers=True,
    tensorflow_log_level="3",
)
