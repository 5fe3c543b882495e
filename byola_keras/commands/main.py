"""The console script `byola`: a command by its name."""

import difflib
import sys

from byola_keras.commands import (
    ablate,
    benchmark,
    check,
    classify,
    command,
    convert,
    embed,
    evaluate,
    explore,
    export,
    free_sounds,
    listen,
    make_preset,
    prepare,
    presets,
    pretrain,
    probe_notes,
    render_notes,
    search,
)

COMMANDS = {
    module.COMMAND.name: module.COMMAND
    for module in (
        check,
        free_sounds,
        prepare,
        pretrain,
        evaluate,
        classify,
        listen,
        embed,
        search,
        explore,
        export,
        make_preset,
        presets,
        convert,
        ablate,
        benchmark,
        render_notes,
        probe_notes,
    )
}


def main() -> None:
    """Runs the command that the first argument names."""
    name, *arguments = sys.argv[1:] or ["--help"]
    if name in ("--help", "-help", "-h", "help"):
        command.print_to_reader(_list())
        return
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        sys.exit(f"error: The first argument must be a command. Received: {name!r}.{hint}\n\n{_list()}")
    command.main(COMMANDS[name], arguments)


def _list():
    width = max(map(len, COMMANDS))
    lines = ["byola NAME [flags], where NAME is one of these (byola NAME --help shows its flags):", ""]
    return "\n".join(lines + [f"  {name:<{width}}  {one.summary}" for name, one in COMMANDS.items()])
