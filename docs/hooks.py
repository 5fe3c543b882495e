"""What the site has beside its pages: the help of every command, and the notebooks."""

import pathlib

import jupytext
from mkdocs.structure.files import File

from byola_keras.commands.command import help_text
from byola_keras.commands.main import COMMANDS


def on_files(files, config):
    """Adds a page for each notebook, which is a script in the percent format."""
    for path in sorted(pathlib.Path(config.docs_dir, "notebooks").glob("*.py")):
        files.remove(files.get_file_from_path(f"notebooks/{path.name}"))
        page = jupytext.writes(jupytext.read(path), fmt="md").split("---\n", 2)[2]
        files.append(File.generated(config, f"notebooks/{path.stem}.md", content=page))
    return files


def on_page_markdown(markdown, page, config, files):
    """Puts the help of all commands where a page asks for it."""
    del page, config, files
    return markdown.replace("{{ commands }}", _commands())


def _commands():
    return "\n\n".join(
        f"## byola {name}\n\n```text\n{help_text(command)}\n```" for name, command in COMMANDS.items()
    )
