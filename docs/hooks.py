"""What the site has beside its pages: the help of every command, as the commands themselves print it."""

from byola_keras.commands.command import help_text
from byola_keras.commands.main import COMMANDS


def on_page_markdown(markdown, page, config, files):
    """Puts the help of all commands where a page asks for it."""
    del page, config, files
    return markdown.replace("{{ commands }}", _commands())


def _commands():
    return "\n\n".join(
        f"## byola {name}\n\n```text\n{help_text(command)}\n```" for name, command in COMMANDS.items()
    )
