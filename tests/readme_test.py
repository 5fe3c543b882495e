"""What README and docs show is run; the files and flags that they name are there."""

import pathlib
import re
import shlex

import numpy as np
import pytest
import soundfile
from absl import flags

import byola_keras
from byola_keras.commands.main import COMMANDS
from byola_keras.models.untrained import untrained_embedder

ROOT = pathlib.Path(byola_keras.__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
# Not the arrows of the diagram, "--audio/-->", and not the flags of other programs.
# "no" is of pip's --no-deps.
FOREIGN = {"logdir", "no", "runner", "flink_master", "enable_batching", "batching_parameters_file"}
_SHAPE = re.compile(r"\(\d+,[\d, ]*\)")


def name(page):
    return page.name


@pytest.fixture(scope="module")
def folder_with_a_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme")
    (folder / "runs" / "mine").mkdir(parents=True)
    untrained_embedder().save(folder / "runs" / "mine" / "embedder.keras")
    soundfile.write(folder / "long.wav", np.zeros(700_000), 8000)
    return folder


# What serving.md shows needs a server: tests/export/serving_docs_test.py has one.
WITH_EXAMPLES = [page for page in PAGES if "```python" in page.read_text() and page.name != "serving.md"]


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=name)
def test_python_examples_run_and_print_what_they_say(page, folder_with_a_run, monkeypatch, capsys):
    monkeypatch.chdir(folder_with_a_run)
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, str(page), "exec"), {})
        said = [
            shape
            for line in block.splitlines()
            if "print(" in line
            for shape in _SHAPE.findall(line.partition("#")[2])
        ]
        assert _SHAPE.findall(capsys.readouterr().out) == said


def flags_of_commands():
    values = {}
    for command in COMMANDS.values():
        of_command = flags.FlagValues()
        command.define_flags(of_command)
        values[command.name] = set(of_command)
    return values


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_named_files_commands_and_flags_exist(page):
    text = page.read_text(encoding="utf-8")
    for path in re.findall(r"(?:configs|tools|docs)/[a-z]\w*\.\w+", text):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"\]\(([\w./]+)\)", text):
        # The pages of notebooks are made from scripts.
        assert (page.parent / path).exists() or (page.parent / path).with_suffix(".py").exists(), path
    for command in re.findall(r"byola (\w+) --", text):
        assert command in COMMANDS, command
    known = set.union(*flags_of_commands().values()) | {"flagfile", "help"} | FOREIGN
    for flag in set(re.findall(r"--(\w+)\b(?!/)", text)):
        assert flag in known or flag.removeprefix("no") in known, flag


def shown_commands(page):
    """The calls of commands in the shell blocks of a page, each as the command and its arguments."""
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            called = re.match(r"(?:byola|python tools/)\s*(\w+)(?:\.py)?\s+(-.*|\w.*)", line)
            if called:
                name = called[1].removesuffix("_audio").removesuffix("_torch")
                yield COMMANDS[name], shlex.split(called[2], comments=True)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_shown_commands_are_understood(page):
    for command, arguments in shown_commands(page):
        given = [a for a in arguments if not a.startswith("--flagfile=") or (ROOT / a[11:]).exists()]
        values = flags.FlagValues()
        command.define_flags(values)
        _, *rest = values([command.name, *given])
        assert not rest or command.takes_arguments, (command.name, rest)
        if command.name == "benchmark":
            command.check(values, rest)


def test_page_of_gpus_shows_enough_commands():
    shown = list(shown_commands(ROOT / "docs" / "gpu.md"))
    assert {command.name for command, _ in shown} == {"prepare", "pretrain", "benchmark"} and len(shown) > 12


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("**/*.flags")), ids=name)
def test_configuration_says_its_command_and_has_known_flags(path):
    lines = path.read_text().splitlines()
    assert lines[0].startswith("#") and any("Command:" in line for line in lines)
    known = flags_of_commands()["pretrain"] | {"flagfile"}
    for line in lines:
        if line and not line.startswith("#"):
            assert line[2:].split("=")[0] in known, line
