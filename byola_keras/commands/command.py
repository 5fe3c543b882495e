"""What a command is, and how one runs: flags, help, errors and exit codes."""

import dataclasses
import importlib
import os
import re
import signal
import sys
from collections.abc import Callable

from absl import app, flags, logging

from byola_keras.commands.import_noise import without_import_noise
from byola_keras.processes import leave

_HELP = ("--help", "-help", "--helpshort", "-h")
# Files in tools/ that are not called as their commands.
_TOOLS = {"check": "check_audio", "convert": "convert_torch"}
_ABSL_REPEATS = ";\n    repeat this option to specify a list of values"
# Errors that say what was wrong with the input or the machine. All others are faults of the program.
_ERRORS = (ValueError, OSError, RuntimeError, ImportError)


@dataclasses.dataclass(frozen=True)
class Command:
    """A command: flags, and one call into the package.

    Attributes:
        name: what follows `byola`.
        text: what --help prints above the flags; its first sentence stands in the list of commands.
        define_flags: defines the command's flags on the `absl.flags.FlagValues` that it is given.
        run: does the work. It takes the parsed flags and the arguments that are no flags, and returns the
            exit code (None for 0). Heavy imports belong inside.
        check: raises a ValueError or OSError where flags and arguments do not fit together. It runs before
            TensorFlow is imported, so that such an error comes at once.
        interrupted: what Ctrl-C leaves behind, as a sentence for the user.
        takes_arguments: whether arguments that are no flags are allowed.
        ends_on_interrupt: whether Ctrl-C ends the process where it stands, without an exception. For commands
            whose files are whole at any moment and whose libraries may swallow the exception.
        has_workers: whether it starts threads or processes that could hold up a normal end.
        tensorflow_log_level: TensorFlow's own messages: "2" shows errors, "3" none.
    """

    name: str
    text: str
    define_flags: Callable[[flags.FlagValues], None]
    run: Callable[[flags.FlagValues, list[str]], int | None]
    check: Callable[[flags.FlagValues, list[str]], None] = lambda values, arguments: None
    interrupted: str = "Interrupted."
    takes_arguments: bool = False
    ends_on_interrupt: bool = False
    has_workers: bool = False
    tensorflow_log_level: str = "2"

    @property
    def summary(self) -> str:
        """The first sentence of the text."""
        return re.split(r"(?<=\.)\s", self.text, maxsplit=1)[0]


def called(name: str) -> str:
    """How the user of this process calls a command: "byola check" or "python tools/check_audio.py"."""
    if os.path.basename(os.path.dirname(os.path.realpath(sys.argv[0]))) == "tools":
        return f"python tools/{_TOOLS.get(name, name)}.py"
    return f"byola {name}"


def parse(command: Command, arguments: list[str], values: flags.FlagValues) -> list[str]:
    """Defines the command's flags on `values` and parses the arguments, --flagfile included.

    Returns:
        The arguments that are no flags.

    Raises:
        absl.flags.Error: a flag is unknown, or its value is not allowed.
        ValueError: there are arguments that are no flags, and the command takes none; or flags and arguments
            do not fit together.
        OSError: a file or folder that a flag names is not there, or must not be there.
    """
    command.define_flags(values)
    _, *rest = values([command.name, *arguments])
    if rest and not command.takes_arguments:
        raise ValueError(f"Arguments must be flags. Received: {rest}")
    command.check(values, rest)
    return rest


def own_flags(command: Command, values: flags.FlagValues) -> list[flags.Flag]:
    """The command's flags as they stand in `values`, in the order of their definition."""
    own = flags.FlagValues()
    command.define_flags(own)
    return [values[name] for name in own]


def help_text(command: Command) -> str:
    """What --help prints."""
    values = flags.FlagValues()
    command.define_flags(values)
    text = re.sub(r"\bbyola (\w+)", lambda call: called(call[1]), command.text.rstrip())
    return "\n".join([text, "", "Flags:", *(_flag_help(values[name]) for name in values)])


def print_to_reader(text: str) -> None:
    """Prints a text whose reader, such as `head`, may have gone before its end."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # Python flushes once more at its end, and would report the same error there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(command: Command, arguments: list[str]) -> None:
    """Runs a command as this process and ends the process.

    The exit code is 0; 1 after an error, which the standard error names in one line that begins with
    "error:" (--verbosity=1 adds the traceback); 130 after Ctrl-C.

    Args:
        command: what to run.
        arguments: what the user wrote after the name of the command.
    """
    before_arguments_of_others = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if set(_HELP) & set(before_arguments_of_others):
        print_to_reader(help_text(command))
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", command.tensorflow_log_level)
    if command.has_workers:
        # After Ctrl-C Python's own helper process would report what the workers left to it.
        os.environ.setdefault("PYTHONWARNINGS", "ignore::UserWarning:multiprocessing.resource_tracker")
    app.run(
        lambda rest: _run(command, rest),
        [command.name, *arguments],
        flags_parser=lambda argv: _parse_or_exit(command, argv[1:]),
    )


def _parse_or_exit(command, arguments):
    try:
        return parse(command, arguments, flags.FLAGS)
    except (flags.Error, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        print(f"{called(command.name)} --help lists the flags.", file=sys.stderr)
        sys.exit(1)


def _run(command, arguments):
    if command.ends_on_interrupt:
        signal.signal(signal.SIGINT, lambda *_: leave(command.interrupted, 130))
    try:
        with without_import_noise():
            # All classes are registered with Keras from here on.
            importlib.import_module("byola_keras.api")
        code = command.run(flags.FLAGS, arguments) or 0
    except _ERRORS as error:
        logging.debug("Traceback:", exc_info=True)
        leave(f"error: {error}", 1)
    except KeyboardInterrupt:
        leave(command.interrupted, 130)
    if command.has_workers:
        leave("", code)
    return code


def _flag_help(flag):
    name = f"--[no]{flag.name}" if flag.boolean else f"--{flag.name}"
    # absl adds to the help of what may be repeated; our texts say it themselves.
    text = f"{name}: {flag.help.removesuffix(_ABSL_REPEATS)}"
    if flag.default not in (None, []):
        default = flag.default_as_str.strip("'")
        text += f" Default: {default}."
    return flags.text_wrap(text, length=100, indent="      ", firstline_indent="  ")
