"""What the model card of a preset says of its sound, from the manifest of a free corpus."""

import json
from typing import Any


def describe_sound(path: str) -> dict[str, Any]:
    """Reads a `manifest.json` of `byola free_sounds`.

    Returns:
        "sound": hours by kind and in all; "sound_by_licence": hours by licence; "sound_by_package": a row for
        each package that gave sound.

    Raises:
        FileNotFoundError: it is not there.
        ValueError: it is another file.
    """
    with open(path, encoding="utf-8") as file:
        try:
            manifest = json.load(file)
            hours, packages = manifest["hours"], manifest["packages"]
            rows = [_row(package) for package in packages if any(package["licences"].values())]
            licences = manifest["licences"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                "`manifest` must be the manifest.json of a corpus of `byola free_sounds`. Received: "
                f"manifest={path!r} ({type(error).__name__}: {error})"
            ) from error
    return {
        "sound": {
            **{f"hours of {kind}": f"{number:.2f}" for kind, number in hours.items()},
            "hours in all": f"{sum(hours.values()):.2f}",
        },
        "sound_by_licence": {licence: f"{number:.2f} h" for licence, number in licences.items()},
        "sound_by_package": rows,
    }


def _row(package):
    hours = {kind: kept["hours"] for kind, kept in package["kept"].items() if kept["hours"]}
    return {
        "package": package["package"],
        "version": package["version"],
        "hours": ", ".join(f"{number:.2f} {kind}" for kind, number in hours.items()),
        "licences": ", ".join(f"{name} ({number:.2f} h)" for name, number in package["licences"].items()),
    }
