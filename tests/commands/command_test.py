"""What a command is: flags, help and the arguments that are left."""

import importlib
import os
import pathlib
import re
import subprocess
import sys

import pytest
from absl import flags

from byola_keras.commands import command, embed, prepare, pretrain
from byola_keras.commands.main import COMMANDS
from byola_keras.embedding.embed_file import CHUNK_SECONDS
from byola_keras.export.verification_sounds import MOST_FILES, MOST_SECONDS

TOOLS = pathlib.Path(__file__).parents[2] / "tools"


def parse(name, *arguments):
    values = flags.FlagValues()
    return values, command.parse(COMMANDS[name], list(arguments), values)


def test_flags_of_several_commands_in_one_process():
    """They are called alike and mean different things."""
    first, rest = parse("check", "--audio_dir=a", "--audio_dir=b", "--workers=2")
    second, _ = parse("prepare", "--output_dir=c", "--clip_seconds=30", "--file_list=l")
    assert (first.audio_dir, first.workers, rest) == (["a", "b"], 2, [])
    assert (second.audio_dir, second.workers, second.clip_seconds) == ([], None, 30.0)


def test_flagfile(tmp_path):
    (tmp_path / "some.flags").write_text("# A comment.\n--input=sounds\n--model=mine\n--chunk_seconds=5\n")
    values, _ = parse("embed", f"--flagfile={tmp_path / 'some.flags'}", "--output_dir=o", "--model=other")
    assert (values.input, values.model, values.chunk_seconds) == (["sounds"], "other", 5.0)
    with pytest.raises(flags.Error, match="gone.flags"):
        parse("embed", f"--flagfile={tmp_path / 'gone.flags'}")


@pytest.mark.parametrize("name", [name for name in COMMANDS if not COMMANDS[name].takes_arguments])
def test_stray_arguments_are_refused(name):
    required = ("model", "output_dir", "embeddings", "notes_dir", "weights", "output", "workdir", "work_dir")
    own = flags.FlagValues()
    COMMANDS[name].define_flags(own)
    given = [f"--{flag}=x" for flag in required if flag in own]
    with pytest.raises(ValueError, match=r"Arguments must be flags. Received: \['audio_dir=sounds'\]"):
        parse(name, *given, "audio_dir=sounds")


@pytest.mark.parametrize("name", ["embed", "prepare"])
def test_beams_arguments_are_left(name):
    own = {"embed": ["--model=m", "--input=i", "--runner=beam"], "prepare": ["--audio_dir=a"]}[name]
    values, rest = parse(name, "--output_dir=o", *own, "--", "--runner=X")
    assert rest == ["--runner=X"] and values.output_dir == "o"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["embed", "--output_dir=o"], "--model must have a value"),
        (["free_sounds", "--output_dir=o"], "--work_dir must have a value"),
        (["embed", "--output_dir=o", "--model=m", "--chunk_seconds=0"], "chunk_seconds=0"),
        (["evaluate", "--output_dir=o", "--seeds=1,two"], "integers with commas between them"),
        (["check", "--no_such=1"], "no_such"),
    ],
)
def test_wrong_flags(arguments, message):
    with pytest.raises(flags.Error, match=re.escape(message)):
        parse(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["embed", "--output_dir=o", "--model=m"], "--input, --file_list or both. Received: neither"),
        (
            ["embed", "--output_dir=o", "--model=m", "--input=i", "--", "--x"],
            "Received: ['--x'] without --runner=beam",
        ),
        (["export", "--output_dir=o", "--model=m", "--litert_input=pcm"], "litert_input=pcm"),
        (["evaluate", "--output_dir=o", "--model=m"], "Received: model=['m'], tasks=[]"),
        (["evaluate", "--output_dir=o", "--tasks=esc50"], "Received: model=[], tasks=['esc50']"),
        (["benchmark"], "Received: []"),
        (["benchmark", "stride"], "Received: ['stride']"),
        (["benchmark", "step", "input"], "Received: ['step', 'input']"),
        (["benchmark", "input"], "input needs --audio_dir, --data_dir or both"),
        (["convert", "--weights=w", "--output=o", "--mean=1"], "Received: mean"),
        (["convert", "--weights=w", "--output=.", "--mean=1", "--std=1"], "Received: output='.'"),
        (["prepare", "--output_dir=o", "--fsd50k_csv=f"], "Received: neither of these"),
        (
            ["prepare", "--output_dir=o", "--audio_dir=a", "--fsd50k_csv=f", "--audioset_csv=g"],
            "audioset_csv, fsd50k_csv",
        ),
    ],
)
def test_wrong_requests(arguments, message):
    with pytest.raises((ValueError, OSError), match=re.escape(message)):
        parse(*arguments)


