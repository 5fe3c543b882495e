"""Makes a corpus for pre-training of the free sound in Debian packages, with the licence of each file.

    byola free_sounds --work_dir=downloads --output_dir=corpora
    byola pretrain --corpus=free_sounds --data_dir=corpora --workdir=runs/free_sounds

The packages are fetched by apt-get download, which needs no rights and installs nothing, or taken from
--deb_dir. The same command again goes on where it stopped.
"""

from absl import flags

from byola_keras.commands import common, field_flags
from byola_keras.commands.command import Command, called


def define_flags(values: flags.FlagValues) -> None:
    """Defines the flags of the command."""
    from byola_keras.free_sounds.limits import Limits

    define = common.definers(values)
    define.string("work_dir", None, "The folder for what is fetched and unpacked; some gigabytes.")
    define.string("output_dir", None, "The folder for corpora, which is --data_dir of the pre-training.")
    define.string("name", "free_sounds", "Name of the corpus, of small letters, digits and underscores.")
    define.multi_string(
        "packages",
        [],
        "A Debian package, or NAME=VERSION. Repeatable. Default: the packages of the project's table, as far "
        "as this machine's release of Debian has them.",
    )
    define.string("deb_dir", None, "A folder with .deb files: nothing is fetched.")
    field_flags.define(Limits, values)
    define.integer("workers", None, "Number of processes on this machine. Default: one for each core.", 1)
    flags.mark_flags_as_required(["work_dir", "output_dir"], values)


def check(values: flags.FlagValues, arguments: list[str]) -> None:
    """Refuses what is no name of a package."""
    from byola_keras.free_sounds.packages import requests

    requests(values.packages)


def run(values: flags.FlagValues, arguments: list[str]) -> None:
    """Makes the corpus and prints how much sound of which kind it holds."""
    from byola_keras.free_sounds.build import Places, build
    from byola_keras.free_sounds.limits import Limits
    from byola_keras.free_sounds.manifest import table
    from byola_keras.free_sounds.packages import requests

    common.hide_beam_reports()
    report, manifest = build(
        requests(values.packages),
        Places(values.work_dir, values.output_dir, values.deb_dir),
        values.name,
        field_flags.build(Limits, values),
        values.workers,
    )
    print(table(manifest))
    print(
        f"{report['clips']:,} clips, {report['hours']:.2f} hours, in {report['folder']}, with manifest.csv."
    )
    corpus = f"--corpus={report['name']} --data_dir={values.output_dir} --workdir=runs/{report['name']}"
    print(f"Train on it: {called('pretrain')} {corpus}", flush=True)


COMMAND = Command(
    "free_sounds",
    __doc__,
    define_flags,
    run,
    check,
    interrupted="Interrupted. What was fetched, unpacked and cut stays; the same command goes on.",
    has_workers=True,
    tensorflow_log_level="3",
)
