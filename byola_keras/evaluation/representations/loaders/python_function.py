"""A Python function of one's own from sound to embeddings."""

from byola_keras.evaluation.representations.loaders.child import Child, ChildRepresentation
from byola_keras.evaluation.representations.settings import COMMON, PYTHON, split_settings


def load_python(text: str) -> ChildRepresentation:
    """Makes the representation of MODULE:FUNCTION, with settings behind it, see `split_settings`.

    The function takes samples, a float32 array [samples] of a clip or window, full scale 1, and their sample
    rate in Hz, and returns an array or tensor [D] or [T, D]. It runs in a process of its own; the setting
    `python=PATH` names another interpreter. The common settings may also be attributes of the function; its
    attribute `weights` names files that it reads, whose content then counts for the cache.

    Raises:
        ValueError: a setting is not as it must be.
        RepresentationError: the function cannot be loaded.
    """
    settings = split_settings(text, (PYTHON,))
    module, _, function = settings.place.rpartition(":")
    if not module or not function:
        raise ValueError(f"`python` must be MODULE:FUNCTION. Received: {text!r}")
    arguments = [module, function, settings.common.get("sample_rate"), settings.arguments()["sample_rate"]]
    child = Child("python", arguments, settings.others.get(PYTHON))
    about = child.start()
    weights = about.pop("weights")
    found = {name: about.get(name) for name in COMMON}
    arguments = settings.arguments(**{**found, "name": found["name"] or f"{module}.{function}"})
    return ChildRepresentation(child, about, function, weights, **arguments)
