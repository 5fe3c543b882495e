"""The command `byola` as a process: help, exit codes, Ctrl-C and what TensorFlow prints at its start."""

import os
import signal
import subprocess
import sys

import pytest

from byola_keras.commands.main import COMMANDS
from tests.processes import TOOLS

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(TOOLS.parent)}
# A command whose run is argv[1]; TensorFlow is not needed for it.
COMMAND = """
import os, signal, sys, threading, time, types
sys.modules["byola_keras.api"] = types.ModuleType("byola_keras.api")
sys.argv[0] = "byola"
from absl import logging
from byola_keras.commands import command
def run(values, arguments):
    exec(sys.argv[1])
    return values.code
def define_flags(values):
    from absl import flags
    flags.DEFINE_integer("code", 0, "Exit code.", flag_values=values)
options = {'interrupted': 'Interrupted here.', **eval(sys.argv[2])}
command.main(command.Command("one", "Text.", define_flags, run, **options), sys.argv[3:])
"""


@pytest.fixture
def byola(tmp_path):
    """The script that an installation puts beside Python."""
    script = tmp_path / "byola"
    script.write_text("import sys\nfrom byola_keras.commands.main import main\nsys.exit(main())\n")

    def run(*arguments, options=()):
        return subprocess.run(
            [sys.executable, *options, script, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            env=ENVIRONMENT,
        )

    return run


def run_command(body, *arguments, **options):
    result = subprocess.run(
        [sys.executable, "-c", COMMAND, body, repr(options), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={key: value for key, value in ENVIRONMENT.items() if key not in ("TF_CPP_MIN_LOG_LEVEL",)},
    )
    return result.returncode, result.stdout, result.stderr


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_list_of_commands(byola, arguments):
    result = byola(*arguments)
    assert result.returncode == 0 and not result.stderr
    lines = result.stdout.splitlines()[2:]
    assert [line.split()[0] for line in lines] == list(COMMANDS)
    assert all(line.endswith(".") for line in lines)


def test_unknown_command(byola):
    result = byola("preprain", "--workdir=x")
    assert result.returncode == 1 and not result.stdout
    assert (
        "error: The first argument must be a command. Received: 'preprain'. Did you mean pretrain?"
        in result.stderr
    )
    assert all(f"\n  {name} " in result.stderr for name in COMMANDS)
    assert "Did you mean" not in byola("zzz").stderr


def test_help_and_wrong_flags_need_no_tensorflow(byola):
    for name in COMMANDS:
        result = byola(name, "--help", options=["-X", "importtime"])
        assert result.returncode == 0 and result.stdout.startswith(COMMANDS[name].summary), result.stderr
        assert "tensorflow" not in result.stderr and "numpy" not in result.stderr
    result = byola("prepare", "--output_dirs=x", options=["-X", "importtime"])
    assert result.returncode == 1 and "tensorflow" not in result.stderr
    lines = [line for line in result.stderr.splitlines() if not line.startswith("import time")]
    assert lines[0].startswith("error: Unknown command line flag 'output_dirs'")
    assert lines[-1] == "byola prepare --help lists the flags."
    # Flags that do not fit together are found as early.
    result = byola("prepare", "--output_dir=x", options=["-X", "importtime"])
    assert result.returncode == 1 and "tensorflow" not in result.stderr
    assert "error: Sound must come from files" in result.stderr


def test_classes_are_registered_when_a_command_runs(tmp_path):
    """Keras loads a file of the package's classes in a command too, where they are imported late."""
    body = """
import sys
sys.argv[0] = "byola"
import byola_keras
assert "tensorflow" not in sys.modules
from byola_keras.commands import command
def run(values, arguments):
    import keras
    print(keras.saving.get_registered_object("byola_keras>BYOL").__name__)
    print(byola_keras.Encoder.__name__, "RandomLinearFader" in byola_keras.__all__)
    try:
        byola_keras.no_such_name
    except AttributeError as error:
        print("AttributeError")
command.main(command.Command("one", "Text.", lambda values: None, run), [])
"""
    result = subprocess.run(
        [sys.executable, "-c", body], capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    assert result.stdout.split() == ["BYOL", "Encoder", "True", "AttributeError"], result.stderr
    # The level at which TensorFlow reports them is the default of most commands.
    assert ENVIRONMENT["TF_CPP_MIN_LOG_LEVEL"] == "2" and "factory" not in result.stderr


@pytest.mark.parametrize("has_workers", [False, True])
def test_exit_codes(has_workers):
    options = {"has_workers": has_workers}
    assert run_command("print('done')", **options) == (0, "done\n", "")
    assert run_command("print('done')", "--code=3", **options) == (3, "done\n", "")
    for error in ("ValueError", "OSError", "RuntimeError", "ImportError", "FileNotFoundError"):
        assert run_command(f"raise {error}('It is so.')", **options) == (1, "", "error: It is so.\n")
    code, output, errors = run_command("{}['no such key']", **options)
    assert code == 1 and "Traceback" in errors and "KeyError" in errors
    assert run_command("raise KeyboardInterrupt", **options) == (130, "", "Interrupted here.\n")


def test_help_after_two_dashes_is_of_another_program():
    code, output, _ = run_command("print(arguments)", "--", "--help", takes_arguments=True)
    assert code == 0 and output == "['--help']\n"
    code, output, _ = run_command("print(arguments)", "--help", "--", "--x", takes_arguments=True)
    assert code == 0 and output.startswith("Text.\n")


def test_traceback_on_request():
    _, _, errors = run_command("raise ValueError('It is so.')", "--verbosity=1")
    assert "Traceback" in errors and errors.endswith("error: It is so.\n")


def test_workers_do_not_hold_up_the_end():
    sleeper = "threading.Thread(target=time.sleep, args=[300]).start()"
    assert run_command(f"{sleeper}; print('done')", has_workers=True)[:2] == (0, "done\n")
    assert run_command(f"{sleeper}; raise ValueError('x')")[0] == 1
    assert run_command(f"{sleeper}; raise KeyboardInterrupt")[0] == 130


def test_interrupt_that_a_library_swallows():
    """Python drops an exception that a signal's handler raises inside a finalizer."""
    body = """
class Finalized:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
Finalized()
print("went on")
"""
    code, output, errors = run_command(body)
    assert code == 0 and output == "went on\n"
    assert run_command(body, ends_on_interrupt=True) == (130, "", "Interrupted here.\n")


def test_environment_of_a_command():
    show = "e = os.environ; print(e['TF_CPP_MIN_LOG_LEVEL'], 'tracker' in e.get('PYTHONWARNINGS', ''))"
    assert run_command(show)[1] == "2 False\n"
    assert run_command(show, has_workers=True, tensorflow_log_level="3")[1] == "3 True\n"


NOISE = """
import os, signal, sys
sys.argv[0] = "byola"
from byola_keras.commands.import_noise import without_import_noise
with without_import_noise():
    for line in (
        "E cuda_fft.cc:485] Unable to register cuFFT factory: Attempting to register",
        "E cuda_dnn.cc:8454] Unable to register cuDNN factory: Attempting to register",
        "E cuda_driver.cc:1] failed call to cuInit: CUDA_ERROR_UNKNOWN",
        "E cuda_blas.cc:1452] Unable to register cuBLAS factory: Attempting to register",
        "E other.cc:1] Unable to register a factory",
    ):
        os.write(2, line.encode() + b"\\n")
    if len(sys.argv) > 1:
        os.write(2, b"half a line")
        os.kill(os.getpid(), signal.SIGKILL)
    sys.stdout.write("out")
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    sys.stdout.write(" and no process left")
os.write(2, b"Unable to register cuFFT factory, later")
"""


@pytest.mark.parametrize("killed", [False, True])
def test_only_the_three_lines_are_left_out(killed):
    process = subprocess.Popen(
        [sys.executable, "-c", NOISE, *["killed"] * killed],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    output, errors = process.communicate(timeout=60)
    assert process.returncode == (-signal.SIGKILL if killed else 0)
    kept = [
        "E cuda_driver.cc:1] failed call to cuInit: CUDA_ERROR_UNKNOWN",
        "E other.cc:1] Unable to register a factory",
    ]
    last = "half a line" if killed else "Unable to register cuFFT factory, later"
    assert errors.splitlines() == [*kept, last]
    assert output == ("" if killed else "out and no process left")
