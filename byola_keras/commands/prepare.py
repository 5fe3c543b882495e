"""Prepares sound for pre-training: decodes it once, into shards of 16 kHz mono clips.

    byola prepare --audio_dir=sounds --output_dir=corpora --name=sounds
    byola pretrain --corpus=sounds --data_dir=corpora --workdir=runs/sounds

The same command again goes on where it stopped. Flags of Apache Beam follow after "--":

    byola prepare --audio_dir=... --output_dir=... -- --runner=FlinkRunner --flink_master=HOST:8081
"""

from absl import flags

from byola_keras.commands import common
from byola_keras.commands.command import Command, called


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of the command."""
    _source_flags(values)
    define = common.definers(values)
    define.string("output_dir", None, "The folder for corpora, which is --data_dir of the pre-training.")
    define.string("name", "corpus", "Name of the corpus, of small letters, digits and underscores.")
    define.float(
        "clip_seconds",
        10.0,
        "Length of a clip, in seconds; longer recordings are cut into clips.",
        1.0,
        3600.0,
    )
    define.integer(
        "shards",
        None,
        "Number of files, not less than workers. Default: one for each GiB, at least 64.",
        1,
    )
    define.integer("workers", None, "Number of processes on this machine. Default: one for each core.", 1)
    flags.mark_flag_as_required("output_dir", values)


def _source_flags(values):
    """What the sound comes from: files, or a data set of TensorFlow Datasets."""
    define = common.definers(values)
    common.sound_flags(values)
    define.multi_string(
        "audioset_csv",
        [],
        "AudioSet's list of segments: only its clips are taken, and missing ones are reported. Repeatable.",
    )
    define.string(
        "fsd50k_csv",
        None,
        "FSD50K's list of clips, FSD50K.ground_truth/dev.csv: only its clips are taken, and missing ones are "
        "reported.",
    )
    define.string("tfds", None, "The data set: name or folder of one that TensorFlow Datasets has prepared.")
    define.string("tfds_split", "train", "Split of the data set, such as train or train[:10%].")
    define.string("tfds_data_dir", None, "The folder in which TensorFlow Datasets prepared the data set.")
    define.string("tfds_feature", "audio", "The feature of the data set that holds the sound.")
    define.integer(
        "tfds_sample_rate", None, "Sample rate of the data set in Hz, where it does not say it itself.", 1
    )


def check(values: flags.FlagValues, arguments: list[str]) -> None:
    """Refuses requests without sound, or with sources that exclude each other."""
    names = ("audio_dir", "file_list", "audioset_csv", "fsd50k_csv", "tfds")
    given = [name for name in names if values[name].value]
    if ("tfds" in given and len(given) > 1) or {"audioset_csv", "fsd50k_csv"} <= set(given) or not given:
        raise ValueError(
            "Sound must come from files (--audio_dir, --file_list; with --audioset_csv or --fsd50k_csv to "
            f"choose among them) or from --tfds. Received: {', '.join(given) or 'none of them'}"
        )
    if "tfds" not in given and not {"audio_dir", "file_list"} & set(given):
        raise ValueError(
            "--audioset_csv and --fsd50k_csv choose among the files of --audio_dir or --file_list. Received: "
            "neither of these."
        )


def run(values: flags.FlagValues, arguments: list[str]) -> None:
    """Prepares the corpus and prints what it holds; `arguments` are Beam's."""
    from byola_keras.corpus.prepare import prepare

    common.hide_beam_reports()
    sources, published = _sources(values)
    report = prepare(
        sources,
        values.output_dir,
        values.name,
        clip_seconds=values.clip_seconds,
        shards=values.shards,
        workers=values.workers,
        beam_arguments=arguments,
        published=published,
    )
    print(_summary(report, values.output_dir), flush=True)


def _sources(values):
    from byola_keras.audio.files import find_audio_files
    from byola_keras.corpus import published_sets
    from byola_keras.corpus.sources import FileSources, TfdsSources

    if values.tfds:
        return (
            TfdsSources(
                values.tfds,
                values.tfds_split,
                values.tfds_data_dir,
                values.tfds_feature,
                values.tfds_sample_rate,
            ),
            None,
        )
    files = find_audio_files(values.audio_dir, values.file_list)
    published = None
    if values.audioset_csv:
        published = published_sets.select_audioset(values.audioset_csv, files)
    elif values.fsd50k_csv:
        published = published_sets.select_fsd50k(values.fsd50k_csv, files)
    return FileSources(published.files if published else files), published


def _summary(report, output_dir):
    lines = [
        f"{report['clips']:,} clips, {report['hours']:.2f} hours, from {report['sources']:,} source(s).",
        f"Skipped: {len(report['skipped']):,}. Kept in part: {len(report['partly_kept']):,}. Turned down to "
        f"full scale: {report['turned_down_clips']:,}. Silent: {report['silent_clips']:,}.",
    ]
    if "published_set" in report:
        lines.append(
            "{name}: {found:,} of {listed:,} listed clips found, {missing:,} missing (missing.txt); the "
            "paper had {paper_clips:,}.".format(**report["published_set"])
        )
    lines += [f"  {path}: {reason}" for path, reason in list(report["skipped"].items())[:10]]
    lines.append(f"The corpus with its report.json is in {report['folder']}.")
    corpus = f"--corpus={report['name']} --data_dir={output_dir} --workdir=runs/{report['name']}"
    lines.append(f"Train on it: {called('pretrain')} {corpus}")
    return "\n".join(lines)


COMMAND = Command(
    "prepare",
    __doc__,
    define_flags,
    run,
    check,
    interrupted="Interrupted. The shards that are done stay; the same command goes on.",
    takes_arguments=True,
    has_workers=True,
    tensorflow_log_level="3",
)
