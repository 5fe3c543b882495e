"""Prepares sound for pre-training: decodes it once, into shards of 16 kHz mono clips.

    python tools/prepare.py --audio_dir=sounds --output_dir=corpora --name=sounds
    python tools/pretrain.py --corpus=sounds --data_dir=corpora --workdir=runs/sounds

The same command again goes on where it stopped. Flags of Apache Beam follow after "--":

    python tools/prepare.py --audio_dir=... --output_dir=... -- --runner=FlinkRunner --flink_master=HOST:8081
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# After Ctrl-C Python's own helper process would report what the workers left to it.
os.environ.setdefault("PYTHONWARNINGS", "ignore::UserWarning:multiprocessing.resource_tracker")

from absl import app, flags, logging

# Sources: sound files or a data set
_AUDIO_DIR = flags.DEFINE_multi_string(
    "audio_dir", [], "Folder of sound files (with all subfolders), glob pattern or file. Repeatable."
)
_FILE_LIST = flags.DEFINE_string("file_list", None, "Text file with the path of a sound file a line.")
_AUDIOSET_CSV = flags.DEFINE_multi_string(
    "audioset_csv",
    [],
    "AudioSet's list of segments: only its clips are taken, missing ones reported. Repeatable.",
)
_FSD50K_CSV = flags.DEFINE_string(
    "fsd50k_csv", None, "FSD50K.ground_truth/dev.csv: only its clips are taken."
)
_TFDS = flags.DEFINE_string(
    "tfds", None, "Name or folder of a data set that TensorFlow Datasets has prepared."
)
_TFDS_SPLIT = flags.DEFINE_string("tfds_split", "train", "Split, such as train or train[:10%].")
_TFDS_DATA_DIR = flags.DEFINE_string("tfds_data_dir", None, "Where TensorFlow Datasets prepared it.")
_TFDS_FEATURE = flags.DEFINE_string("tfds_feature", "audio", "The feature with the sound.")
_TFDS_SAMPLE_RATE = flags.DEFINE_integer(
    "tfds_sample_rate", None, "Hz, where the data set does not say it.", 1
)

# Corpus
_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "Folder for corpora; --data_dir of tools/pretrain.py.")
_NAME = flags.DEFINE_string("name", "corpus", "Of the corpus; small letters, digits and underscores.")
_CLIP_SECONDS = flags.DEFINE_float("clip_seconds", 10.0, "Longer recordings are cut into clips.", 1.0, 3600.0)
_SHARDS = flags.DEFINE_integer(
    "shards", None, "Number of files, not less than workers. Default: one a GiB, at least 64.", 1
)
_WORKERS = flags.DEFINE_integer("workers", None, "Processes on this machine. Default: one a core.", 1)

flags.mark_flag_as_required("output_dir")


def main(argv):
    try:
        _prepare(argv)
    except KeyboardInterrupt:
        print(
            "Interrupted. The shards that are done stay; the same command goes on.",
            file=sys.stderr,
            flush=True,
        )
        os._exit(130)


def _prepare(argv):
    logging.set_verbosity(max(logging.get_verbosity(), logging.INFO))
    if not logging.vlog_is_on(1):
        # Beam reports every channel that it opens and every thread that is interrupted.
        logging.get_absl_handler().addFilter(lambda record: "apache_beam" not in record.pathname)
    from byola_keras.corpus.prepare import prepare
    from byola_keras.processes import leave

    try:
        sources, published = _sources()
        report = prepare(
            sources,
            _OUTPUT_DIR.value,
            _NAME.value,
            clip_seconds=_CLIP_SECONDS.value,
            shards=_SHARDS.value,
            workers=_WORKERS.value,
            beam_arguments=argv[1:],
            published=published,
        )
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        logging.debug("Traceback:", exc_info=True)
        leave(f"error: {error}", 1)
    print(_summary(report), flush=True)
    leave("", 0)


def _sources():
    from byola_keras.audio.files import find_audio_files
    from byola_keras.corpus import published_sets
    from byola_keras.corpus.sources import FileSources, TfdsSources

    names = ("audio_dir", "file_list", "audioset_csv", "fsd50k_csv", "tfds")
    given = [name for name in names if flags.FLAGS[name].value]
    if ("tfds" in given and len(given) > 1) or {"audioset_csv", "fsd50k_csv"} <= set(given) or not given:
        raise ValueError(
            "Sound must come from files (--audio_dir, --file_list; with --audioset_csv or --fsd50k_csv to "
            f"choose among them) or from --tfds. Received: {', '.join(given) or 'none of them'}"
        )
    if _TFDS.value:
        options = (_TFDS_SPLIT, _TFDS_DATA_DIR, _TFDS_FEATURE, _TFDS_SAMPLE_RATE)
        return TfdsSources(_TFDS.value, *(option.value for option in options)), None
    if not {"audio_dir", "file_list"} & set(given):
        raise ValueError(
            "--audioset_csv and --fsd50k_csv choose among the files of --audio_dir or --file_list. Received: "
            "neither of these."
        )
    files = find_audio_files(_AUDIO_DIR.value, _FILE_LIST.value)
    published = None
    if _AUDIOSET_CSV.value:
        published = published_sets.select_audioset(_AUDIOSET_CSV.value, files)
    elif _FSD50K_CSV.value:
        published = published_sets.select_fsd50k(_FSD50K_CSV.value, files)
    return FileSources(published.files if published else files), published


def _summary(report):
    lines = [
        f"{report['clips']:,} clips, {report['hours']:.2f} hours, from {report['sources']:,} source(s).",
        f"Skipped: {len(report['skipped']):,}. Kept in part: {len(report['partly_kept']):,}. Turned down to "
        f"full scale: {report['turned_down_clips']:,}. Silent: {report['silent_clips']:,}.",
    ]
    if "published_set" in report:
        lines.append(
            "{name}: {found:,} of {listed:,} listed clips found, {missing:,} missing (missing.txt); the "
            "paper had "
            "{paper_clips:,}.".format(**report["published_set"])
        )
    lines += [f"  {path}: {reason}" for path, reason in list(report["skipped"].items())[:10]]
    lines.append(f"The corpus with its report.json is in {report['folder']}.")
    lines.append(f"Train on it: tools/pretrain.py --corpus={report['name']} --data_dir={_OUTPUT_DIR.value}")
    return "\n".join(lines)


if __name__ == "__main__":
    app.run(main)
