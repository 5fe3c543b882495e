"""Finds what sounds alike among embedded sound.

    byola search index --embeddings=embeddings --output_dir=index
    byola search query --index=index --clip=dog.wav
    byola search query --index=index --name=dogs/1.wav --label=cats --format=html --output_dir=alike

index reads what byola embed wrote (any of its formats) and writes an index: unit vectors in half precision,
names, times, and labels from a CSV (--labels) or else by folder. --window_seconds indexes pieces of long
recordings.

query names the nearest of it. It embeds --clip by the model of the index, or takes the file of the index that
--name names. --format=html writes results.html with the sounds beside it into --output_dir.
"""

import os
import sys

from absl import flags

from byola_keras.commands import common
from byola_keras.commands.command import Command

_ACTIONS = ("index", "query")


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of the command."""
    define = common.definers(values)
    define.string("embeddings", None, "The folder that byola embed has written (index).")
    common.labels_flag(values, "the folder of each file is its label (index)")
    define.float(
        "window_seconds",
        0.0,
        "Pieces of which each is a row; they need .npz with frames. 0: files (index).",
        0.0,
    )
    define.enum(
        "method",
        "auto",
        ["auto", "exact", "approximate"],
        "Whether queries look at all embeddings or go by a graph, which needs the package usearch; auto: the "
        "graph above a million rows (index).",
    )
    define.string("index", None, "The folder of the index (query).")
    define.string("clip", None, "The sound file of which the like is sought (query).")
    define.string("name", None, "A file of the index of which the like is sought (query).")
    define.float("at", 0.0, "Which piece of --name, by its time in seconds (query).", 0.0)
    common.model_flag(values, without="the model that made the embeddings (query)", others=True)
    define.integer("count", 10, "How many are named (query).", 1)
    define.string("label", None, "Only those with this label are named (query).")
    define.enum(
        "metric", "cosine", ["cosine", "l2"], "What near means: cosine, or Euclidean distance (query)."
    )
    define.enum("format", "table", ["table", "json", "html"], "How the answer is given (query).")
    define.string("output_dir", None, "The folder of the index (index), or of the page (query, html).")


def check(values: flags.FlagValues, arguments: list[str]) -> None:
    """Refuses calls that lack what their action needs."""
    if len(arguments) != 1 or arguments[0] not in _ACTIONS:
        raise ValueError(f"The one argument must be one of {', '.join(_ACTIONS)}. Received: {arguments}")
    needed = ["embeddings", "output_dir"] if arguments == ["index"] else ["index"]
    if arguments == ["query"]:
        if (values.clip is None) == (values.name is None):
            raise ValueError(
                f"One of --clip and --name must be given. Received: clip={values.clip}, name={values.name}"
            )
        if values.clip is not None and not os.path.isfile(values.clip):
            raise FileNotFoundError(f"`--clip` must be a sound file. Received: clip={values.clip!r}")
        needed += ["output_dir"] if values.format == "html" else []
    for name in needed:
        if not values[name].value:
            raise ValueError(f"{arguments[0]} needs --{name}. Received: none.")


def run(values: flags.FlagValues, arguments: list[str]) -> None:
    """Makes an index, or asks one."""
    # The name of a file may hold any bytes.
    sys.stdout.reconfigure(errors="backslashreplace")
    if arguments == ["index"]:
        _index(values)
    else:
        _query(values)


def _index(values):
    from byola_keras.search.build import IndexRequest, build_index

    about = build_index(
        IndexRequest(
            values.embeddings, values.output_dir, values.labels, values.window_seconds, values.method
        )
    )
    kind = "a graph for approximate queries" if about["approximate"] else "exact queries"
    print(
        f"Indexed: {about['count']:,} embeddings of {about['width']:,} numbers, "
        f"{about['labelled']:,} with a label, for {kind}.\nThe index is in {values.output_dir}."
    )


def _query(values):
    import json

    from byola_keras.search import answers
    from byola_keras.search.index import SearchIndex
    from byola_keras.search.query import Query, ask

    query = Query(
        values.clip, values.name, values.at, values.model, values.count, values.metric, values.label
    )
    answer = ask(SearchIndex(values.index), query)
    if values.format == "json":
        print(json.dumps(answer.as_json(), indent=1))
        return
    print(answers.as_table(answer, values.metric))
    if values.format == "html":
        print(f"The page is {answers.write_page(values.output_dir, answer, values.metric)}.")


COMMAND = Command(
    "search",
    __doc__,
    define_flags,
    run,
    check,
    interrupted="Interrupted; an index that was there stays.",
    takes_arguments=True,
    has_workers=True,
    tensorflow_log_level="3",
)