def test_sound_may_come_from_a_list_alone():
    values, _ = parse("embed", "--output_dir=o", "--model=m", "--file_list=list.txt")
    assert values.file_list == "list.txt" and not values.input


def test_own_flags_stand_in_order_and_leave_out_others():
    values, _ = parse("embed", "--output_dir=o", "--model=m", "--workers=3", "--input=i")
    flags.DEFINE_string("of_another_library", None, "Something.", flag_values=values)
    own = command.own_flags(embed.COMMAND, values)
    assert [flag.name for flag in own][:4] == ["model", "input", "file_list", "output_dir"]
    assert "of_another_library" not in [flag.name for flag in own]
    assert {flag.name: flag.value for flag in own}["workers"] == 3


def test_help_names_each_flag_with_its_default_and_values():
    text = command.help_text(embed.COMMAND)
    assert text.startswith("Embeds sound files of any format, rate and length.\n")
    for flag in ("--model: The embedder", "--[no]frames: ", "--chunk_seconds: "):
        assert f"\n  {flag}" in text
    joined = re.sub(r"\s+", " ", text)
    assert "--format: <npz|parquet|tfrecord>: Kind of output" in joined and "Default: npz." in joined
    assert "Default: 30.0." in joined and "Default: true." in joined
    assert "Default: None" not in joined and "repeat this option" not in joined
    assert joined.count("Repeatable.") == 1


def test_help_shows_the_call_of_the_user(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/byola"])
    assert "    byola prepare --audio_dir" in command.help_text(prepare.COMMAND)
    monkeypatch.setattr(sys, "argv", [str(TOOLS / "prepare.py")])
    text = command.help_text(prepare.COMMAND)
    assert (
        "    python tools/prepare.py --audio_dir" in text and "    python tools/pretrain.py --corpus" in text
    )
    assert "byola " not in text
    assert command.called("check") == "python tools/check_audio.py"
    assert command.called("convert") == "python tools/convert_torch.py"


@pytest.mark.parametrize("name", COMMANDS)
def test_texts(name):
    """A help text is a sentence with a subject: it does not begin with a preposition, and it ends."""
    one = COMMANDS[name]
    assert one.name == name and one.summary.endswith(".") and len(one.summary) < 110
    assert one.interrupted.startswith("Interrupted")
    own = flags.FlagValues()
    one.define_flags(own)
    for flag in (own[flag] for flag in own):
        text = re.sub(r"^<.*?>: ", "", flag.help.split(";\n")[0])
        assert text.endswith(".") and not re.match(r"(Of|For|That|In|With|On|From|Has)\b", text), flag.name


def test_summary_ends_with_the_first_sentence():
    one = command.Command("x", "Reads a.wav, 1.5 times. Then it\nrests.", lambda _: None, lambda *_: None)
    assert one.summary == "Reads a.wav, 1.5 times."


def test_every_tool_calls_a_command_and_every_command_has_a_tool(monkeypatch):
    called = {}
    for path in TOOLS.glob("*.py"):
        (module,) = re.findall(r"command\.main\((\w+)\.COMMAND, sys\.argv\[1:\]\)", path.read_text())
        one = importlib.import_module(f"byola_keras.commands.{module}").COMMAND
        monkeypatch.setattr(sys, "argv", [str(path)])
        called[one.name] = command.called(one.name)
        assert called[one.name] == f"python tools/{path.name}"
    assert called.keys() == COMMANDS.keys()


def test_defaults_that_also_stand_in_the_package():
    values, _ = parse("embed", "--model=m", "--output_dir=o", "--input=i")
    assert values.chunk_seconds == CHUNK_SECONDS
    assert COMMANDS["pretrain"] is pretrain.COMMAND


def test_help_to_a_reader_that_has_gone():
    reader, writer = os.pipe()
    os.close(reader)
    code = "from byola_keras.commands.main import main; main()"
    try:
        ended = subprocess.run(
            [sys.executable, "-c", code, "convert", "--help"],
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writer)
    assert ended.returncode == 0 and b"BrokenPipe" not in ended.stderr


def test_help_says_how_much_sound_an_export_compares_on():
    text = re.sub(r"\s+", " ", command.help_text(COMMANDS["export"]))
    assert f"of many files {MOST_FILES}, spread evenly, are taken, and the first {MOST_SECONDS:g} s" in text
