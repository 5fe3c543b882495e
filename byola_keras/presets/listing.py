"""The presets that are there, as text."""

import json
import os

from byola_keras.models.preset import SHIPPED_FOLDER, names_in, preset_folders


def list_presets() -> str:
    """A line for each preset of the package and of the user's folders, below the folder that it is in."""
    lines = []
    for folder in [SHIPPED_FOLDER, *preset_folders()]:
        names = names_in(folder)
        where = "the package" if folder == SHIPPED_FOLDER else folder
        lines.append(f"In {where}:{'' if names else ' none'}")
        lines += [f"  {name}: {_facts(os.path.join(folder, name))}" for name in names]
    return "\n".join(lines)


def _facts(folder):
    """Size and, as far as the model card says them, features and the beginning of its summary."""
    size = sum(entry.stat().st_size for entry in os.scandir(folder) if entry.is_file())
    facts = f"{size / 1e6:.1f} MB"
    try:
        with open(os.path.join(folder, "model_card.json"), encoding="utf-8") as file:
            card = json.load(file)
        # The rest of the summary is long, and stands in the card.
        first, end, _ = card["card"].get("summary", "").partition(". ")
        return f"{facts}, {card['embedding_size']:,} features. {first}{end}".strip()
    except (OSError, ValueError, KeyError):
        # Every other file than configuration and weights may be missing.
        return facts + "."
